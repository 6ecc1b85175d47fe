"""How the command says what a new rulebook changes, and which running cases it touches."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from csdomain import desk as desks
from csdomain.kernel.rules import Text
from csdomain.kernel.store.ports import Store, Unit
from csdomain.rulebook import (
    Acts,
    Pinning,
    Rulebook,
    RulebookDiff,
    RunningCases,
    Stuck,
    Touched,
    running_page,
    stuck,
    touched,
)
from csdomain.rulebook.diff import ACTS

from .output import answer, table
from .settings import settings

_SAME = Text("The two rulebooks are the same.", "两份规则手册相同。")
_COLUMNS = (Text("setting", "设置"), Text("change", "变更"), Text("acts", "生效"))
_CASES = (Text("case", "案件"), Text("rulebook", "规则手册"), Text("state", "状态"), Text("running", "在办数"))
_ON_REBASE = Text("Running cases that keep {} until they are rebased", "在办案件：改挂新版前仍依 {}")
_AT_ONCE = Text("Running cases that feel a change at once", "在办案件：立即受影响")
_STUCK = Text("Running cases that cannot be rebased: they stay with {}", "无法改挂的在办案件：仍依 {}")
_WHY = (Text("case", "案件"), Text("id", "标识"), Text("why", "原因"))
_NONE = Text("none", "无")


@attrs.frozen
class Found:
    """What a database says of a diff: the running cases touched, and the ids of them where they were asked for."""

    touched: Touched
    on_rebase: Mapping[str, Sequence[str]] | None = None
    at_once: Mapping[str, Sequence[str]] | None = None
    stuck: Sequence[Stuck] = ()


def ask(store: Store, diff: RulebookDiff, new: Rulebook, *, ids: bool) -> Found:
    """The running cases of ``store`` that ``diff`` touches, and those that could not be rebased, from one snapshot."""
    pinnings = desks.pinnings()

    def work(unit: Unit) -> Found:
        counted, left = touched(unit, pinnings, diff), stuck(unit, pinnings, diff.old, new)
        if not ids:
            return Found(counted, stuck=left)
        waiting, at_once = (
            _ids(unit, pinnings, counted.on_rebase, diff.old),
            _ids(unit, pinnings, counted.at_once, None),
        )
        return Found(counted, waiting, at_once, left)

    return store.look(work)


def _ids(
    unit: Unit, pinnings: Sequence[Pinning], counted: Sequence[RunningCases], ref: str | None
) -> Mapping[str, Sequence[str]]:
    wanted = {cases.kind for cases in counted}
    return {pinning.name: _all(unit, pinning, ref) for pinning in pinnings if pinning.name in wanted}


def _all(unit: Unit, pinning: Pinning, ref: str | None) -> Sequence[str]:
    page = running_page(unit, pinning, ref)
    ids = list(page.ids)
    while page.next is not None:
        page = running_page(unit, pinning, ref, after=page.next)
        ids += page.ids
    return ids


def as_data(diff: RulebookDiff, found: Found | None) -> dict[str, Any]:
    """The diff for a program: every change with its path, values, words and when it acts; counts of running cases."""
    data: dict[str, Any] = {
        "old": diff.old,
        "new": diff.new,
        "equal": not diff,
        "changes": [
            {
                "path": change.path,
                "section": change.section,
                "kind": change.kind.value,
                "before": change.before,
                "after": change.after,
                "acts": change.acts.value,
                "words": {"en": change.words.en, "zh": change.words.zh},
            }
            for change in diff.changes
        ],
    }
    if found is not None:
        data["running"] = {
            "on_rebase": _counted(found.touched.on_rebase, found.on_rebase),
            "at_once": _counted(found.touched.at_once, found.at_once),
            "stuck": [
                {"kind": one.kind, "id": one.id, "why": [{"en": why.en, "zh": why.zh} for why in one.why]}
                for one in found.stuck
            ],
        }
    return data


def _counted(cases: Sequence[RunningCases], ids: Mapping[str, Sequence[str]] | None) -> dict[str, Any]:
    counted: dict[str, Any] = {"count": sum(c.count for c in cases), "cases": [attrs.asdict(c) for c in cases]}
    return counted if ids is None else {**counted, "ids": ids}


def show(diff: RulebookDiff, found: Found | None) -> None:
    """The diff for a person: a table of changes, and one of the running cases each way that they are touched."""
    language = settings.language
    if not diff:
        answer({}, _SAME(language))
    else:
        rows = [[change.path, change.words(language), ACTS[change.acts](language)] for change in diff.changes]
        table(f"{diff.old} -> {diff.new}", [column(language) for column in _COLUMNS], rows)
    if found is None:
        return
    for acts, title, cases, ids in (
        (Acts.ON_REBASE, _ON_REBASE(language).format(diff.old), found.touched.on_rebase, found.on_rebase),
        (Acts.AT_ONCE, _AT_ONCE(language), found.touched.at_once, found.at_once),
    ):
        if not diff.acting(acts):
            continue
        if not cases:
            answer({}, f"{title}: {_NONE(language)}")
            continue
        rows = [[c.kind, c.rulebook, c.state, str(c.count)] for c in cases]
        table(title, [column(language) for column in _CASES], rows)
        for kind, listed in (ids or {}).items():
            answer({}, "\n".join(f"{kind} {id}" for id in listed))
    if found.stuck:
        rows = [[one.kind, one.id, "; ".join(why(language) for why in one.why)] for one in found.stuck]
        table(_STUCK(language).format(diff.old), [column(language) for column in _WHY], rows)
