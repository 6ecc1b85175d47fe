"""Mutation testing: changes the code in one place, runs the tests that belong to it, and counts what they notice.

Usage: python tools/mutate.py PART… [--sample N --seed S] [--survivors] [--jobs N]

A part is a table of `tests/mutants/parts.toml`: its modules, its tests, and the share in percent that must be killed.
The tests run once, unchanged, and each is noted with its time and the lines it reaches. Then every mutant runs in a
forked process that imports the changed module in place of the file's; first the tests that reach the changed line,
those that killed neighbours before others and short ones before long ones; then all others that reach the module. A
mutant is killed when a test fails, when it cannot be imported, or when a test takes more than many times its time.

Hypothesis draws the same examples every time (CI=1, HYPOTHESIS_PROFILE=dev unless set) and does not shrink; sets have
one order (PYTHONHASHSEED=0 unless set). Results are in `mutants/PART.jsonl`; what stands there for the same code and
tests is not run again. `--survivors` keeps also what was killed by earlier tests. `tests/mutants/equivalent.toml` lists
survivors that no test can kill, each with a reason. Exit 1 when less is killed than the part demands, listed ones not
left out, or when an entry of that list fits no mutant.
"""

import argparse
import contextlib
import difflib
import gc
import hashlib
import importlib
import importlib.machinery
import importlib.util
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import hypothesis
import pytest

from mutations import Mutant, mutants_of

#: A test may take this many times what it took unchanged, and at least the seconds of the processor of `--seconds`.
TIMES_SLOWER: Final = 20
LOADING_SECONDS: Final = 60
WALL_TO_PROCESSOR: Final = 60
MORE_MEMORY: Final = 2 << 30


# --- parts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A module of a part."""

    name: str
    path: Path
    text: str


@dataclass(frozen=True)
class Part:
    """What is mutated, and what is to notice.

    `beside` are modules that import none of the mutated ones, so that they need not be loaded once for each mutant;
    `without` names tests that are left out, as `pytest -k` does (those on servers repeat others). `state` is the hash
    of the tests and of all code that is not mutated.
    """

    name: str
    root: Path
    at_least: int
    sources: tuple[Source, ...]
    tests: tuple[str, ...]
    beside: tuple[str, ...]
    without: str
    state: str

    @property
    def folder(self) -> Path:
        """Where results are kept; not in the repository."""
        return self.root / "mutants"


def read_part(root: Path, name: str) -> Part:
    """Raises SystemExit where there is no such part."""
    table = tomllib.loads((root / "tests/mutants/parts.toml").read_text("utf-8"))
    if name not in table:
        raise SystemExit(f"no part {name!r}; there are {', '.join(table)}")
    paths = sorted(path for pattern in table[name]["modules"] for path in root.glob(pattern))
    sources = tuple(Source(_module(path.relative_to(root)), path, path.read_text("utf-8")) for path in paths)
    beside = sorted({*root.glob("src/**/*.py"), *root.glob("tests/*.py")} - set(paths))
    for test in table[name]["tests"]:
        beside += sorted((root / test).parent.glob("*.py") if test.endswith(".py") else (root / test).glob("**/*.py"))
    state = hashlib.sha256(b"\0".join(path.read_bytes() for path in beside)).hexdigest()[:16]
    return Part(
        name,
        root,
        table[name]["at_least"],
        sources,
        tuple(table[name]["tests"]),
        tuple(table[name].get("beside", ())),
        table[name].get("without", ""),
        state,
    )


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass
class Case:
    """A mutant with its place in a part, and how it went."""

    source: Source
    mutant: Mutant
    before: str = ""
    after: str = ""
    id: str = ""
    killed: bool | None = None
    by: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        changed = self.mutant.applied(self.source.text)
        lines = list(difflib.ndiff(self.source.text.splitlines(), changed.splitlines()))
        self.before, self.after = ("\n".join(line[2:] for line in lines if line.startswith(s)) for s in ("- ", "+ "))
        unique = (self.source.text, self.mutant.start, self.mutant.end, self.mutant.text)
        self.id = hashlib.sha256(repr(unique).encode()).hexdigest()[:16]

    def shown(self, root: Path) -> str:
        """Place and difference."""
        where = f"{self.source.path.relative_to(root)}:{self.mutant.first} {self.mutant.scope} ({self.mutant.kind})"
        return "\n".join(
            [
                where,
                *(f"  - {line}" for line in self.before.splitlines()),
                *(f"  + {line}" for line in self.after.splitlines()),
            ]
        )

    @property
    def key(self) -> tuple[str, str, str]:
        """As the list of equivalent ones names it: module, lines before, lines after."""
        return (self.source.name, _stripped(self.before), _stripped(self.after))


def _stripped(lines: str) -> str:
    return "\n".join(line.strip() for line in lines.strip().splitlines())


