"""What another rulebook would have made of closed complaints, as values: decisions, deadlines, refusals, cases."""

from collections.abc import Iterable, Mapping
from enum import Enum, unique
from typing import Any, Final

import attrs

from csdomain.complaints import rules as r
from csdomain.kernel.rules import APPROVALS, Language, Rule, Text

#: How an authority is written where no one decides that much.
NOBODY: Final = Text("nobody", "无人")


@unique
class Why(Enum):
    """Why a command that was taken would have been refused."""

    PATH = "path"
    CLASS = "class"
    CAUSE = "cause"
    FINDING = "finding"
    NOBODY = "nobody"
    BEYOND = "beyond"
    SIGNATURE = "signature"
    LEVEL = "level"
    DISCIPLINE = "discipline"

    @property
    def rule(self) -> Rule:
        """The rule that refuses it."""
        return _RULES[self]

    def text(self, language: Language = "en") -> str:
        """For people."""
        return _WHY[self](language)


_RULES: Final[Mapping[Why, Rule]] = {
    Why.PATH: r.STATES,
    Why.CLASS: r.CLASSES,
    Why.CAUSE: r.CLASSES,
    Why.FINDING: r.FINDING,
    Why.NOBODY: r.WITHIN_LIMIT,
    Why.BEYOND: r.WITHIN_LIMIT,
    Why.SIGNATURE: APPROVALS,
    Why.LEVEL: r.LEVELS,
    Why.DISCIPLINE: r.LOSS,
}
_WHY: Final[Mapping[Why, Text]] = {
    Why.PATH: Text("the flow goes another way", "流程路径不同"),
    Why.CLASS: Text("there is no such class", "没有此类别"),
    Why.CAUSE: Text("the class has no such cause", "该类别下没有此原因"),
    Why.FINDING: Text("R&D's finding is missing", "缺少研发部的检验确认"),
    Why.NOBODY: Text("no authority decides that much", "没有权限者可核决此金额"),
    Why.BEYOND: Text("whoever decided is not authorised", "核决者权限不足"),
    Why.SIGNATURE: Text("a signature is missing", "缺少签核"),
    Why.LEVEL: Text("there is no such level", "没有此层级"),
    Why.DISCIPLINE: Text("there is no such discipline", "没有此处分"),
}


@unique
class ChangeKind(Enum):
    """In what way a case would have gone otherwise."""

    DECIDER = "decider"
    BREACHED = "breached"
    KEPT = "kept"
    REFUSED = "refused"


