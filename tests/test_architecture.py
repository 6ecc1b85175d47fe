"""The architecture holds, and each of its contracts notices when it does not: each is tried on a planted violation."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONTRACTS = {contract["id"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
CORE_MAY_IMPORT = {"attrs", "attr", "cattrs", "cattr", "transitions", "dateutil"}
#: What those four import themselves.
WITH_THEM = {"six", "typing_extensions", "exceptiongroup"}


def run(command: list[str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def lint(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """import-linter on the sources of ``tree``, not on the installed ones."""
    sources = f"{tree / 'src'}{os.pathsep}{tree / 'adapters'}"
    return run([str(BIN / "lint-imports"), "--no-logo", "--no-cache", *arguments], tree, PYTHONPATH=sources)


# --- import contracts -------------------------------------------------------------------------------------------------


def test_every_contract_holds() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def first(layer: str) -> str:
    """The module of a layer, or the first of several that stand side by side: ``(case) | (model)``."""
    return layer.partition(" | ")[0].strip("()")


def inside_a_context(layers: list[str]) -> dict[str, str]:
    """In each layer a module that imports the layer above it."""
    names = [first(layer) for layer in layers]
    return {
        f"src/csdomain/planted/{lower}.py": f"from csdomain.planted import {upper}\n"
        for upper, lower in itertools.pairwise(names)
    } | {f"src/csdomain/planted/{names[0]}.py": "", "src/csdomain/planted/helpers.py": ""}


@attrs.frozen
class Planted:
    """Files that break a contract, and what its report must name."""

    files: Mapping[str, str]
    named: tuple[str, ...]


PLANTED = {
    "house": Planted(
        {
            "src/csdomain/kernel/planted.py": "from csdomain.rulebook import Section\n",
            "src/csdomain/rulebook/planted.py": "import csdomain.care.planted\n",
            "src/csdomain/care/planted.py": "import csdomain.calls.planted\n",
            "src/csdomain/calls/planted.py": "import csdomain.reporting.planted\n",
            "src/csdomain/reporting/planted.py": "import csdomain.flows.planted\n",
            "src/csdomain/flows/planted.py": "def late() -> None:\n    from csdomain.desk.planted import x\n",
            "src/csdomain/desk/planted.py": "import csdomain.testing.planted\nx = 1\n",
            "src/csdomain/testing/planted.py": "",
            "src/csdomain/helpers.py": "",
        },
        (
            "csdomain.kernel is not allowed to import csdomain.rulebook",
            "csdomain.rulebook is not allowed to import csdomain.care",
            "csdomain.care is not allowed to import csdomain.calls",
            "csdomain.calls is not allowed to import csdomain.reporting",
            "csdomain.reporting is not allowed to import csdomain.flows",
            "csdomain.flows is not allowed to import csdomain.desk",
            "csdomain.desk is not allowed to import csdomain.testing",
            "csdomain.helpers",
        ),
    ),
    "kernel": Planted(
        {
            "src/csdomain/kernel/rules/planted.py": "import csdomain.kernel.values.planted\n",
            "src/csdomain/kernel/values/planted.py": "import csdomain.kernel.calendar.planted\n",
            "src/csdomain/kernel/calendar/planted.py": "import csdomain.kernel.cases.planted\n",
            "src/csdomain/kernel/cases/planted.py": "import csdomain.kernel.papers.planted\n",
            "src/csdomain/kernel/papers/planted.py": "import csdomain.kernel.store.planted\n",
            "src/csdomain/kernel/store/planted.py": "",
            "src/csdomain/kernel/attic.py": "",
        },
        (
            "csdomain.kernel.rules is not allowed to import csdomain.kernel.values",
            "csdomain.kernel.values is not allowed to import csdomain.kernel.calendar",
            "csdomain.kernel.calendar is not allowed to import csdomain.kernel.cases",
            "csdomain.kernel.cases is not allowed to import csdomain.kernel.papers",
            "csdomain.kernel.papers is not allowed to import csdomain.kernel.store",
            "csdomain.kernel.attic",
        ),
    ),
    "circles": Planted(
        {
            "src/csdomain/care/one.py": "def late() -> None:\n    import csdomain.care.two\n",
            "src/csdomain/care/two.py": "import csdomain.care.three\nimport csdomain.care.apart\n",
            "src/csdomain/care/three.py": (
                "import typing\nif typing.TYPE_CHECKING:\n    from csdomain.care.one import x\n"
            ),
            "src/csdomain/care/apart.py": "",
        },
        ("import each other in a circle: csdomain.care.one, csdomain.care.three, csdomain.care.two",),
    ),
    "context": Planted(
        inside_a_context(CONTRACTS["context"]["layers"]),
        (
            *(
                f"csdomain.planted.{first(lower)} is not allowed to import csdomain.planted.{first(upper)}"
                for upper, lower in zip(
                    CONTRACTS["context"]["layers"], CONTRACTS["context"]["layers"][1:], strict=False
                )
            ),
            "csdomain.planted.helpers",
        ),
    ),
    "adapters-on-core": Planted(
        {"src/csdomain/kernel/planted.py": "def late() -> None:\n    import csdomain_adapters\n"},
        ("csdomain is not allowed to import csdomain_adapters",),
    ),
    "adapters-apart": Planted(
        {
            "adapters/csdomain_adapters/planted_one.py": "import csdomain_adapters.planted_two\n",
            "adapters/csdomain_adapters/planted_two/inner.py": "import csdomain_adapters.system\n",
            "adapters/csdomain_adapters/system.py": "def late():\n    import csdomain_adapters.planted_two.inner\n",
        },
        (
            "csdomain_adapters.planted_one is not allowed to import csdomain_adapters.planted_two",
            "csdomain_adapters.system is not allowed to import csdomain_adapters.planted_two",
        ),
    ),
    "core-packages": Planted(
        {
            "src/csdomain/kernel/planted.py": "import sqlalchemy.orm\n",
            "src/csdomain/rulebook/planted.py": "def late() -> None:\n    import requests\n",
            "src/csdomain/care/planted.py": "import typing\nif typing.TYPE_CHECKING:\n    import django.db\n",
            "src/csdomain/calls/planted.py": "import hypothesis\n",
        },
        (
            "csdomain.kernel.planted imports sqlalchemy",
            "csdomain.rulebook.planted imports requests",
            "csdomain.care.planted imports django",
            "csdomain.calls.planted imports hypothesis",
        ),
    ),
    "testing-packages": Planted(
        {"src/csdomain/testing/planted.py": "import hypothesis\nimport sqlalchemy\n"},
        ("csdomain.testing.planted imports sqlalchemy",),
    ),
}


def test_each_contract_is_tried_on_a_violation() -> None:
    assert PLANTED.keys() == CONTRACTS.keys()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_notices_a_violation(contract: str, tmp_path: Path) -> None:
    for folder in ("src", "adapters"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "contracts.py", tmp_path / "tools")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, text in PLANTED[contract].files.items():
        path = tmp_path / name
        if path.parent.with_suffix(".py").exists():  # a module where the violation wants a package
            path.parent.mkdir()
            path.parent.with_suffix(".py").rename(path.parent / "__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text, "utf-8")
    done = lint(tmp_path, "--contract", contract)
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert f"{CONTRACTS[contract]['name']} BROKEN" in said
    for name in PLANTED[contract].named:
        assert name in said


def test_every_folder_of_code_is_a_package() -> None:
    """A folder without ``__init__.py`` is invisible to import-linter: nothing in it would be checked."""
    folders = {
        path.parent for top in ("src/csdomain", "adapters/csdomain_adapters") for path in (ROOT / top).rglob("*.py")
    }
    assert sorted(folder for folder in folders if not (folder / "__init__.py").exists()) == []


# --- the pure core ----------------------------------------------------------------------------------------------------

IMPURE = """\
import datetime as dt, os, time, uuid
from datetime import date, datetime
import random
from secrets import token_hex
a = datetime.now(dt.UTC)
b = dt.datetime.utcnow()
c = datetime.today()
d = date.today()
e = time.time()
f = time.time_ns()
g = uuid.uuid4()
h = os.urandom(3)
"""


def banned_lines(planted: str) -> set[int]:
    """The lines of a file at ``planted`` that ruff refuses as banned."""
    done = subprocess.run(
        [str(BIN / "ruff"), "check", "--select", "TID251", "--output-format", "json", "--stdin-filename", planted, "-"],
        cwd=ROOT,
        input=IMPURE,
        capture_output=True,
        text=True,
        check=False,
    )
    return {found["location"]["row"] for found in json.loads(done.stdout)}


@pytest.mark.parametrize("planted", ["src/csdomain/kernel/planted.py", "adapters/csdomain_adapters/sql/planted.py"])
def test_clock_and_chance_are_banned(planted: str) -> None:
    assert banned_lines(planted) >= set(range(3, 13))


def test_one_adapter_may_ask_the_system() -> None:
    assert banned_lines("adapters/csdomain_adapters/system.py") == set()


def third_party(program: str) -> set[str]:
    """The packages from outside that a program of its own has imported at its end."""
    program = f"""
