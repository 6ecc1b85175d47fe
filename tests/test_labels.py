"""Every fact that an error of csdomain names has a Chinese label: an error is for people in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

from csdomain.kernel.rules.errors import LABELS

ROOT = Path(__file__).resolve().parent.parent
NOT_FACTS = {"accepted", "rule", "refusal"}


def facts(source: str) -> Iterator[str]:
    """The names of the facts that a module's raised errors and `require` calls give."""
    for node in ast.walk(ast.parse(source)):
        call = node.exc if isinstance(node, ast.Raise) else node
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        if isinstance(node, ast.Raise) or call.func.id == "require":
            yield from (keyword.arg for keyword in call.keywords if keyword.arg and keyword.arg not in NOT_FACTS)


def test_every_fact_has_a_chinese_label() -> None:
    unlabelled = {
        f"{name} ({path.relative_to(ROOT)})"
        for top in ("src", "adapters")
        for path in (ROOT / top).rglob("*.py")
        if "testing" not in path.parts
        for name in facts(path.read_text("utf-8"))
        if name not in LABELS
    }
    assert not unlabelled


def test_an_unlabelled_fact_is_seen() -> None:
    assert list(facts("raise Odd(strange=1, accepted=x)\nrequire(ok, RULE, other=2)\n")) == ["strange", "other"]
