"""Every fact that an error of csdomain names has a Chinese label: an error is for people in both languages.

The kernel labels the facts of its own errors, each other part what it adds; a part may use what it imports.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

import csdomain
import csdomain_adapters
from csdomain.kernel.rules import errors
from csdomain.kernel.rules.errors import LABELS, DomainError, NotFound, fact_labels

NOT_FACTS = {"accepted", "rule", "refusal"}
KERNEL: Final = "csdomain.kernel"


def facts(source: str) -> Iterator[str]:
    """The names of the facts that a module gives to errors, to `require` and, in an error's class, to `super`."""
    for node in ast.walk(ast.parse(source)):
        calls = [node] if isinstance(node, ast.Call) else []
        if isinstance(node, ast.ClassDef) and node.name in ERRORS:
            calls = [c for c in ast.walk(node) if isinstance(c, ast.Call) and ast.unparse(c.func) == "super().__init__"]
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from named(node.exc)
        for call in calls:
            name = ast.unparse(call.func)
            if isinstance(node, ast.ClassDef) or name == "require" or name.rpartition(".")[2] in ERRORS:
                yield from named(call)


def named(call: ast.Call) -> Iterator[str]:
    return (keyword.arg for keyword in call.keywords if keyword.arg and keyword.arg not in NOT_FACTS)


def declared(source: str) -> Iterator[str]:
    """The facts for which a module says a label."""
    for node in ast.walk(ast.parse(source)):
        table = None
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "fact_labels":
            (table,) = node.args
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "LABELS" and "str, str" in ast.unparse(node):
            table = node.value
        if isinstance(table, ast.Dict):
            yield from (ast.literal_eval(key) for key in table.keys if key is not None)


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        yield from (".".join(module.split(".")[:2]) for module in modules)


def parts() -> Mapping[str, list[str]]:
    """The sources of each part: a package of csdomain or of its adapters, or a module beside them."""
    found: dict[str, list[str]] = {}
    for top in (csdomain, csdomain_adapters):
        (root,) = map(Path, top.__path__)
        for path in root.rglob("*.py"):
            part = f"{top.__name__}.{path.relative_to(root).parts[0].removesuffix('.py')}"
            if part != "csdomain.testing":
                found.setdefault(part, []).append(path.read_text("utf-8"))
    return found


def errors_of(sources: Iterable[str]) -> frozenset[str]:
    """The names of the classes of errors: what is a DomainError, or a child of one."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef)
    }
    found = {DomainError.__name__}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return frozenset(found)


PARTS: Final = parts()
ERRORS: Final = errors_of(source for sources in PARTS.values() for source in sources)
DECLARED: Final = {part: {f for source in sources for f in declared(source)} for part, sources in PARTS.items()}


@pytest.mark.parametrize("part", PARTS)
def test_every_fact_has_a_chinese_label_in_its_part_or_one_that_it_imports(part: str) -> None:
    near = {name for source in PARTS[part] for name in imported(source)} | {part}
    known = {fact for name in near for fact in DECLARED.get(name, ())}
    assert not {fact for source in PARTS[part] for fact in facts(source)} - known


def test_the_kernel_labels_the_facts_of_its_own_errors_and_no_other() -> None:
    assert DECLARED[KERNEL] == {fact for source in PARTS[KERNEL] for fact in facts(source)}
    assert sum(map(len, DECLARED.values())) > len(DECLARED[KERNEL]) + 20, "the others are seen"


def test_an_unlabelled_fact_is_seen() -> None:
    assert {"NotFound", "MalformedOrder", "DeliveryFailed", "SchemaOutdated"} <= ERRORS
    said = "raise Odd(strange=1, accepted=x)\nrequire(ok, RULE, other=2)\nerror = errors.NotFound(third=3)\n"
    said += "class NotFound:\n    def __init__(self):\n        super().__init__(fourth=4)\n"
    assert set(facts(said)) == {"strange", "other", "third", "fourth"}
    assert set(declared('fact_labels({"strange": "x"})\nLABELS: dict[str, str] = {"a": "b"}')) == {"strange", "a"}


def test_one_fact_has_one_word_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "LABELS", dict(LABELS))
    fact_labels({"berth": "泊位", "id": LABELS["id"]})
    fact_labels({"berth": "泊位"})
    assert "泊位=7" in NotFound(berth=7).render("zh")
    with pytest.raises(ValueError, match="berth: called 泊位 already, not 船位"):
        fact_labels({"quay": "码头", "berth": "船位"})
    assert "quay=1" in NotFound(quay=1).render("zh"), "nothing of it was added"
