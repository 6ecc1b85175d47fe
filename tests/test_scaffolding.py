"""The tests' own machinery: databases are real, fresh and gone afterwards; a run that is not complete fails."""

import contextlib
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

import backends
import generate_reference
import rule_catalogue
import servers
from csdomain.complaints.lifecycle import COMPLAINT_MOVES
from csdomain.kernel.rules import MONEY, Rule

ROOT = Path(__file__).resolve().parent.parent
REAL = backends.SQL


def tables(url: str) -> list[str]:
    engine = sa.create_engine(url)
    try:
        return sa.inspect(engine).get_table_names()
    finally:
        engine.dispose()


def execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def count(url: str, table: str) -> int:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one()
    engine.dispose()
    return found


# --- databases --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", REAL)
def test_a_database_is_fresh_and_its_own(backend: str, database_url: Callable[[str], str]) -> None:
    one, two = database_url(backend), database_url(backend)
    execute(one, "create table t (i integer)")
    assert tables(one) == ["t"]
    assert tables(two) == []


def test_memory_has_an_address_too(database_url: Callable[[str], str]) -> None:
    assert database_url("memory") == "memory://"


def test_an_unknown_backend_is_refused(database_url: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="no backend 'oracle'"):
        database_url("oracle")


def test_postgresql_speaks_utf8_and_lives_in_another_zone(postgresql_url: str) -> None:
    with psycopg.connect(servers.plain(postgresql_url)) as connection:
        assert connection.execute("show server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("show timezone").fetchone() == ("Asia/Tokyo",)
        assert connection.execute("select upper('é')").fetchone() == ("É",)


@pytest.mark.parametrize("backend", REAL)
def test_clear_empties_every_table_but_the_version(backend: str, database_url: Callable[[str], str]) -> None:
    url = database_url(backend)  # not the shared one, which other tests have filled
    execute(
        url,
        "create table parent (i integer primary key)",
        "create table child (i integer references parent (i))",
        "create table csd_alembic_version (i integer)",
        "insert into parent values (1)",
        "insert into child values (1)",
        "insert into csd_alembic_version values (1)",
    )
    backends.clear(url)
    assert [count(url, t) for t in ("parent", "child", "csd_alembic_version")] == [0, 0, 1]


RUN_OF_ITS_OWN = textwrap.dedent(
    """
    import pathlib, sys, time
    import backends, sqlalchemy as sa
    run = backends.Run()
    for backend in sys.argv[2].split():
        engine = sa.create_engine(backends.create_database(backend=backend))
        with engine.connect() as connection:
            connection.execute(sa.text("select 1"))
        engine.dispose()
    print(run.folder, flush=True)
    if sys.argv[1] == "hang":
        time.sleep(60)
    run.close()
    """
)


def start_run(how: str, *needed: str, **environment: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CSDOMAIN_TEST_")}
    return subprocess.Popen(
        [sys.executable, "-c", RUN_OF_ITS_OWN, how, " ".join(needed or ("postgresql",))],
        env={**clean, "PYTHONPATH": str(ROOT / "tests"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def running(folder: Path) -> list[str]:
    """The processes that were started with something in ``folder`` on their command line."""
    lines: list[str] = []
    if Path("/proc/self/cmdline").exists():  # a small machine has no `ps`
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # it may have ended meanwhile
                lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    else:
        lines = subprocess.run(
            ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
    return [line for line in lines if str(folder) in line]


def gone(folder: Path) -> bool:
    """Whether, after a moment, neither the folder nor a process that has to do with it is there."""
    ends = time.monotonic() + 20
    while (left := folder.exists() or running(folder)) and time.monotonic() < ends:
        time.sleep(0.05)
    return not left


def test_the_server_of_the_wheel_goes_with_its_run() -> None:
    run = start_run("end", CSDOMAIN_TEST_POSTGRESQL_SERVER="wheel")
    out, err = run.communicate(timeout=120)
    assert run.returncode == 0, err
    assert gone(Path(out.strip()))


def test_servers_go_with_a_run_that_ends() -> None:
    run = start_run("end", *backends.SERVERS)
    out, err = run.communicate(timeout=120)
    assert run.returncode == 0, err
    assert gone(Path(out.strip()))


def test_servers_go_with_a_run_that_is_killed() -> None:
    with start_run("hang", *backends.SERVERS) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        assert all((folder / f"{server}.json").exists() for server in backends.SERVERS)
        assert len(running(folder)) >= 2 * len(backends.SERVERS)
        run.kill()
    assert gone(folder)


def test_a_missing_server_is_an_error_and_not_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "system_binaries", lambda: None)
    monkeypatch.setattr(servers, "wheel_binaries", lambda: None)
    with pytest.raises(servers.BackendUnavailable, match="No PostgreSQL"):
        servers.binaries()


@pytest.fixture
def without_mariadb(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a machine that has no MariaDB."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CSDOMAIN_", "PYTEST_", "COV")) and k != "CI"}
    return {**clean, "PYTHONPATH": str(ROOT / "tests"), "CSDOMAIN_TEST_MARIADB_SERVER": "none"}


@pytest.mark.parametrize("ci", [False, True])
def test_without_a_mariadb_its_tests_are_not_there_and_the_run_says_so(
    without_mariadb: dict[str, str], ci: bool
) -> None:
    environment = {**without_mariadb, **({"CI": "true"} if ci else {})}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "tests/adapters/test_following.py",
            "-k",
            "together",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ci:
        assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
        assert "BackendUnavailable: No MariaDB: install mariadb-server" in done.stdout
    else:
        assert done.returncode == pytest.ExitCode.OK, done.stdout
        assert "mariadb: not run, no server (install mariadb-server" in done.stdout
        assert "skipped" not in done.stdout


def test_a_given_server_that_does_not_answer_is_an_error() -> None:
    run = start_run("end", CSDOMAIN_TEST_POSTGRESQL_URL="postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    _, err = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "BackendUnavailable" in err


def test_a_given_mariadb_that_does_not_answer_is_an_error() -> None:
    given = {"CSDOMAIN_TEST_MARIADB_URL": "mysql://nobody@127.0.0.1:1/none"}
    run = start_run("end", "mariadb", **given)
    _, err = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "names a server that does not answer" in err


# --- a complete run ---------------------------------------------------------------------------------------------------


def test_a_run_lacks_what_nothing_tested() -> None:
    from conftest import incomplete

    declared = {"ABC-01": Rule("ABC-01", "One.", zh="一。"), "ABC-02": Rule("ABC-02", "Two.", zh="二。")}
    assert sorted(incomplete(declared, {"ABC-01", "ABC-09"}, {"memory", "sqlite"})) == [
        "a test is marked with ABC-09, which no code declares",
        *sorted(f"no test used the backend {server}" for server in backends.SERVERS),
        "rule ABC-02 has no test marked with it: Two.",
    ]
    assert list(incomplete(declared, {"ABC-01", "ABC-02"}, set(backends.BACKENDS))) == []


SUITE = """
import pytest
from csdomain.complaints.lifecycle import COMPLAINT_MOVES
from csdomain.kernel.rules import MONEY

@pytest.mark.rule(MONEY, "KRN-03")
def test_marked() -> None:
    pass

@pytest.mark.rule("KRN-04")
def test_skipped() -> None:
    pytest.skip("not today")

@pytest.mark.deep
@pytest.mark.rule("KRN-05")
def test_deep() -> None:
    raise AssertionError("only make deep runs me")
"""


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A suite of its own under this project's settings and conftest."""
    (tmp_path / "tests").mkdir()
    for name in ("src", "tools", "pyproject.toml", "adapters"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("conftest.py", "backends.py", "servers.py"):
        (tmp_path / "tests" / name).write_text((ROOT / "tests" / name).read_text("utf-8"), "utf-8")
    (tmp_path / "tests" / "test_it.py").write_text(SUITE, "utf-8")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CSDOMAIN_", "PYTEST_", "COV"))}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_full_run_names_the_rules_without_a_test(
    suite: Callable[..., subprocess.CompletedProcess[str]], workers: str
) -> None:
    done = suite("-n", workers)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "1 passed, 1 skipped, 1 deselected" in done.stdout or "1 passed, 1 skipped" in done.stdout
    for rule, lacking in {"KRN-02": False, "KRN-03": False, "KRN-04": True, "KRN-05": True}.items():
        assert (f"rule {rule} has no test marked with it" in done.stdout) is lacking
    assert "no test used the backend postgresql" in done.stdout


@pytest.mark.parametrize("chosen", [["-k", "marked"], ["tests/test_it.py"]])
def test_a_part_of_the_tests_is_not_a_full_run(
    suite: Callable[..., subprocess.CompletedProcess[str]], chosen: list[str]
) -> None:
    done = suite(*chosen)
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert "not complete" not in done.stdout


def test_a_mark_takes_rules_only(suite: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    (tmp_path / "tests" / "test_it.py").write_text(
        "import pytest\n\n@pytest.mark.rule(3)\ndef test_x() -> None: ...\n", "utf-8"
    )
    done = suite()
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "takes rules or ids, not 3" in done.stderr


def test_marks_are_found_in_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(
        textwrap.dedent(
            """
            import pytest
            from csdomain.kernel import rules
            from csdomain.complaints.lifecycle import COMPLAINT_MOVES
            from csdomain.kernel.rules import MONEY as MINE

            pytestmark = [pytest.mark.rule("KRN-01")]

            @pytest.mark.rule(MINE.id, rules.TIME)
            def test_a(): ...

            @pytest.mark.rule("KRN-04")
            class TestB:
                @pytest.mark.rule("KRN-05")
                def test_c(self): ...

            @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rule("KRN-06"))])
            def test_d(x): ...
            """
        ),
        "utf-8",
    )
    monkeypatch.setattr(rule_catalogue, "ROOT", tmp_path)
    file = "tests/test_it.py"
    assert rule_catalogue.tests() == {
        "KRN-01": [f"{file}::TestB::test_c", f"{file}::test_a", f"{file}::test_d"],
        MONEY.id: [f"{file}::test_a"],
        "KRN-03": [f"{file}::test_a"],
        "KRN-04": [f"{file}::TestB::test_c"],
        "KRN-05": [f"{file}::TestB::test_c"],
        "KRN-06": [f"{file}::test_d"],
    }


def test_a_diagram_on_a_page_is_drawn_from_its_lifecycle() -> None:
    page = "# A\n\n<!-- drawn: {} -->\nold\n<!-- /drawn -->\n\nB\n"
    drawn = generate_reference.redrawn(page.format("complaint levels without withdraw"))
    assert drawn.startswith("# A\n\n<!-- drawn: complaint levels without withdraw -->\n\n```mermaid\nstateDiagram-v2\n")
    assert drawn.endswith("\n```\n\n<!-- /drawn -->\n\nB\n")
    lines = [line.strip() for line in drawn.splitlines()]
    assert "received --> handling: handle" in lines
    assert "settled --> [*]" in lines
    for left_out in ("old", "withdraw", "checked", "note right of", "withdrawn --> [*]"):
        assert not [line for line in lines[3:] if left_out in line], left_out
    assert generate_reference.redrawn(drawn) == drawn
    assert "signed --> taken_in: take_in" in generate_reference.redrawn(page.format("return_slip"))
    for wrong in ("no_such", "complaint sideways", "complaint without no_such"):
        with pytest.raises(rule_catalogue.CatalogueError):
            generate_reference.redrawn(page.format(wrong))


def test_a_large_diagram_leaves_to_its_table_what_would_hide_the_rest() -> None:
    departments = list(generate_reference.drawn(COMPLAINT_MOVES, "departments"))
    assert "    checked --> accepted: accept" in departments
    assert not [line for line in departments if "-> withdrawn" in line or "note right of" in line]
    assert (
        departments[-1]
        == "Not drawn: moves that stay in a state, and `renew`, `withdraw`, possible in many. See the table."
    )
    levels = list(generate_reference.drawn(COMPLAINT_MOVES, "levels"))
    assert levels == ["```mermaid", *COMPLAINT_MOVES.mermaid("levels").splitlines(), "```"]
