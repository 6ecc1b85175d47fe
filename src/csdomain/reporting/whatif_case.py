"""One closed complaint under another rulebook: what its trail says of who decides, what is late, what is refused."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints.policies import decider
from csdomain.complaints.values import COMPLAINT_RULES, RND, RULING, SALES, SERVICE, ComplaintRules, Path
from csdomain.kernel.cases.events import TimerBreached
from csdomain.kernel.papers.approvals import ApprovalLadder
from csdomain.kernel.store.ports import AuditRecord
from csdomain.kernel.values.codec import from_micros
from csdomain.kernel.values.money import Money
from csdomain.rulebook import House

from .whatif_clocks import Clocks, Terms
from .whatif_report import Change, ChangeKind, Deadline, Decided, Refused, Why


@attrs.frozen
class PastComplaint:
    """A closed complaint: its trail, oldest first, and of its row what the trail does not say.

    ``rulebook`` is the ref of the book it goes by, ``path`` and ``currency`` are that book's. ``class_name`` and
    ``cause`` are as they were at the end, empty where nobody classified it.
    """

    id: str
    number: str
    branch: str
    rulebook: str
    path: Path
    currency: str
    class_name: str
    cause: str
    trail: Sequence[AuditRecord]


@attrs.frozen
class Outcome:
    """What became of one case: its decisions, deadlines and refusals, and whether it was ``imported``.

    ``unknown`` are the deadlines of which the trail cannot tell whether they would have been kept.
    """

    decisions: tuple[Decided, ...]
    deadlines: tuple[Deadline, ...]
    refused: tuple[Refused, ...]
    unknown: tuple[str, ...]
    imported: bool

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would have been otherwise, decisions first."""
        decided = [
            Change(ChangeKind.DECIDER, r.WITHIN_LIMIT.id, d.before, d.after) for d in self.decisions if d.changed
        ]
        late = [
            Change(ChangeKind.BREACHED if d.after else ChangeKind.KEPT, d.rule, what=d.name)
            for d in self.deadlines
            if d.before is not d.after
        ]
        refused = [Change(ChangeKind.REFUSED, x.why.rule.id, x.before, x.after, x.what, x.why) for x in self.refused]
        return (*decided, *late, *refused)


