"""The deadlines of a complaint as they would have run: which event of the trail starts and which ends them.

What starts and ends a deadline at the desk is said in ``complaints.effects``; this says the same of lines of a trail,
without messages and warnings, at a fifth of the cost. Tests hold the two to each other over drawn lives.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from csdomain.casework.months import due_next_month
from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints.commands.receiving import stands_still
from csdomain.complaints.effects import stage_timer
from csdomain.complaints.values import ComplaintRules, Path, StageName
from csdomain.frame.effects import timer
from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.cases.timers import after_pause
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.ports import AuditRecord
from csdomain.kernel.values.codec import from_micros
from csdomain.kernel.values.durations import Duration, ElapsedTime

Facts = Mapping[str, Any]
#: How a deadline counts that somebody set: on the clock.
_ALWAYS: Final = ElapsedTime(timedelta())
_DECISION: Final = f"{r.STAGES.id}.{StageName.DECISION.value}"


@attrs.frozen
class Terms:
    """By which rules, on which calendar and in which zone deadlines come about."""

    rules: ComplaintRules
    calendar: WorkCalendar
    zone: str


class Clocks:
    """The deadlines of one case. Names are those of the timers at the desk.

    ``ran`` are all that were started, ``running`` those that have not ended, with the instant they are due; ``late``
    those that ended after it; while the case waits for the customer those that the rules name stand still. ``blind``:
    the calendar cannot say, of a year whose holidays are not known for instance.
    """

    __slots__ = ("_began", "_calendar", "_still", "_terms", "blind", "late", "quality", "ran", "running")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._calendar = terms.calendar
        #: Whether it is a fault of quality, by the rules that are asked about; else as the event says.
        self.quality: bool | None = None
        self.ran: dict[str, None] = {}
        self.running: dict[str, datetime] = {}
        #: When each that was started began, and how it counts.
        self._began: dict[str, tuple[datetime, Duration]] = {}
        #: Since when the case waits for the customer.
        self._still: datetime | None = None
        self.late: set[str] = set()
        self.blind = False

    def take(self, record: AuditRecord) -> None:
        """A line of the trail, in order."""
        read = TABLE.get(record.name)
        if read is None or self.blind:
            return
        try:
            read(self, record.at, record.facts)
        except InvalidValue:  # the calendar's
            self.blind = True

    # --- how deadlines begin and end
    def start(self, name: str, within: Duration | None, at: datetime) -> None:
        """A deadline begins, where the house has one."""
        if within is not None:
            self.until(name, self._calendar.deadline(at, within), at, within)

    def until(self, name: str, due: datetime, at: datetime, within: Duration = _ALWAYS) -> None:
        """A deadline begins that somebody set."""
        self.ran[name] = None
        self.running[name], self._began[name] = due, (at, within)

    def end(self, name: str, at: datetime) -> None:
        """A deadline ends, in time or late; where it does not run, nothing does."""
        since, due = self._still_since(name), self.running.pop(name, None)
        if due is not None and min(at, since or at) > due:
            self.late.add(name)

    def _still_since(self, name: str) -> datetime | None:
        """Since when a clock that was started stands still; None where it runs. [KRN-06]"""
        if self._still is None or name not in self.running or not stands_still(name, self._terms.rules):
            return None
        return max(self._still, self._began[name][0])

    def end_all(self, prefix: str, at: datetime) -> None:
        """Every deadline ends whose name begins so."""
        for name in [name for name in self.running if name.startswith(prefix)]:
            self.end(name, at)

    def stage(self, stage: StageName, count: int, at: datetime) -> None:
        """The clock of a department's stage. [CMP-05]"""
        limit = self._terms.rules.stages.get(stage.value)
        if limit is not None:
            self.start(stage_timer(stage, count), limit.within, at)

    # --- what follows from each event
    def waits(self, at: datetime, facts: Facts) -> None:
        self._still = at

    def goes_on(self, at: datetime, facts: Facts) -> None:
        for name, due in self.running.items():
            since = self._still_since(name)
            if since is not None:
                self.running[name] = after_pause(due, self._began[name][1], self._calendar, since, at)
        self._still = None

    def received(self, at: datetime, facts: Facts) -> None:
        if self._terms.rules.path is Path.DEPARTMENTS:
            self.stage(StageName.SALES_CHECK, 1, at)

    def checked(self, at: datetime, facts: Facts) -> None:
        self.end(stage_timer(StageName.SALES_CHECK, 1), at)

    def accepted(self, at: datetime, facts: Facts) -> None:
        self.handled(at, facts)
        self.first_stage(at, facts)

    def handled(self, at: datetime, facts: Facts) -> None:
        self.start(timer(r.ACCEPTANCE, facts["turn"]), self._terms.rules.close_within, at)

    def first_stage(self, at: datetime, facts: Facts) -> None:
        quality = facts["quality"] if self.quality is None else self.quality
        self.stage(StageName.RND if quality else StageName.CUSTOMER_SERVICE, facts["round"], at)

    def promised(self, at: datetime, facts: Facts) -> None:
        promise = facts["promise"]
        if promise > 1:
            self.end(f"{r.LEVELS.id}.{promise - 1}", at)
        self.until(f"{r.LEVELS.id}.{promise}", from_micros(facts["until"]), at)

    def kept(self, at: datetime, facts: Facts) -> None:
        if facts["promises"]:
            self.end(f"{r.LEVELS.id}.{facts['promises']}", at)

    def involved(self, at: datetime, facts: Facts) -> None:
        until = from_micros(facts["until"])
        for part, _ in enumerate(facts["departments"], facts["first"]):
            self.until(f"{r.JOINT.id}.{part}", until, at)

    def contributed(self, at: datetime, facts: Facts) -> None:
        self.end(f"{r.JOINT.id}.{facts['part']}", at)

    def found(self, at: datetime, facts: Facts) -> None:
        self.end(stage_timer(StageName.RND, facts["round"]), at)
        self.stage(StageName.CUSTOMER_SERVICE, facts["round"], at)

    def concluded(self, at: datetime, facts: Facts) -> None:
        self.start(timer(r.REPORT, facts["round"]), self._terms.rules.report_within, at)

    def reported(self, at: datetime, facts: Facts) -> None:
        self.end(timer(r.REPORT, facts["round"]), at)

    def judged(self, at: datetime, facts: Facts) -> None:
        self.end(stage_timer(StageName.RND, facts["round"]), at)
        self.end(stage_timer(StageName.CUSTOMER_SERVICE, facts["round"]), at)

    def dismissed(self, at: datetime, facts: Facts) -> None:
        for rule in (r.STAGES, r.JOINT):
            self.end_all(f"{rule.id}.", at)
        self.end_all(r.REPORT.id, at)

    def submitted(self, at: datetime, facts: Facts) -> None:
        limit = self._terms.rules.stages.get(StageName.DECISION.value)
        if limit is not None:
            self.start(f"{_DECISION}.{facts['turn']}.{facts['submission']}", limit.within, at)

    def decided(self, at: datetime, facts: Facts) -> None:
        self.end(f"{_DECISION}.{facts['turn']}.{facts['submission']}", at)

    def renewed(self, at: datetime, facts: Facts) -> None:
        self.end(timer(r.ACCEPTANCE, facts["turn"] - 1), at)
        self.end_all(r.MONTHLY_REVIEW.id, at)
        self.accepted(at, facts)

    def looked_again(self, at: datetime, facts: Facts) -> None:
        for stage in (StageName.RND, StageName.CUSTOMER_SERVICE):
            self.end(stage_timer(stage, facts["round"] - 1), at)
        if self._terms.rules.path is Path.DEPARTMENTS:
            quality = facts["quality"] if self.quality is None else self.quality
            inspected = quality and not facts["found"]
            self.stage(StageName.RND if inspected else StageName.CUSTOMER_SERVICE, facts["round"], at)

    def closed(self, at: datetime, facts: Facts) -> None:
        self.end(timer(r.ACCEPTANCE, facts["turn"]), at)
        self.end_all(f"{r.LEVELS.id}.", at)
        day = self._terms.rules.review_by
        if day is not None and not facts["reviewed"]:
            self.until(timer(r.MONTHLY_REVIEW, facts["turn"]), due_next_month(at, day, self._terms.zone), at)

    def withdrawn(self, at: datetime, facts: Facts) -> None:
        self.end_all("", at)

    def reviewed(self, at: datetime, facts: Facts) -> None:
        self.end(timer(r.MONTHLY_REVIEW, facts["turn"]), at)


