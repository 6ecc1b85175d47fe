"""From the counter to the judgement: received, checked, accepted, investigated, reported, judged (CMP-01…10, 27)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import attrs

from csdomain.complaints import rules as r
from csdomain.complaints.events import (
    AnswerPromised,
    ComplaintAccepted,
    ComplaintAssigned,
    ComplaintChecked,
    ComplaintDismissed,
    ComplaintHandled,
    ComplaintJudged,
    ComplaintMarked,
    ComplaintReceived,
    DepartmentContributed,
    DepartmentsInvolved,
    FaultFound,
    InvestigationBegun,
    InvestigationConcluded,
    InvestigationReported,
    PenaltyMoved,
    RemarkNoted,
    ReportRuled,
)
from csdomain.complaints.lifecycle import (
    COMPLAINT_MOVES,
    IMPROVEMENT_MOVES,
    PENALTY_MOVES,
    ImprovementMove,
    Move,
    PenaltyMove,
    PenaltyState,
    RemarkState,
)
from csdomain.complaints.values import (
    Classification,
    ComplaintForm,
    ComplaintId,
    ComplaintRules,
    Finding,
    Judgement,
    Liable,
    Opinion,
    several,
)
from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.papers.documents import Document, Value, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.values.actors import Actor, ActorId

from .case import CaseBody
from .forms import HandlingForm, Improvement, Part, Penalty, Remark

C = TypeVar("C", bound="Investigating")
FORM_KIND = "complaint_form"
#: Who signs the form at which step: the roles that rulebooks name in ``signatures``.
SALES, SERVICE, RND, RULING = "sales", "customer_service", "rnd", "ruling"


class SecondPenalty(RuleBroken):
    """A person or unit would be penalised twice in one case (CMP-20)."""

    default_rule = r.MONTHLY_REVIEW
    problem = Text("A person or unit is penalised once per case.", "同一人或单位在一案中只处罚一次。")


class Investigating(CaseBody):
    """The commands up to the judgement, and those that are possible all along."""

    __slots__ = ()

    @classmethod
    def receive(
        cls: type[C],
        id: ComplaintId,
        number: str,
        form: ComplaintForm,
        rules: ComplaintRules,
        *,
        rulebook: str,
        currency: str,
        salt: str,
        by: Actor,
        at: datetime,
    ) -> tuple[C, tuple[Event, ...]]:
        """Open a case with its first form. Raises NotPermitted. [CMP-01, CMP-25, CMP-28]"""
        step = COMPLAINT_MOVES.opening(Move.RECEIVE, by)
        at = utc(at)
        paper = drawn_up(number, form, rules, salt=salt, by=by, at=at)
        first = HandlingForm(number=number, content=form, document=paper, salt=salt, opened_at=at)
        case = cls(
            id=id,
            branch=by.branch,
            owner=by.id,
            rulebook=rulebook,
            currency=currency,
            path=rules.path,
            customer=form.customer,
            forms=(first,),
            received_at=at,
            moved_at=at,
            reviewed=rules.review_by is None,
        )
        claimed = None if form.claimed is None else form.claimed.minor
        event = case.told(
            ComplaintReceived,
            Move.RECEIVE.value,
            None,
            step.dest,
            by=by,
            at=at,
            path=rules.path.value,
            claimed=claimed,
        )
        return case, (event,)

    def check(self, opinion: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Sales has checked order and demand, and signs its opinion. [CMP-03]"""
        step, at = self.begin(Move.CHECK, by, at)
        checked = Opinion(by.id, at, opinion)
        paper = self.form.document.sign(SALES, by=by.id, at=at, different_people=False)
        self.put_form(checked=checked, document=paper)
        return (self.done(step, ComplaintChecked, by=by, at=at, reason=opinion),)

    def accept(
        self, classification: Classification, rules: ComplaintRules, *, grave: bool, by: Actor, at: datetime
    ) -> tuple[Event, ...]:
        """Customer service takes it on, and the clock starts. Raises MalformedStep. [CMP-02, CMP-04, CMP-16]"""
        step, at = self.begin(Move.ACCEPT, by, at)
        quality = rules.classified(classification).quality
        paper = self.form.document.continued(**{"class": classification.name, "cause": classification.cause})
        paper = paper.sign(SERVICE, by=by.id, at=at, different_people=False)
        self.put_form(accepted_at=at, classification=classification, quality=quality, document=paper)
        self.owner = by.id
        self.grave = self.grave or grave
        return (self.done(step, ComplaintAccepted, by=by, at=at, quality=quality, grave=self.grave),)

    def handle(
        self, classification: Classification, rules: ComplaintRules, *, by: Actor, at: datetime
    ) -> tuple[Event, ...]:
        """The receiver takes it on, at the lowest level. Raises MalformedStep. [CMP-02, CMP-18]"""
        step, at = self.begin(Move.HANDLE, by, at)
        quality = rules.classified(classification).quality
        self.put_form(accepted_at=at, classification=classification, quality=quality)
        self.owner = by.id
        return (self.done(step, ComplaintHandled, by=by, at=at),)

    # --- all along
    def mark(self, *, harm: bool, by: Actor, at: datetime, reason: str = "") -> tuple[Event, ...]:
        """It is grave; ``harm``: somebody was hurt or lost something through a service. [CMP-16, CMP-30]"""
        step, at = self.begin(Move.MARK, by, at, reason)
        self.grave = True
        self.harm = self.harm or harm
        return (self.done(step, ComplaintMarked, by=by, at=at, reason=reason, harm=self.harm),)

    def assign(self, to: ActorId, *, by: Actor, at: datetime, reason: str = "") -> tuple[Event, ...]:
        """Somebody is named to see to the customer, and handles the case from now on. [CMP-16, CMP-17]"""
        step, at = self.begin(Move.ASSIGN, by, at, reason)
        Actor(to, by.branch)  # an id, nothing else
        self.handler = to
        self.owner = to
        return (self.done(step, ComplaintAssigned, by=by, at=at, reason=reason, to=to),)

    def promise(self, until: datetime, *, by: Actor, at: datetime, reason: str = "") -> tuple[Event, ...]:
        """The customer is told when an answer will come: a holding reply, which admits nothing. [CMP-12, CMP-18]"""
        step, at = self.begin(Move.PROMISE, by, at, reason)
        until = utc(until)
        require(until > at, r.LEVELS, accepted=Text("a later time", "更晚的时间"), given=until, at=at)
        self.promises += 1
        self.promised_until = until
        return (self.done(step, AnswerPromised, by=by, at=at, reason=reason, promise=self.promises, until=until),)

    def remark(self, text: str, department: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The customer remarked something besides; it goes to the department concerned. [CMP-29]"""
        step, at = self.begin(Move.REMARK, by, at)
        noted = Remark(state=RemarkState.OPEN, department=named(department), at=at, by=by.id, text=text)
        self.remarks = (*self.remarks, noted)
        count = len(self.remarks)
        return (self.done(step, RemarkNoted, by=by, at=at, reason=text, remark=count, department=department),)

    # --- departments
    def involve(self, departments: Sequence[str], until: datetime, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Other departments are asked for their part, to be done by ``until``; R&D learns of it at once. [CMP-06]"""
        step, at = self.begin(Move.INVOLVE, by, at)
        until = utc(until)
        names = tuple(dict.fromkeys(named(name) for name in several(departments, "departments")))
        asked = {part.department for part in self.parts if part.round == self.round}
        fresh = [name for name in names if name not in asked]
        there = ", ".join(sorted(asked)) or "-"
        require(
            bool(names) and len(fresh) == len(names),
            r.JOINT,
            accepted=Text(f"departments not asked yet (asked: {there})", f"尚未会同的部门（已会同：{there}）"),
            given=names,
        )
        require(until > at, r.JOINT, accepted=Text("a later time", "更晚的时间"), given=until, at=at)
        new = [Part(department=name, round=self.round, asked_at=at, until=until) for name in names]
        first = len(self.parts) + 1
        self.parts = (*self.parts, *new)
        return (self.done(step, DepartmentsInvolved, by=by, at=at, departments=names, until=until, first=first),)

    def contribute(self, department: str, text: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """A department has done its part: reminders end. [CMP-06, CMP-19]"""
        step, at = self.begin(Move.CONTRIBUTE, by, at)
        done = Opinion(by.id, at, text)
        waiting = {
            p.department: count for count, p in enumerate(self.parts, 1) if p.round == self.round and p.done is None
        }
        known = ", ".join(waiting) or "-"
        require(department in waiting, r.CHASING, accepted=Text(known, known), given=department)
        count = waiting[department]
        part = attrs.evolve(self.parts[count - 1], done=done)
        self.parts = (*self.parts[: count - 1], part, *self.parts[count:])
        return (self.done(step, DepartmentContributed, by=by, at=at, reason=text, department=department, part=count),)

    # --- the investigation
    def investigate(self, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The investigation begins. [CMP-25]"""
        step, at = self.begin(Move.INVESTIGATE, by, at)
        return (self.done(step, InvestigationBegun, by=by, at=at),)

    def inspect(self, finding: Finding, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """R&D has inspected the sample and signs what it found, once an investigation. [CMP-27]"""
        step, at = self.begin(Move.INSPECT, by, at)
        there = self.form.finding
        require(there is None, r.FINDING, accepted=Text("one finding an investigation", "每次调查一份检验确认"))
        paper = self.form.document
        entry, role = self.nth("finding", paper.fields), self.nth(RND, self.signed)
        paper = paper.continued(**{entry: "confirmed" if finding.confirmed else "denied"})
        self.put_form(finding=finding, document=paper.sign(role, by=by.id, at=at, different_people=False))
        return (self.done(step, FaultFound, by=by, at=at, reason=finding.text, confirmed=finding.confirmed),)

    def conclude(self, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The investigation has ended: its report is due. [CMP-07]"""
        step, at = self.begin(Move.CONCLUDE, by, at)
        ended = self.form.concluded_at
        require(ended is None, r.REPORT, accepted=Text("an investigation that goes on", "尚在进行的调查"), given=ended)
        self.put_form(concluded_at=at)
        return (self.done(step, InvestigationConcluded, by=by, at=at),)

    def report(self, text: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The report goes to the deputy in charge. [CMP-07]"""
        step, at = self.begin(Move.REPORT, by, at)
        ended = self.form.concluded_at
        require(ended is not None, r.REPORT, accepted=Text("an investigation that has ended", "已结束的调查"))
        waiting = [p.department for p in self.parts if p.round == self.round and p.done is None]
        require(not waiting, r.JOINT, accepted=Text("every department's part", "各部门均已办妥"), missing=waiting)
        self.put_form(report=Opinion(by.id, at, text))
        return (self.done(step, InvestigationReported, by=by, at=at, reason=text),)

    def rule(self, text: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The deputy in charge rules on the report and signs. [CMP-07]"""
        step, at = self.begin(Move.RULE, by, at)
        ruling = Opinion(by.id, at, text)
        there = self.form.ruling
        require(there is None, r.REPORT, accepted=Text("one ruling a report", "每份报告一次批示"))
        role = self.nth(RULING, self.signed)
        paper = self.form.document.sign(role, by=by.id, at=at, different_people=False)
        self.put_form(ruling=ruling, document=paper)
        return (self.done(step, ReportRuled, by=by, at=at, reason=text),)

    def judge(self, judgement: Judgement, rules: ComplaintRules, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """It is judged who is responsible and what is lost; penalties are proposed, none is carried out yet.

        Raises MalformedStep, CurrencyMismatch, RuleBroken, :class:`SecondPenalty`. [CMP-08, CMP-09, CMP-10, CMP-27]
        """
        step, at = self.begin(Move.JUDGE, by, at)
        form, ours = self.form, judgement.liable is Liable.US
        require(form.ruling is not None, r.REPORT, accepted=Text("a ruling on the report", "对报告的批示"))
        require(
            not form.quality or self.finding is not None,
            r.FINDING,
            accepted=Text("R&D's finding", "研发部的检验确认"),
        )
        tracked = judgement.tracked
        require(
            not (form.quality and ours) or tracked is not None,
            r.IMPROVEMENT,
            accepted=Text("whether the improvement is tracked", "明确判定改善是否列入追踪"),
        )
        rules.check_judgement(judgement, self.currency)
        borne = judgement.borne(self.currency)
        penalties = tuple(
            Penalty(
                state=PENALTY_MOVES.opening(PenaltyMove.PROPOSE, by).dest,
                turn=self.turn,
                on=proposed.on,
                discipline=proposed.discipline,
                amount=rules.deduction(proposed, borne),
            )
            for proposed in judgement.penalties
        )
        standing = [penalty for penalty in self.penalties if penalty.state is not PenaltyState.DROPPED]
        penalised = [penalty.on for penalty in (*standing, *penalties)]
        twice = sorted({on for on in penalised if penalised.count(on) > 1})
        if twice:
            raise SecondPenalty(given=twice, accepted=Text("others, or none", "其他对象，或不处罚"))
        lost = judgement.lost(self.currency)
        entries: dict[str, Value] = {"liable": judgement.liable.value, "loss": str(lost), "tracked": bool(tracked)}
        paper = form.document.continued(**entries)
        self.put_form(judgement=judgement, document=paper)
        first = len(self.penalties) + 1
        self.penalties = (*self.penalties, *penalties)
        if tracked:
            state = IMPROVEMENT_MOVES.opening(ImprovementMove.TRACK, by).dest
            self.improvements = (*self.improvements, Improvement(state=state, turn=self.turn))
        judged = self.done(
            step,
            ComplaintJudged,
            by=by,
            at=at,
            reason=judgement.disposal,
            liable=judgement.liable.value,
            unit=judgement.unit,
            lost=lost.minor,
            tracked=bool(tracked),
        )
        proposals = (
            self.told(
                PenaltyMoved,
                f"penalty.{PenaltyMove.PROPOSE.value}",
                None,
                penalty.state,
                by=by,
                at=at,
                penalty=count,
                on=penalty.on,
                discipline=penalty.discipline,
                amount=None if penalty.amount is None else penalty.amount.minor,
            )
            for count, penalty in enumerate(penalties, first)
        )
        return (judged, *proposals)

    def dismiss(self, reason: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The complaint is not established. [CMP-15]"""
        step, at = self.begin(Move.DISMISS, by, at)
        self.put_form(dismissal=Opinion(by.id, at, reason))
        return (self.done(step, ComplaintDismissed, by=by, at=at, reason=reason),)


def named(department: str) -> str:
    """A department, unit or position by its id. Raises MalformedActor."""
    return Actor(ActorId(department), "-").id


def drawn_up(
    number: str,
    form: ComplaintForm,
    rules: ComplaintRules,
    *,
    salt: str,
    by: Actor,
    at: datetime,
    former: str | None = None,
) -> Document:
    """The paper of a handling form, with its copies (CMP-01, CMP-28); what the customer said is kept apart (KRN-14)."""
    fields: dict[str, Value] = {
        "customer": form.customer,
        "order_number": form.order_number,
        "product": form.product,
        "batch": form.batch,
        "specification": form.specification,
        "quantity": form.quantity,
        "defective": form.defective,
        "shipped_on": None if form.shipped_on is None else form.shipped_on.isoformat(),
        "claimed": None if form.claimed is None else str(form.claimed),
        "samples": form.samples,
        "former": former,
    }
    personal: dict[str, Value] = {"demand": form.demand, "reason": form.reason}
    personal |= {f"extra.{name}": value for name, value in form.extra.items()}
    return draw_up(FORM_KIND, number, fields, by=by.id, at=at, copies=rules.copies.form, personal=personal, salt=salt)