@attrs.frozen
class Decided:
    """Who a submission belonged to, and would have; empty where nobody decides that much."""

    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether it is somebody else."""
        return self.before != self.after


@attrs.frozen
class Deadline:
    """A deadline of a case by the name of its timer: whether it would have ``ran``, was breached, would have been."""

    name: str
    ran: bool
    before: bool
    after: bool

    @property
    def group(self) -> str:
        """What it is counted under: its rule, and for a stage (CMP-05) which."""
        return group_of(self.name)

    @property
    def rule(self) -> str:
        """The id of its rule."""
        return self.name.partition(".")[0]


def group_of(timer: str) -> str:
    """The rule of a timer by its name, with the stage where a rule has several: ``CMP-05.rnd``."""
    rule, _, rest = timer.partition(".")
    return f"{rule}.{rest.partition('.')[0]}" if rule == r.STAGES.id else rule


def group_text(group: str, language: Language = "en") -> str:
    """A group of deadlines for people, with its rule."""
    rule = group.partition(".")[0]
    return f"{rule} {_GROUPS[group](language)}" if group in _GROUPS else group


_GROUPS: Final[Mapping[str, Text]] = {
    r.ACCEPTANCE.id: Text("closing", "结案"),
    f"{r.STAGES.id}.sales_check": Text("sales check", "营销查对"),
    f"{r.STAGES.id}.rnd": Text("R&D", "研发"),
    f"{r.STAGES.id}.customer_service": Text("customer service", "客服"),
    f"{r.STAGES.id}.decision": Text("decision", "核决"),
    r.JOINT.id: Text("joint handling", "会同处理"),
    r.REPORT.id: Text("report", "调查报告"),
    r.LEVELS.id: Text("promised answer", "答复时间"),
    r.MONTHLY_REVIEW.id: Text("monthly review", "月度审视"),
}


@attrs.frozen
class Refused:
    """A command that would have been refused: ``what`` it was about, who decided and who would have decided."""

    why: Why
    what: str = ""
    before: str = ""
    after: str = ""


@attrs.frozen
class Change:
    """One thing that would have been otherwise in a case, with the rule of it."""

    kind: ChangeKind
    rule: str
    before: str = ""
    after: str = ""
    what: str = ""
    why: Why | None = None

    def text(self, language: Language = "en") -> str:
        """For people, the rule first."""
        zh = language == "zh"
        before, after = (name or NOBODY(language) for name in (self.before, self.after))
        if self.kind is ChangeKind.DECIDER:
            said = f"由 {before} 改为 {after} 核决" if zh else f"decided by {after} instead of {before}"
        elif self.why is None:
            name, late = _timer_text(self.what, language), self.kind is ChangeKind.BREACHED
            state = Text("late", "会逾期") if late else Text("no longer late", "不再逾期")
            said = f"{name}{'：' if zh else ': '}{state(language)}"
        else:
            about = f"{before} → {after}" if self.why in (Why.PATH, Why.BEYOND) else self.what
            said = self.why.text(language) + (f"（{about}）" if about and zh else f" ({about})" if about else "")
        return f"[{self.rule}] {said}"

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": self.kind.value,
            "rule": self.rule,
            "before": self.before,
            "after": self.after,
            "what": self.what,
            "why": None if self.why is None else self.why.value,
        }


def _timer_text(timer: str, language: Language) -> str:
    """A deadline for people, with its count where it has one: ``closing (2)``."""
    group = group_of(timer)
    name = _GROUPS[group](language) if group in _GROUPS else group
    count = timer[len(group) + 1 :]
    return f"{name} ({count})" if count else name


@attrs.frozen
class ChangedCase:
    """A case that would have gone otherwise."""

    id: str
    number: str
    rulebook: str
    changes: tuple[Change, ...]


@attrs.frozen
class DecidedCount:
    """How many submissions belonged to one authority and would have belonged to another, or the same."""

    before: str
    after: str
    count: int


@attrs.frozen
class DeadlineCount:
    """The deadlines of a rule, or of a stage: how many would have run, were breached, would have been.

    ``newly`` breached and ``kept`` after all make up the difference; ``unknown`` are counted as they were.
    """

    name: str
    ran: int
    before: int
    after: int
    newly: int
    kept: int
    unknown: int


@attrs.frozen
class RefusedCount:
    """In how many cases something would have been refused for a reason."""

    why: Why
    cases: int


@attrs.frozen(kw_only=True)
class WhatIfReport:
    """What the rulebook ``rulebook`` (a ref) would have made of closed complaints.

    ``books`` counts the cases by the ref of the book they went by. ``imported`` cases were taken over from another
    system: what happened before is not on the trail. ``refused_cases`` are those in which anything would have been
    refused. ``listed`` are the first cases that change, ``changed`` is how many there are.
    """

    rulebook: str
    books: Mapping[str, int]
    cases: int
    imported: int
    changed: int
    refused_cases: int
    decisions: tuple[DecidedCount, ...]
    deadlines: tuple[DeadlineCount, ...]
    refused: tuple[RefusedCount, ...]
    listed: tuple[ChangedCase, ...]

    @property
    def submissions(self) -> int:
        """How many remedies were put before an authority."""
        return sum(row.count for row in self.decisions)

    @property
    def moved(self) -> int:
        """How many of them somebody else would have decided."""
        return sum(row.count for row in self.decisions if row.before != row.after)

    @property
    def breached(self) -> tuple[int, int]:
        """How many deadlines were breached, and would have been."""
        return sum(row.before for row in self.deadlines), sum(row.after for row in self.deadlines)

    @property
    def unlisted(self) -> int:
        """How many cases change and are not listed."""
        return self.changed - len(self.listed)

    @property
    def authorities(self) -> tuple[tuple[str, int, int], ...]:
        """Each authority with the submissions that belonged to it, and would have."""
        names = dict.fromkeys(name for row in self.decisions for name in (row.before, row.after))
        return tuple(
            (
                name,
                sum(row.count for row in self.decisions if row.before == name),
                sum(row.count for row in self.decisions if row.after == name),
            )
            for name in names
        )

    def as_data(self) -> dict[str, Any]:
        """The report for programs."""
        before, after = self.breached
        return {
            "rulebook": self.rulebook,
            "books": dict(self.books),
            "cases": {
                "total": self.cases,
                "imported": self.imported,
                "changed": self.changed,
                "refused": self.refused_cases,
            },
            "decisions": {
                "submissions": self.submissions,
                "moved": self.moved,
                "matrix": [attrs.asdict(row) for row in self.decisions],
            },
            "deadlines": {"before": before, "after": after, "rules": [attrs.asdict(row) for row in self.deadlines]},
            "refused": [{"why": row.why.value, "rule": row.why.rule.id, "cases": row.cases} for row in self.refused],
            "changed": {"listed": _cases(self.listed), "unlisted": self.unlisted},
            "unknown": [note("en") for note in NOT_KNOWN],
        }


def _cases(cases: Iterable[ChangedCase]) -> list[dict[str, Any]]:
    return [
        {
            "id": case.id,
            "number": case.number,
            "rulebook": case.rulebook,
            "changes": [change.as_data() for change in case.changes],
        }
        for case in cases
    ]


#: What nobody can know from a trail, said on every report.
NOT_KNOWN: Final = (
    Text(
        "People would have acted otherwise under other rules; each step is taken as it was made, when it was made.",
        "规则不同，人的做法也会不同；此处各步骤均按当时实际的做法与时间计算。",
    ),
    Text(
        "A deadline that still ran when the trail ended counts as it did, unless it was found late already; so do "
        "those of a case that goes another way, that began before an import, or of a year the calendar does not know.",
        "流程记录终了时仍在计时的期限（已查明逾期者除外）按原状计；路径不同的案件、导入以前的期限及日历未知年份的期限亦同。",
    ),
    Text(
        "Limits of delegations, kinds of loss, extra fields of the form and permissions are not on the trail.",
        "代理限额、损失类别、处理表附加栏位与操作权限不在流程记录中。",
    ),
    Text(
        "Class and cause are those that the case had in the end.",
        "类别与原因以案件最后所载为准。",
    ),
)