#: The events from which deadlines follow, by their names on the trail.
TABLE: Final[Mapping[str, Callable[[Clocks, datetime, Facts], None]]] = {
    e.ComplaintReceived.name: Clocks.received,
    e.ComplaintChecked.name: Clocks.checked,
    e.ComplaintAccepted.name: Clocks.accepted,
    e.ComplaintHandled.name: Clocks.handled,
    e.AnswerPromised.name: Clocks.promised,
    e.DepartmentsInvolved.name: Clocks.involved,
    e.DepartmentContributed.name: Clocks.contributed,
    e.FaultFound.name: Clocks.found,
    e.InvestigationConcluded.name: Clocks.concluded,
    e.InvestigationReported.name: Clocks.reported,
    e.ComplaintJudged.name: Clocks.judged,
    e.ComplaintDismissed.name: Clocks.dismissed,
    e.RemedySubmitted.name: Clocks.submitted,
    e.ApprovalVoided.name: Clocks.submitted,
    e.RemedyApproved.name: Clocks.decided,
    e.RemedyReturned.name: Clocks.decided,
    e.RemedyProposed.name: Clocks.kept,
    e.ComplaintAnswered.name: Clocks.kept,
    e.CustomerSatisfied.name: Clocks.kept,
    e.FormRenewed.name: Clocks.renewed,
    e.ComplaintReopened.name: Clocks.first_stage,
    e.ComplaintReclassified.name: Clocks.looked_again,
    e.ReportReturned.name: Clocks.looked_again,
    e.ComplaintClosed.name: Clocks.closed,
    e.ComplaintWithdrawn.name: Clocks.withdrawn,
    e.ComplaintReviewed.name: Clocks.reviewed,
    e.WaitingBegun.name: Clocks.waits,
    e.WaitingEnded.name: Clocks.goes_on,
}
