"""Closing a case, and how it is settled once everything that follows has come to its end (CMP-20, CMP-25)."""

from datetime import datetime
from typing import Final

from csdomain.complaints import rules as r
from csdomain.complaints.events import ComplaintClosed, ComplaintReviewed, ComplaintWithdrawn, SettlingBegun
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, Move, State
from csdomain.complaints.policies import month_of
from csdomain.complaints.values import ComplaintRules, Opinion, Path, Remedy
from csdomain.kernel.cases.events import Event
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.store.kinds import storable
from csdomain.kernel.values.actors import Actor

from .case import CaseBody
from .deciding import AnswerBeyondDecision
from .forms import Review
from .papers import require_as_signed

_OUTCOME_LONGEST: Final = 400


class JudgementMissing(RuleBroken):
    """A case would be closed of which nobody has judged who is responsible (CMP-08, CMP-25)."""

    default_rule = r.JUDGEMENT
    problem = Text("A case is closed only once it is judged.", "未判定责任的案件不得结案。")


class Settling(CaseBody):
    """Closing, withdrawing, the monthly review, and what the parts that follow have in common."""

    __slots__ = ()

    def close(self, outcome: str, *, in_time: bool, zone: str, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Close it with an outcome: the clock ends. What is still to be done follows under settling.

        ``in_time`` is whether the clock had not run out. Raises :class:`JudgementMissing`, RuleBroken. [CMP-25]
        """
        step, at = self.begin(Move.CLOSE, by, at)
        require(
            storable(outcome, _OUTCOME_LONGEST) and bool(outcome.strip()),
            r.STATES,
            accepted=Text(f"an outcome of 1 to {_OUTCOME_LONGEST} characters", f"1 到 {_OUTCOME_LONGEST} 字的处理结果"),
            given=len(outcome),
        )
        if self.state is State.NOT_ESTABLISHED:
            waiting = [memo.number for memo in self.memoranda if memo.ruling is None]
            told = self.form.answer is not None
            accepted = Text("a customer who was told, and no open objection", "已告知客户且无未决异议")
            require(told and not waiting, r.NOT_ESTABLISHED, accepted=accepted, missing=waiting)
            # Nothing was judged, so there is nothing to review; what a former form was judged to be still is.
            self.reviewed = self.reviewed or all(form.judgement is None for form in self.forms)
        elif self.path is Path.DEPARTMENTS and any(form.judgement is None for form in self.forms):
            raise JudgementMissing(subject=self.id, accepted=Text("a judgement of each form", "每份处理表均已判定责任"))
        self.closed_at = at
        self.closed_month = month_of(at, zone)
        self.in_time = in_time
        self.outcome = outcome
        event = self.done(step, ComplaintClosed, by=by, at=at, reason=outcome, in_time=in_time, reviewed=self.reviewed)
        return (event, *self.settle_if_nothing_is_open(by, at))

    def withdraw(self, reason: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The customer withdraws it: nothing of it runs on but papers that are on their way. [CMP-25]"""
        step, at = self.begin(Move.WITHDRAW, by, at)
        Opinion(by.id, at, reason)
        return (self.done(step, ComplaintWithdrawn, by=by, at=at, reason=reason),)

    def judge_month(self, unit: str, text: str, rules: ComplaintRules, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The GM office reviews the closed case: which unit among those concerned is liable. [CMP-20]"""
        step, at = self.begin(Move.REVIEW, by, at)
        require(not self.reviewed, r.MONTHLY_REVIEW, accepted=Text("one review a case", "每案审视一次"))
        judged = [form.judgement for form in self.forms if form.judgement is not None]
        concerned = {j.unit for j in judged if j.unit} | {share.unit for j in judged for share in j.shares}
        units = ", ".join(sorted({*rules.review_units, *concerned}))
        require(
            unit in rules.review_units or unit in concerned,
            r.MONTHLY_REVIEW,
            accepted=Text(units, units),
            given=unit,
        )
        self.review = Review(by.id, at, unit, text)
        self.reviewed = True
        event = self.done(step, ComplaintReviewed, by=by, at=at, reason=text, unit=unit)
        return (event, *self.settle_if_nothing_is_open(by, at))

    # --- how the parts move
    def granted(self) -> tuple[int, Remedy]:
        """The remedy that papers can be drawn up for: approved, and the customer has not turned it down.

        Raises :class:`AnswerBeyondDecision`, and Tampered where it is not what stands signed on the form.
        """
        require_as_signed(self)
        ended = self.state in (State.WITHDRAWN, State.SETTLED)
        for number in () if ended else range(self.turn, 0, -1):
            form = self.forms[number - 1]
            if form.approved is not None and form.declined is None:
                return number, form.approved.remedy
        raise AnswerBeyondDecision(subject=self.id, accepted=Text("a remedy that was approved", "已核准的处理方式"))

    def follow_up(self, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The first thing done after closing brings the case under settling."""
        if self.state is not State.CLOSED:
            return ()
        step = COMPLAINT_MOVES.consequence(self, Move.FOLLOW_UP, path=self.path.value)
        return (self.done(step, SettlingBegun, by=by, at=at),)

    def moved(self, event: Event, by: Actor, at: datetime) -> tuple[Event, ...]:
        """What a move of a part of the case brings about: its event, and those of the case."""
        self.moved_at = at
        begun = self.follow_up(by, at)
        return (*begun, event, *self.settle_if_nothing_is_open(by, at))