import sys
before = set(sys.modules)
{program}
roots = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(roots - set(sys.stdlib_module_names) - {{"csdomain"}}))
"""
    done = run([sys.executable, "-c", program], ROOT)
    assert done.returncode == 0, done.stderr
    return {name for name in done.stdout.split() if not name.startswith("_sysconfigdata")}


def test_importing_the_library_imports_nothing_else() -> None:
    assert third_party("import csdomain") == set()


def test_the_core_runs_on_its_four_libraries() -> None:
    # Not by walking packages: to look into one, that imports it.
    files = (path.relative_to(ROOT / "src").with_suffix("") for path in (ROOT / "src").rglob("*.py"))
    names = sorted(".".join(file.parts).removesuffix(".__init__") for file in files if "testing" not in file.parts)
    everything = f"import importlib\nfor name in {names}:\n    importlib.import_module(name)\n"
    assert third_party(everything) <= CORE_MAY_IMPORT | WITH_THEM


def test_the_project_depends_on_those_four() -> None:
    declared = {name.partition(">")[0] for name in PROJECT["project"]["dependencies"]}
    assert declared == {"attrs", "cattrs", "transitions", "python-dateutil"}


# --- the package ------------------------------------------------------------------------------------------------------


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    """Both packages are in it with their types and every data file (rulebooks, templates)."""
    done = run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], ROOT)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        inside = set(opened.namelist())
    expected = {
        path.relative_to(ROOT / top).as_posix()
        for top in ("src", "adapters")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"csdomain/py.typed", "csdomain_adapters/py.typed"} <= expected
    assert expected <= inside
    assert not [name for name in inside if name.startswith(("tests", "tools", "docs"))]