def cases_of(part: Part) -> list[Case]:
    """Every mutant of every module of the part."""
    return [Case(source, mutant) for source in part.sources for mutant in mutants_of(source.text)]


# --- the tests, once, unchanged ---------------------------------------------------------------------------------------


@dataclass
class Reached:
    """A test: its seconds, and the lines that it reaches in each module of the part."""

    seconds: float
    lines: dict[str, set[int]] = field(default_factory=dict)


class Recorder:
    """Notes for each test which lines of the part's modules it reaches."""

    def __init__(self, part: Part) -> None:
        self.names = {str(source.path): source.name for source in part.sources}
        self.now = Reached(0)
        self.tests: dict[str, Reached] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.now = self.tests[item.nodeid] = Reached(0)
        began = time.process_time()
        sys.settrace(self._call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.now.seconds = time.process_time() - began

    def _call(self, frame: FrameType, event: str, arg: object) -> Callable[[FrameType, str, object], Any] | None:
        name = self.names.get(frame.f_code.co_filename)
        if name is None:
            return None
        lines = self.now.lines.setdefault(name, set())
        lines.add(frame.f_lineno)

        def line(frame: FrameType, event: str, arg: object) -> Callable[[FrameType, str, object], Any]:
            lines.add(frame.f_lineno)
            return line

        return line


def record(part: Part) -> dict[str, Reached]:
    """The tests of a part by node id, from a process of their own. Raises SystemExit where one fails as it is."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"

        def work() -> int:
            recorder = Recorder(part)
            code = _pytest(part, part.tests, recorder)
            tests = {k: [t.seconds, {m: sorted(s) for m, s in t.lines.items()}] for k, t in recorder.tests.items()}
            outside = [name for name, module in list(sys.modules.items()) if _is_library(module, part.root)]
            report.write_text(json.dumps([tests, outside]))
            return code

        pid = _fork(work, quiet=False)
        if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
            raise SystemExit(f"{part.name}: the tests fail without any change (pytest ended with {status})")
        tests, outside = json.loads(report.read_text())
    # The servers have ended with the process that started them: in a mutant's such a test fails, whatever was changed.
    if served := [test for test in tests if "postgresql" in test or "mariadb" in test]:
        raise SystemExit(f"{part.name}: {served[0]} needs a server; name it in `without`")
    _load(part, outside)
    return {k: Reached(seconds, {m: set(lines) for m, lines in by.items()}) for k, (seconds, by) in tests.items()}


def _load(part: Part, outside: Iterable[str]) -> None:
    """Load what every child would have to load. Raises SystemExit where that loads what is to be mutated."""
    sys.path[:0] = [str(part.root / "src"), str(part.root / "adapters")]
    for name in outside:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for name in part.beside:
        importlib.import_module(name)
    if loaded := [source.name for source in part.sources if source.name in sys.modules]:
        raise SystemExit(f"{part.name}: {', '.join(part.beside)} load {', '.join(loaded)}, which is to be mutated")
    gc.collect()
    gc.freeze()


def _is_library(module: object, root: Path) -> bool:
    path = getattr(module, "__file__", None)
    return isinstance(path, str) and not any(
        Path(path).is_relative_to(root / own) for own in ("src", "adapters", "tests")
    )


# --- a mutant in its process ------------------------------------------------------------------------------------------


class _Changed(importlib.machinery.SourceFileLoader):
    """Finds and loads one module with another source than its file's."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.source.name, str(case.source.path))
        self.case = case

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.case.mutant.applied(self.case.source.text), self.path, "exec", dont_inherit=True)


class Chosen:
    """Runs the tests in the given order, each with a limit on its time, and notes which one runs and which fails."""

    def __init__(self, order: Sequence[str], tests: dict[str, Reached], report: Path, least_seconds: float) -> None:
        self.least_seconds = least_seconds
        self.place = {test: i for i, test in enumerate(order)}
        self.tests = tests
        self.report = report.open("w", buffering=1)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # A test nobody knows has a parameter that the change has renamed: it runs last.
        new = len(self.place)
        items[:] = [item for item in items if item.nodeid in self.place or item.nodeid not in self.tests]
        items.sort(key=lambda item: self.place.get(item.nodeid, new))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self.report.write(f"{item.nodeid}\n")
        known = self.tests.get(item.nodeid)
        _limit(max(self.least_seconds, TIMES_SLOWER * known.seconds if known else 0))


class _Quick:
    """Neither shrinks nor explains: one failure is enough."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        hypothesis.settings.register_profile(
            "mutants", hypothesis.settings(), phases=phases, report_multiple_bugs=False
        )
        hypothesis.settings.load_profile("mutants")


def _limit(seconds: float) -> None:
    """End this process by a signal when it has used that much of the processor, or waited many times as long."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * WALL_TO_PROCESSOR)


