"""What every test has: profiles, marks, real databases, and the gate that every rule of the catalogue has a test."""

import os
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import backends
from backends import (  # noqa: F401 - fixtures
    database_url,
    mariadb_url,
    postgresql_url,
    shared_database_url,
    sqlite_url,
)
from csdomain.kernel.rules import Rule
from rule_catalogue import find_rules

ROOT = Path(__file__).resolve().parent.parent
IN_CI = bool(os.environ.get("CI"))

settings.register_profile(
    "default",
    max_examples=40,  # `make deep` tries fifty times as many
    deadline=None,
    derandomize=IN_CI,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", settings.get_profile("default"), max_examples=20)
settings.register_profile("deep", settings.get_profile("default"), max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


# --- marks ------------------------------------------------------------------------------------------------------------


def rule_ids(item: pytest.Item) -> list[str]:
    """The rules that a test is marked with. Raises ``UsageError`` for anything but a Rule or an id."""
    ids = []
    for mark in item.iter_markers("rule"):
        for given in mark.args:
            if isinstance(given, Rule):
                ids.append(given.id)
            elif isinstance(given, str):
                ids.append(given)
            else:
                raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.rule takes rules or ids, not {given!r}")
        if not mark.args or mark.kwargs:
            raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.rule takes one or more rules and nothing else")
    return ids


#: Real processes that are killed, servers that restart, many clerks at once: `make faults` runs them.
FAULTS = frozenset(
    {"test_processes.py", "test_server_restarts.py", "test_lost_connections.py", "test_busy.py", "test_many_clerks.py"}
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name in FAULTS:
            item.add_marker("faults")
        item.user_properties.extend(("rule", rule) for rule in rule_ids(item))


# --- the run ----------------------------------------------------------------------------------------------------------


def is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def incomplete(declared: Mapping[str, Rule], cited: AbstractSet[str], used: AbstractSet[str]) -> Iterator[str]:
    """What a full run lacks: a rule without a test, a mark that no rule stands behind, a backend that no test used."""
    for rule in declared.keys() - cited:
        yield f"rule {rule} has no test marked with it: {declared[rule].sentence}"
    for rule in cited - declared.keys():
        yield f"a test is marked with {rule}, which no code declares"
    for backend in set(backends.BACKENDS) - used:
        yield f"no test used the backend {backend}"


class Whole:
    """Watches one run from its main process: which rules its tests cited, which backends they used."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.run = backends.Run()
        self.cited: set[str] = set()
        self.lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and not report.skipped:
            self.cited.update(str(value) for name, value in report.user_properties if name == "rule")

    def is_full(self, session: pytest.Session) -> bool:
        """Whether nothing was left out of this run but the tests marked `deep`."""
        options = self.config.option
        whole = {ROOT, ROOT / "tests"}
        chosen = [(self.config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in self.config.args]
        return (
            all(path in whole for path in chosen)
            and not any("::" in arg for arg in self.config.args)
            and options.markexpr in ("", "not deep and not faults", "deep or faults or not deep")
            and not options.keyword
            and not options.collectonly
            and not options.deselect
            and not options.ignore
            and not options.ignore_glob
            and not getattr(options, "lf", False)
            and not getattr(options, "stepwise", False)
            and not session.shouldstop
            and not session.shouldfail
        )

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.is_full(session):
            return
        try:
            self.lines = sorted(incomplete(find_rules(), self.cited, backends.used(self.run.folder)))
        except Exception as error:  # noqa: BLE001 - a module that cannot be imported, a rule declared twice
            self.lines = [f"the rules cannot be read: {type(error).__name__}: {error}"]
        if self.lines and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        ran = [name for name in backends.BACKENDS if name in backends.used(self.run.folder)]
        terminalreporter.write_line("backends: " + (", ".join(map(backends.described, ran)) or "none needed"))
        for line in backends.left_out():
            terminalreporter.write_line(line, yellow=True)
        if self.lines:
            terminalreporter.section("the run is not complete", red=True)
            for line in self.lines:
                terminalreporter.write_line(line, red=True)

    def pytest_unconfigure(self) -> None:
        self.run.close()


def pytest_configure(config: pytest.Config) -> None:
    if not is_worker(config):
        config.pluginmanager.register(Whole(config), "csdomain-whole")


def pytest_report_header() -> str:
    profile = os.environ.get("HYPOTHESIS_PROFILE", "default")
    return f"csdomain: hypothesis profile {profile}; databases are started when a test needs one"


@pytest.fixture(autouse=True)
def _no_leftovers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's shell reaches the code under test."""
    for name in list(os.environ):
        if name.startswith("CSDOMAIN_") and not name.startswith("CSDOMAIN_TEST_"):
            monkeypatch.delenv(name)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):  # the command would answer in Chinese
        if os.environ.get(name, "").startswith("zh"):
            monkeypatch.setenv(name, "C.UTF-8")
