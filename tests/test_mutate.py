"""Mutation testing itself: which changes are made, and that a weak test lets live what a strong one kills."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mutations import mutants_of

ROOT = Path(__file__).resolve().parent.parent


def changes(source: str) -> dict[str, str]:
    """Kind of change by the source with the change in it."""
    return {mutant.applied(source): mutant.kind for mutant in mutants_of(source)}


def inside(*lines: str) -> str:
    return "def f(a, b):\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("a.x(b < a)", {"a.x(b <= a)"}),
        ("a.x(b is not a, b in a)", {"a.x(b is a, b in a)", "a.x(b is not a, b not in a)"}),
        ("a.x(b  not  in a)", {"a.x(b  in a)"}),
        ("a.x(0 < b == a)", {"a.x(0 <= b == a)", "a.x(0 < b != a)", "a.x(1 < b == a)", "a.x(-1 < b == a)"}),
        ("a.x(a + b // a)", {"a.x(a - b // a)", "a.x(a + b * a)"}),
        ("a.x(a and b)", {"a.x(a or b)"}),
        ("a.x(not a)", {"a.x(a)"}),
        ("a.x(-b)", {"a.x(b)"}),
        ("a.x(True)", {"a.x(False)"}),
        ("a.x(max(a, b))", {"a.x(min(a, b))"}),
        ("a.x(sorted(a))", {"a.x(list(a))"}),
        ("a.x(sorted(a, key=b))", {"a.x(sorted(a, ))"}),
        ("a.x(a if b else 'é')", {"a.x(a)", "a.x('é')", "a.x(a if (not b) else 'é')"}),
        ("a.x('中文', a[b:], a + b)", {"a.x('中文', a[:], a + b)", "a.x('中文', a[b:], a - b)"}),
        ("a.x([c for c in a if c.ok])", {"a.x([c for c in a if (not c.ok)])"}),
        ("a.x(attrs.evolve(a, b=b))", {"a.x(attrs.evolve(a, ))"}),
        ("a += b", {"a -= b", "a = b", "pass"}),
        ("a.b = b", {"pass"}),
        ("a = b", {"pass"}),
        ("c = b", set()),  # without it nothing after it runs
        ("return a", {"return None"}),
        ("return None", set()),
        ("yield a", {"yield None"}),
        ("raise Wrong(field=a, given=b)", {"raise Wrong( given=b)", "pass"}),
        ("require(a, RULE, accepted=b, at=b)", {"require(a, RULE, accepted=b, )"}),
        ("return Text('a', 'b')", {"return None"}),
        ("a.x(f'{a + b}', isinstance(a, int | str), zip(a, strict=True))", set()),
    ],
)
def test_a_line_is_changed_in_these_ways(line: str, changed: set[str]) -> None:
    alone = {inside("pass")} if line.startswith(("a.x(", "require(")) else set()
    assert set(changes(inside(line))) == {inside(text) for text in changed} | alone


def test_conditions_and_loops_are_changed() -> None:
    source = inside("while a:", "    if b:", "        break", "    continue")
    assert sorted(changes(source).values()) == ["break/continue"] * 2 + ["condition negated"] * 2


def test_what_is_not_behaviour_is_left_alone() -> None:
    source = textwrap.dedent('''
        """One of 3."""
        __all__ = ["f"]
        Number = int | str
        T = TypeVar("T", bound=3)
        if TYPE_CHECKING:
            X = 1
        NAME: Literal[3] = Text("more than 0", "大于 0")

        @overload
        def f(a: int = 3) -> int: ...
        @cache(3)
        def f(a: "Literal[3]") -> Literal[3]:
            """Less than 3."""
    ''')
    assert changes(source) == {}


def test_each_change_is_one_change_and_can_be_compiled() -> None:
    source = (ROOT / "src/csdomain/inventory/policies/walk.py").read_text("utf-8")
    mutants = mutants_of(source)
    texts = {mutant.applied(source) for mutant in mutants}
    assert len(texts) == len(mutants) > 200
    assert source not in texts
    for mutant in mutants[::20]:
        compile(mutant.applied(source), "walk.py", "exec")


# --- a project with a weak and a strong test --------------------------------------------------------------------------

CODE = '''
LIMIT = 10


def price(quantity: int, each: int) -> int:
    """Ten or more are cheaper by one each."""
    if quantity < LIMIT:
        return quantity * each
    return quantity * (each - 1)


def halves(number: int) -> int:
    """How often it can be halved."""
    count = 0
    while number % 2 == 0:
        number //= 2
        count += 1
    return count
'''
WEAK = "from shop.price import halves, price\n\n\ndef test_price():\n    assert price(1, 2) == 2\n    halves(3)\n"
STRONG = """
import pytest
from shop.price import halves, price


@pytest.mark.parametrize(("quantity", "cost"), [(1, 3), (9, 27), (10, 20), (11, 22)])
def test_price(quantity, cost):
    assert price(quantity, 3) == cost


def test_halves():
    assert [halves(n) for n in (1, 2, 6, 8)] == [0, 1, 1, 3]