def _pytest(part: Part, tests: Iterable[str], plugin: object) -> int:
    os.chdir(part.root)
    sys.path[:0] = [str(part.root / "src"), str(part.root / "adapters")]
    options = ["-x", "-q", "-s", "--tb=no", "--assert=plain"]
    for plugin_ in ("cacheprovider", "xdist", "unraisableexception", "threadexception"):
        options += ["-p", f"no:{plugin_}"]
    if part.without:
        options += ["-k", f"not ({part.without})"]
    return int(pytest.main([*options, f"--rootdir={part.root}", *tests], plugins=[plugin, _Quick()]))


def _fork(work: Callable[[], int], *, quiet: bool = True) -> int:
    """The id of a child that does `work` and ends with what it returns."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        if quiet:
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
        code = work()
    finally:
        os._exit(code)


def start(
    part: Part, case: Case, order: Sequence[str], tests: dict[str, Reached], folder: Path, least_seconds: float
) -> int:
    """Run one mutant in a child; its id."""

    def work() -> int:
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MORE_MEMORY, hard))
        _limit(LOADING_SECONDS)
        sys.meta_path.insert(0, _Changed(case))
        files = list(dict.fromkeys(test.split("::")[0] for test in order))
        return _pytest(part, files, Chosen(order, tests, folder / "report", least_seconds))

    return _fork(work)


def judge(case: Case, status: int, folder: Path) -> None:
    """Whether the mutant was killed, and by what, from how its process ended."""
    report = folder / "report"
    ran = report.read_text().splitlines() if report.exists() else []
    last = ran[-1] if ran else ""
    code = os.waitstatus_to_exitcode(status)
    case.killed = code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if code == pytest.ExitCode.TESTS_FAILED:
        case.by = last
    elif case.killed:
        case.by = f"no end: {last}" if code in (-signal.SIGPROF, -signal.SIGALRM) and last else "cannot be loaded"


# --- a part -----------------------------------------------------------------------------------------------------------


class Order:
    """Which tests a mutant meets, and in what order."""

    def __init__(self, tests: dict[str, Reached]) -> None:
        self.tests = tests
        self.kills: Counter[tuple[str, str]] = Counter()

    def of(self, case: Case) -> list[str]:
        mutant, module = case.mutant, case.source.name
        lines, scope = set(range(mutant.first, mutant.last + 1)), f"{module}.{mutant.scope}"

        def key(test: str) -> tuple[bool, int, float]:
            reached = self.tests[test]
            here = mutant.at_import or not lines.isdisjoint(reached.lines.get(module, ()))
            return not here, -self.kills[test, scope], reached.seconds

        met = (test for test, reached in self.tests.items() if mutant.at_import or module in reached.lines)
        return sorted(met, key=key)

    def learn(self, case: Case) -> None:
        self.kills[case.by, f"{case.source.name}.{case.mutant.scope}"] += 1


def run(
    part: Part, cases: Sequence[Case], jobs: int, least_seconds: float, said: Callable[[Sequence[Case]], None]
) -> None:
    """Judge the cases that have not been judged yet; each is written down as soon as it is."""
    waiting = [case for case in cases if case.killed is None]
    if not waiting:
        return
    began = time.monotonic()
    tests = record(part)
    spent = time.monotonic() - began
    print(f"{part.name}: {len(tests)} tests pass unchanged and traced in {spent:.0f} s", flush=True)
    order = Order(tests)
    running: dict[int, tuple[Case, Path, float]] = {}
    part.folder.mkdir(exist_ok=True)
    with (part.folder / f"{part.name}.jsonl").open("a", encoding="utf-8") as results:
        while waiting or running:
            while waiting and len(running) < jobs:
                case, folder = waiting.pop(0), Path(tempfile.mkdtemp(prefix="mutant-"))
                running[start(part, case, order.of(case), tests, folder, least_seconds)] = (
                    case,
                    folder,
                    time.monotonic(),
                )
            pid, status = os.wait()
            case, folder, began = running.pop(pid)
            judge(case, status, folder)
            shutil.rmtree(folder, ignore_errors=True)
            case.seconds = round(time.monotonic() - began, 2)
            order.learn(case)
            row = {
                "id": case.id, "state": part.state, "module": case.source.name, "line": case.mutant.first,
                "scope": case.mutant.scope, "kind": case.mutant.kind, "before": case.before, "after": case.after,
                "killed": case.killed, "by": case.by, "seconds": case.seconds,
            }  # fmt: skip
            results.write(json.dumps(row, ensure_ascii=False) + "\n")
            results.flush()
            said(cases)


def recall(part: Part, cases: Iterable[Case], *, also_killed_before: bool) -> int:
    """Take over what an earlier run found for the same code and tests; how many of other tests' kills were taken."""
    path = part.folder / f"{part.name}.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    now = {row["id"]: row for row in rows if row["state"] == part.state}
    before = {row["id"]: row for row in rows if row["killed"]} if also_killed_before else {}
    taken = 0
    for case in cases:
        row = now.get(case.id) or before.get(case.id)
        if row is not None:
            case.killed, case.by, case.seconds = row["killed"], row["by"], row["seconds"]
            taken += case.id not in now
    return taken