class Judge:
    """Judges closed complaints by the rules, on the calendars and in the zones of ``house``."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.rules: ComplaintRules = house.rulebook[COMPLAINT_RULES]
        self._terms: dict[str, Terms] = {}
        self._ladders: dict[tuple[bool, bool, int], ApprovalLadder] = {}

    def terms(self, branch: str) -> Terms:
        """How deadlines of a branch come about."""
        found = self._terms.get(branch)
        if found is None:
            calendar, zone = self.house.calendar_of(branch), self.house.zone(branch)
            found = self._terms[branch] = Terms(self.rules, calendar, zone)
        return found

    def ladder(self, amount: Money, *, grave: bool, level: int) -> ApprovalLadder:
        """The authorities that decide an amount: they depend on whether there is one, not on how much it is."""
        key = (not amount.minor, grave, level)
        found = self._ladders.get(key)
        if found is None:
            found = self._ladders[key] = decider(self.rules, amount, grave=grave, level=level)
        return found

    def judge(self, case: PastComplaint) -> Outcome:
        """The case under these rules, against what its trail says. [CMP-02, CMP-04…07, CMP-11, CMP-18, CMP-20]"""
        return _Case(case, self).outcome()


class _Case:
    """One case while its trail is read."""

    def __init__(self, case: PastComplaint, judge: Judge) -> None:
        self.case, self.by = case, judge
        self.rules = rules = judge.rules
        self.same_path = case.path is rules.path
        self.quality: bool | None = None
        self.found = self.imported = False
        self.level = 0
        self.signed: set[str] = set()
        self.decisions: list[Decided] = []
        self.refused: dict[tuple[Why, str], Refused] = {}
        self.clocks = Clocks(judge.terms(case.branch))
        self.before: dict[str, datetime] = {}
        if not self.same_path:
            self.refuse(Why.PATH, before=case.path.value, after=rules.path.value)
        if case.class_name:
            known = rules.classes.get(case.class_name)
            if known is None:
                self.refuse(Why.CLASS, case.class_name)
            else:
                self.quality = self.clocks.quality = known.quality
                if case.cause not in known.causes:
                    self.refuse(Why.CAUSE, case.cause)

    def refuse(self, why: Why, what: str = "", *, before: str = "", after: str = "") -> None:
        self.refused.setdefault((why, what), Refused(why, what, before, after))

    def outcome(self) -> Outcome:
        same_path, clock = self.same_path, self.clocks.take
        for record in self.case.trail:
            read = _READERS.get(record.name)
            if read is not None:
                read(self, record)
            if same_path:
                clock(record)
        known, unknown = self.deadlines()
        return Outcome(tuple(self.decisions), known, tuple(self.refused.values()), unknown, self.imported)

    def deadlines(self) -> tuple[tuple[Deadline, ...], tuple[str, ...]]:
        """Every deadline that was breached or would have run, and those of which nobody can tell."""
        clocks, before = self.clocks, self.before
        known: list[Deadline] = []
        unknown: list[str] = []
        for name in {**clocks.ran, **before}:
            was, due = before.get(name), clocks.running.get(name)
            if clocks.blind or not self.same_path or (self.imported and name not in clocks.ran):
                is_late = None
            elif due is None:
                is_late = name in clocks.late
            else:  # it ran on when the trail ended: only a breach that somebody found says how long
                is_late = True if was is not None and was > due else None
            if is_late is None:
                unknown.append(name)
                is_late = was is not None
            known.append(Deadline(name, name in clocks.ran, was is not None, is_late))
        return tuple(known), tuple(unknown)

    # --- what events say
    def breached(self, record: AuditRecord) -> None:
        self.before[str(record.facts["timer"])] = from_micros(_whole(record.facts["found_at"]))

    def checked(self, record: AuditRecord) -> None:
        self.signed.add(SALES)

    def renewed(self, record: AuditRecord) -> None:
        self.signed.add(SERVICE)

    def ruled(self, record: AuditRecord) -> None:
        self.signed.add(RULING)

    def import_(self, record: AuditRecord) -> None:
        self.imported = True

    def escalated(self, record: AuditRecord) -> None:
        highest = len(self.rules.ladder.bands) - 1
        if self.same_path and (level := _whole(record.facts["level"])) > 0:
            self.level = min(level, highest)
            if level > highest:
                self.refuse(Why.LEVEL, str(level))

    def finding(self, record: AuditRecord) -> None:
        self.found = True
        self.signed.add(RND)

    def accepted(self, record: AuditRecord) -> None:
        self.signed.add(SERVICE)
        if self.quality is None:
            self.quality = bool(record.facts["quality"])

    def judged(self, record: AuditRecord) -> None:
        if self.quality and not self.found and self.same_path:
            self.refuse(Why.FINDING)

    def submitted(self, record: AuditRecord) -> None:
        self._submitted(record)

    def _submitted(self, record: AuditRecord) -> tuple[ApprovalLadder, Money, str]:
        ladder, total, after = self._decider(record)
        self.decisions.append(Decided(str(record.facts["belongs_to"]), after))
        if not after:
            self.refuse(Why.NOBODY, before=str(record.facts["belongs_to"]))
        return ladder, total, after

    def _decider(self, record: AuditRecord) -> tuple[ApprovalLadder, Money, str]:
        facts = record.facts
        total = Money(_whole(facts["total"]), self.case.currency)
        ladder = self.by.ladder(total, grave=bool(facts["grave"]), level=self.level)
        return ladder, total, next((band.authority for band in ladder.bands if band.covers(total)), "")

    def approved(self, record: AuditRecord) -> None:
        self._approved(record, *self._decider(record))

    def proposed(self, record: AuditRecord) -> None:
        self._approved(record, *self._submitted(record))

    def _approved(self, record: AuditRecord, ladder: ApprovalLadder, total: Money, after: str) -> None:
        authority = str(record.facts["authority"])
        if not ladder.suffices(authority, total):
            self.refuse(Why.BEYOND, authority, before=authority, after=after)
        if self.same_path:
            for role in self.rules.signatures:
                if role not in self.signed and (role != RND or self.quality):
                    self.refuse(Why.SIGNATURE, role)

    def penalty(self, record: AuditRecord) -> None:
        discipline = str(record.facts["discipline"])
        if discipline and discipline not in self.rules.disciplines:
            self.refuse(Why.DISCIPLINE, discipline)


_READERS: Final[Mapping[str, Callable[[_Case, AuditRecord], None]]] = {
    e.ComplaintImported.name: _Case.import_,
    e.ComplaintEscalated.name: _Case.escalated,
    e.ComplaintChecked.name: _Case.checked,
    e.ComplaintAccepted.name: _Case.accepted,
    e.FormRenewed.name: _Case.renewed,
    e.FaultFound.name: _Case.finding,
    e.ReportRuled.name: _Case.ruled,
    TimerBreached.name: _Case.breached,
    e.ComplaintJudged.name: _Case.judged,
    e.RemedySubmitted.name: _Case.submitted,
    e.RemedyApproved.name: _Case.approved,
    e.RemedyProposed.name: _Case.proposed,
    e.PenaltyMoved.name: _Case.penalty,
}


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"an integer expected on the trail, not {type(value).__name__}")
    return value