"""
TAX = "from shop.tax import tax\n\n\ndef test_tax():\n    assert (tax(99), tax(100)) == (9, 10)\n"
PARTS = """
[weak]
modules = ["src/shop/price.py"]
tests = ["tests/test_weak.py"]
at_least = 90

[strong]
modules = ["src/shop/price.py"]
tests = ["tests/test_strong.py"]
beside = ["shop.tax"]
at_least = 100

[tax]
modules = ["src/shop/tax.py"]
tests = ["tests/test_tax.py"]
at_least = 100

[failing]
modules = ["src/shop/*.py"]
tests = ["tests/test_failing.py"]
at_least = 0

[loaded]
modules = ["src/shop/tax.py"]
tests = ["tests/test_tax.py"]
beside = ["shop.tax"]
at_least = 0
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "src/shop/__init__.py": "",
        "src/shop/price.py": CODE,
        "src/shop/tax.py": "def tax(amount: int) -> int:\n    return amount // 10\n",
        "tests/test_tax.py": TAX,
        "tests/test_weak.py": WEAK,
        "tests/test_strong.py": STRONG,
        "tests/test_failing.py": "def test_it():\n    assert False\n",
        "tests/mutants/parts.toml": PARTS,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def mutate(project: Path, *arguments: str) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE", "PYTEST", "HYPOTHESIS"))}
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/mutate.py"), "--root", str(project), "--seconds", "1", *arguments],
        cwd=project, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def rows(project: Path, part: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (project / f"mutants/{part}.jsonl").read_text("utf-8").splitlines()]


def test_a_strong_test_kills_all_and_a_weak_one_is_shown_what_it_misses(project: Path) -> None:
    code, said = mutate(project, "strong", "tax", "weak")
    strong, weak = rows(project, "strong"), rows(project, "weak")
    assert all(row["killed"] for row in strong), said
    assert any(str(row["by"]).startswith("no end: ") for row in strong)
    assert {str(row["by"]) for row in strong if row["before"] == "LIMIT = 10"} <= {
        f"tests/test_strong.py::test_price[{case}]" for case in ("9-27", "10-20")
    }
    survived = {(str(row["before"]).strip(), str(row["after"]).strip()) for row in weak if not row["killed"]}
    assert ("if quantity < LIMIT:", "if quantity <= LIMIT:") in survived
    assert ("return quantity * each", "return None") not in survived
    assert code == 1
    assert all(row["killed"] for row in rows(project, "tax")), said
    assert "100.0 %, without the listed 100.0 %; at least 100 %: ok" in said
    assert "MISSED" in said
    assert "src/shop/price.py:7 price (comparison)\n  -     if quantity < LIMIT:\n  +     if quantity <= LIMIT:" in said


def test_what_was_found_is_not_run_again_until_code_or_tests_change(project: Path) -> None:
    assert mutate(project, "weak", "--sample", "6", "--seed", "4")[0] == 1
    first = rows(project, "weak")
    assert len(first) == 6
    assert mutate(project, "weak", "--sample", "6", "--seed", "4")[0] == 1
    assert rows(project, "weak") == first
    (project / "tests/test_weak.py").write_text(STRONG, "utf-8")
    code, said = mutate(project, "weak", "--sample", "6", "--seed", "4", "--survivors")
    survivors = [row for row in first if not row["killed"]]
    assert survivors
    assert len(rows(project, "weak")) == 6 + len(survivors)
    assert (code, "killed by earlier tests, not run again" in said) == (0, len(survivors) < 6)


def test_listed_ones_are_told_apart_and_a_list_out_of_date_is_refused(project: Path) -> None:
    entry = '[[equivalent]]\nmodule = "shop.price"\nbefore = "{}"\nafter = "{}"\nreason = "why not"\n'
    listed = project / "tests/mutants/equivalent.toml"
    survivor = entry.format("if quantity < LIMIT:", "if quantity <= LIMIT:")
    listed.write_text(survivor, "utf-8")
    parts = project / "tests/mutants/parts.toml"
    parts.write_text(PARTS.replace("at_least = 90", "at_least = 0"), "utf-8")
    code, said = mutate(project, "weak")
    assert code == 0
    assert "  equivalent: why not" in said
    assert "1 listed as equivalent" in said
    before = rows(project, "weak")
    listed.write_text(survivor + entry.format("return quantity * each", "return None"), "utf-8")
    code, said = mutate(project, "weak")
    assert code == 1
    assert "listed as equivalent, yet killed or no mutant: shop.price\n  - return quantity * each" in said
    assert rows(project, "weak") == before


def test_tests_that_fail_unchanged_and_unknown_parts_are_named(project: Path) -> None:
    code, said = mutate(project, "failing")
    assert (code, "the tests fail without any change" in said) == (1, True)
    code, said = mutate(project, "none")
    assert (code, "no part 'none'; there are weak, strong, tax, failing" in said) == (1, True)
    code, said = mutate(project, "loaded")
    assert (code, "shop.tax load shop.tax, which is to be mutated" in said) == (1, True)