def listed(root: Path) -> dict[tuple[str, str, str], str]:
    """The reasons of the mutants that no test can kill."""
    path = root / "tests/mutants/equivalent.toml"
    rows = tomllib.loads(path.read_text("utf-8")).get("equivalent", []) if path.exists() else []
    return {(row["module"], _stripped(row["before"]), _stripped(row["after"])): row["reason"] for row in rows}


def report(part: Part, cases: Sequence[Case], *, whole: bool) -> bool:
    """Say how it went; whether it is enough."""
    reasons = {key: why for key, why in listed(part.root).items() if key[0] in {s.name for s in part.sources}}
    survivors = [case for case in cases if not case.killed]
    open_, equivalent = ([c for c in survivors if (c.key in reasons) is known] for known in (False, True))
    for case in survivors:
        print(case.shown(part.root))
        if case.key in reasons:
            print(f"  equivalent: {reasons[case.key]}")
    stale = sorted(set(reasons) - {case.key for case in survivors}) if whole else []
    for module, before, after in stale:
        print(f"listed as equivalent, yet killed or no mutant: {module}\n  - {before}\n  + {after}")
    for source in part.sources:
        of = [case for case in cases if case.source is source]
        if of:
            print(f"  {source.name}: {sum(bool(c.killed) for c in of)} of {len(of)} killed")
    killed, total = len(cases) - len(survivors), len(cases)
    percent, less = (100 * killed / n if n else 100.0 for n in (total, total - len(equivalent)))
    endless = sum(case.by.startswith("no end") for case in cases)
    unloaded = sum(case.by == "cannot be loaded" for case in cases)
    enough = percent >= part.at_least and not stale
    print(
        f"{part.name}: {killed} killed ({endless} without end, {unloaded} not loadable), {len(open_)} survived, "
        f"{len(equivalent)} listed as equivalent, {total} in all: {percent:.1f} %, without the listed {less:.1f} %; "
        f"at least {part.at_least} %: {'ok' if enough else 'MISSED'}"
    )
    return enough


def progress(part: Part, every: int) -> Callable[[Sequence[Case]], None]:
    def said(cases: Sequence[Case]) -> None:
        done = [case for case in cases if case.killed is not None]
        if len(done) % every == 0 or len(done) == len(cases):
            killed = sum(bool(case.killed) for case in done)
            print(f"{part.name}: {len(done)}/{len(cases)}, {killed} killed, {len(done) - killed} survived", flush=True)

    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="+", help="see tests/mutants/parts.toml")
    parser.add_argument("--sample", type=int, metavar="N", help="only N mutants of each part, drawn by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--survivors", action="store_true", help="what was killed before is not run again")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--seconds", type=float, default=6, help="what the shortest test may take before it is ended")
    parser.add_argument("--every", type=int, default=50, help="say how far it is after so many")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    if "PYTHONHASHSEED" not in os.environ:  # sets have the same order every time; read when Python starts
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606
    os.environ.setdefault("HYPOTHESIS_PROFILE", "dev")
    os.environ["CI"] = "1"  # the same examples every time
    os.environ["CSDOMAIN_TEST_BACKENDS"] = "memory,sqlite"
    sys.dont_write_bytecode = False  # compiled tests are loaded hundreds of times
    if len(options.part) > 1:  # what one part has loaded, the next may change
        rest = [argument for argument in sys.argv[1:] if argument not in options.part]
        ran = [subprocess.run([sys.executable, sys.argv[0], name, *rest], check=False) for name in options.part]
        return max(done.returncode for done in ran)
    (name,) = options.part
    part = read_part(options.root.resolve(), name)
    cases = cases_of(part)
    whole = options.sample is None or options.sample >= len(cases)
    if not whole:
        chosen = random.Random(options.seed).sample(range(len(cases)), options.sample)  # noqa: S311
        print(f"{name}: {options.sample} of {len(cases)} mutants, seed {options.seed}")
        cases = [cases[i] for i in sorted(chosen)]
    if taken := recall(part, cases, also_killed_before=options.survivors):
        print(f"{name}: {taken} killed by earlier tests, not run again")
    run(part, cases, options.jobs, options.seconds, progress(part, options.every))
    return 0 if report(part, cases, whole=whole) else 1


if __name__ == "__main__":
    raise SystemExit(main())
