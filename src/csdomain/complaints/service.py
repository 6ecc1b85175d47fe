"""The use cases of complaints, one method each."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Final, Unpack

import attrs

from csdomain.casework.authorities import Authorities, GivenPositions, inbox_of
from csdomain.casework.months import check_month
from csdomain.casework.related import Related, near, relation
from csdomain.casework.worklists import Inbox, Reassigned, Wait, inbox, reassign
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import ApprovalExplanation, Outcome
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import Comparison, Page, Query, Tally, TallyRow, Where
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.arguments import BY_RULE
from csdomain.kernel.values.money import Money
from csdomain.rulebook import Rulebook

from .case import COMPLAINTS, Complaint
from .case.columns import (
    BATCH,
    CLOSED_AT,
    CLOSED_MONTH,
    CUSTOMER,
    DESKS,
    DISCREPANCIES,
    LEVEL,
    OPEN_REMARKS,
    ORDER,
    PRODUCT,
    RECEIVED_AT,
    REVIEWED,
    STATE,
    URGENCY,
)
from .case.waiting import waiting
from .commands import (
    answering,
    compensating,
    deciding,
    investigating,
    receiving,
    returning,
    settling,
    taking_over,
)
from .commands.marks import CERTIFICATES, IMPROVEMENTS, PENALTIES, REMARKS, SLIPS, ComplaintAct, does
from .commands.taking_over import PastCase
from .effects import EFFECTS
from .lifecycle import OPEN, ImprovementMove
from .values import (
    COMPLAINT_RULES,
    IN_STEP,
    PERSONAL,
    Channel,
    Classification,
    ComplaintForm,
    ComplaintRules,
    Finding,
    Goods,
    Judgement,
    Remedy,
)

#: So many other cases of a customer are looked at beside one that is decided.
_SIBLINGS: Final = 200


def _obstacles(case: Complaint, rules: ComplaintRules, _: Rulebook) -> Iterator[Text]:
    """The variant of the flow, the level a case has come to, and its class stay what they are. [CMP-02, CMP-18]"""
    if rules.path is not case.path:
        yield Text(
            f"it goes by {case.path.value}, not {rules.path.value}",
            f"其流程为 {case.path.value}，而非 {rules.path.value}",
        )
    levels = len(rules.ladder.bands)
    if case.level >= levels:
        yield Text(
            f"it is at level {case.level + 1} of {levels}", f"其层级为第 {case.level + 1} 级，而仅有 {levels} 级"
        )
    kind = case.form.classification
    if kind is not None and (kind.name not in rules.classes or kind.cause not in rules.classes[kind.name].causes):
        yield Text(f"there is no class {kind.name}: {kind.cause}", f"没有类别 {kind.name}：{kind.cause}")


COMPLAINT_CASES: Final = CaseType(
    COMPLAINTS,
    does,
    EFFECTS,
    (SLIPS, CERTIFICATES, PENALTIES, IMPROVEMENTS, REMARKS),
    Keeping("complaint", CUSTOMER, lambda rules: rules.hold_reasons),
    more_actions=(PERSONAL,),
    obstacles=_obstacles,
)


@attrs.frozen
class Complaints(CaseService[Complaint, ComplaintAct]):
    """Complaints, from the counter to the archive: one method a use case.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused; what else it refuses, its docstring says.
    """

    _cases: ClassVar = COMPLAINT_CASES
    _authorities: Authorities = attrs.field(factory=GivenPositions)

    def _hand(self, unit: Unit, **given: Any) -> ComplaintAct:
        return ComplaintAct(
            # What a decision rests on is read last and stays as it is until the unit ends.
            authorities=partial(self._authorities.standing, unit, lock=True),
            resolve=self._house.resolve,
            siblings=partial(_received, unit),
            works=partial(self._authorities.works, unit),
            positions=self._house.permissions.positions,
            **given,
        )

    def _asking(self, unit: Unit, case: Complaint, actor: Actor, at: datetime) -> ComplaintAct:
        act = super()._asking(unit, case, actor, at)
        return attrs.evolve(act, authorities=partial(self._authorities.standing, unit))

    def _standing_in(self, unit: Unit, case: Complaint, actor: Actor, at: datetime) -> Actor:
        """With each principal as far as deciding goes: the case read, and what decides it."""
        carried = {self._cases.read, *(does.table.actions[move] for move in does.carried)}
        return self._asking(unit, case, actor, at).standing.standing_in(actor, at, carried, self._house.resolve)

    # --- received and taken on
    def receive(self, form: ComplaintForm, **call: Unpack[OpenOptions]) -> Receipt:
        """File a complaint in the actor's branch; the receipt has its id and number.

        Raises NotPermitted, MalformedForm, CurrencyMismatch, NaiveTime, KeyReused. [CMP-01, KRN-10]
        """
        return self._begin(receiving.receive, call, form)

    def check(self, id: str, opinion: str, **call: Unpack[CallOptions]) -> Receipt:
        """Sales has checked order and demand, and signs its opinion. Raises MalformedStep. [CMP-03]"""
        return self._do(receiving.check, id, call, opinion)

    def accept(
        self, id: str, classification: Classification, *, grave: bool = False, **call: Unpack[CallOptions]
    ) -> Receipt:
        """Customer service takes the complaint on: its clock starts, the customer is told. [CMP-02, CMP-04, CMP-16]"""
        return self._do(receiving.accept, id, call, classification, grave=grave)

    def handle(self, id: str, classification: Classification, **call: Unpack[CallOptions]) -> Receipt:
        """Take the complaint on, where the house routes by level. Raises MalformedStep. [CMP-02, CMP-18]"""
        return self._do(receiving.handle, id, call, classification)

    def mark(self, id: str, *, harm: bool = False, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Mark the case as grave; ``harm`` says that a service hurt somebody or caused a loss. [CMP-16, CMP-30]"""
        return self._do(receiving.mark, id, call, harm=harm, reason=reason)

    def assign(
        self, id: str, to: str, *, position: bool = False, reason: str = "", **call: Unpack[CallOptions]
    ) -> Receipt:
        """Name who sees to the customer until another is named: somebody who works in the case's branch now, who owns
        the case from now on; or with ``position`` whoever holds that position there.

        Raises RuleBroken for somebody who does not work there or an unknown position. [CMP-16, CMP-17]
        """
        return self._do(receiving.assign, id, call, ActorId(to), position=position, reason=reason)

    def promise(
        self,
        id: str,
        until: datetime | None = None,
        *,
        within: str = "",
        reason: str = "",
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """Tell the customer when an answer will come: a holding reply, which promises nothing else.

        It comes by ``until``, an aware instant, or ``within`` a duration on the branch's calendar ("2 working hours").
        Raises NaiveTime, MalformedDuration, RuleBroken where it is not later, and as every command. [CMP-12, CMP-18]
        """
        return self._do(receiving.promise, id, call, until, within=within, reason=reason)

    def remark(self, id: str, text: str, department: str, **call: Unpack[CallOptions]) -> Receipt:
        """Note what the customer remarks besides; it goes to the department concerned. [CMP-29]"""
        return self._do(receiving.remark, id, call, text, department)

    def wait_for_customer(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Wait for the customer: the clocks that the rulebook names stand still until :meth:`resume`.

        Raises RuleBroken where the rulebook names none, or the case waits already. [KRN-06]
        """
        return self._do(receiving.wait_for_customer, id, call, reason)

    def resume(self, id: str, *, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """The customer has done what the case waited for: its clocks run again, their deadlines moved by the time
        between, counted as each clock is. Raises RuleBroken where the case does not wait. [KRN-06]"""
        return self._do(receiving.resume, id, call, reason=reason)

    def note(self, id: str, text: str = "", *, attachments: Sequence[str] = (), **call: Unpack[CallOptions]) -> Receipt:
        """Note something on the case, or add the host's references to files, until its end. [CMP-25]"""
        return self._do(receiving.note, id, call, text, attachments)

    def prioritise(self, id: str, priority: str, *, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Give the case one of the house's priorities, or none by an empty text: inboxes sort by it. [CMP-16]"""
        return self._do(receiving.prioritise, id, call, priority, reason=reason)

    # --- looked into, reported, judged
    def involve(self, id: str, departments: Sequence[str], until: datetime, **call: Unpack[CallOptions]) -> Receipt:
        """Ask other departments for their part, to be done by ``until``; they are reminded. [CMP-06, CMP-19]"""
        return self._do(investigating.involve, id, call, departments, until)

    def contribute(
        self, id: str, department: str, text: str, *, word_of: str = "", **call: Unpack[CallOptions]
    ) -> Receipt:
        """Record that a department has done its part: its reminders end. [CMP-06, CMP-19]

        ``word_of`` says who of the department said so, where the actor holds no position named like it.
        """
        return self._do(investigating.contribute, id, call, department, text, word_of=word_of)

    def investigate(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Begin the investigation. [CMP-25]"""
        return self._do(investigating.investigate, id, call)

    def inspect(self, id: str, finding: Finding, **call: Unpack[CallOptions]) -> Receipt:
        """Record what R&D found of the fault, confirmed or not, signed. [CMP-27]"""
        return self._do(investigating.inspect, id, call, finding)

    def conclude(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """End the investigation; the clock of its report starts. [CMP-07]"""
        return self._do(investigating.conclude, id, call)

    def report(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """Send the investigation report to the deputy in charge. [CMP-07]"""
        return self._do(investigating.report, id, call, text)

    def rule(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy in charge rules on the report, and signs. [CMP-07]"""
        return self._do(investigating.rule, id, call, text)

    def judge(self, id: str, judgement: Judgement, **call: Unpack[CallOptions]) -> Receipt:
        """Judge who is responsible and what is lost; propose penalties; decide whether the improvement is tracked.

        Raises MalformedStep, CurrencyMismatch, SecondPenalty. [CMP-08, CMP-09, CMP-10, CMP-27]
        """
        return self._do(investigating.judge, id, call, judgement)

    def dismiss(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Dismiss as not established, by the authority that the claim belongs to. Raises BeyondAuthority. [CMP-15]"""
        return self._do(deciding.dismiss, id, call, reason)

    def reclassify(self, id: str, classification: Classification, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Correct the class or the cause, with the reason; the former one stays on the form. [CMP-02, KRN-09]"""
        return self._do(receiving.reclassify, id, call, classification, reason)

    def return_report(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy in charge returns the report: the investigation goes on. [CMP-07]"""
        return self._do(investigating.return_report, id, call, reason)

    def correct_judgement(self, id: str, judgement: Judgement, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Correct the judgement once its penalties and improvements are dropped. Raises as :meth:`judge`. [CMP-08]"""
        return self._do(investigating.correct_judgement, id, call, judgement, reason)

    # --- decided
    def submit(self, id: str, remedy: Remedy, **call: Unpack[CallOptions]) -> Receipt:
        """Put a remedy before the authority to which the case's amount belongs. [CMP-11]"""
        return self._do(deciding.submit, id, call, remedy)

    def revise(self, id: str, remedy: Remedy, **call: Unpack[CallOptions]) -> Receipt:
        """Replace the approved remedy by another one; the approval becomes void. [CMP-11, KRN-08]"""
        return self._do(deciding.revise, id, call, remedy)

    def recommend(self, id: str, opinion: str, **call: Unpack[CallOptions]) -> Receipt:
        """Recommend below the authority that decides. Raises OwnRequest, BeyondAuthority. [CMP-11, KRN-08]"""
        return self._do(deciding.recommend, id, call, Outcome.RECOMMENDED, opinion)

    def approve(self, id: str, *, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Approve the remedy, by the authority held at this moment, in person or standing in.

        Raises OwnRequest, BeyondAuthority, SignatureMissing, Tampered, and as every command. [CMP-11, KRN-08]
        """
        return self._do(deciding.approve, id, call, Outcome.APPROVED, reason)

    def reject(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Reject the remedy, with a reason. Raises as :meth:`approve`. [CMP-11, KRN-08]"""
        return self._do(deciding.turn_down, id, call, Outcome.REJECTED, reason)

    def return_back(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Return the remedy for rework, with a reason. Raises as :meth:`approve`. [CMP-11, KRN-08]"""
        return self._do(deciding.turn_down, id, call, Outcome.RETURNED, reason)

    # --- told, and the customer's word on it
    def answer(self, id: str, channel: Channel, text: Annotated[str, BY_RULE], **call: Unpack[CallOptions]) -> Receipt:
        """Tell the customer the outcome by a notice of its own; a grave complaint is answered by letter.

        Raises AnswerBeyondDecision, InternalDisclosed, ApprovalVoid, Tampered. [CMP-12, CMP-13, CMP-16]
        """
        return self._do(answering.answer, id, call, channel, text)

    def clear(self, id: str, text: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Declare that this very text, never the form itself, discloses nothing though it seems to. [CMP-13]"""
        return self._do(answering.clear, id, call, text, reason)

    def decline(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Record that the customer does not accept the solution. [CMP-14]"""
        return self._do(answering.decline, id, call, reason)

    def renew(self, id: str, form: ComplaintForm, **call: Unpack[CallOptions]) -> Receipt:
        """Open a new form with a clock of its own that attaches the former one, also of a case that is closed or
        settled; the receipt has its number. Raises MalformedForm, CurrencyMismatch. [CMP-14]"""
        return self._do(answering.renew, id, call, form)

    def handle_again(self, id: str, form: ComplaintForm, **call: Unpack[CallOptions]) -> Receipt:
        """Reopen a closed case by a new form, where the house routes by level. Raises as :meth:`renew`. [CMP-14]"""
        return self._do(answering.handle_again, id, call, form)

    # --- not established
    def object(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer objects to the dismissal; a memorandum about it goes to the superior. [CMP-15]"""
        return self._do(answering.object_to, id, call, text)

    def sustain(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The superior confirms that the complaint is not established. Raises OwnRequest. [CMP-15]"""
        return self._do(answering.sustain, id, call, text)

    def reopen(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The superior has the case investigated again. Raises OwnRequest. [CMP-15]"""
        return self._do(answering.reopen, id, call, text)

    # --- by level
    def escalate(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Hand the case to the next level up, with the reason. [CMP-18]"""
        return self._do(deciding.escalate, id, call, reason)

    def propose(self, id: str, remedy: Remedy, **call: Unpack[CallOptions]) -> Receipt:
        """Propose a solution within one's own authority: proposing it decides it. [CMP-12, CMP-18]"""
        return self._do(deciding.propose, id, call, remedy)

    def satisfy(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Record that the customer accepts the solution. [CMP-18]"""
        return self._do(deciding.satisfy, id, call)

    # --- closed, withdrawn, reviewed
    def close(self, id: str, outcome: str, **call: Unpack[CallOptions]) -> Receipt:
        """Close the complaint: its clock stops, and the customer is told. Raises JudgementMissing. [CMP-25]"""
        return self._do(settling.close, id, call, outcome)

    def withdraw(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer withdraws the complaint: its timers end. [CMP-25]"""
        return self._do(settling.withdraw, id, call, reason)

    def review(self, id: str, unit: str, text: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """The GM office reviews a closed case: which unit is liable. [CMP-20]"""
        return self._do(settling.review, id, call, unit, text)

    # --- returns
    def draw_slip(self, id: str, method: str, **call: Unpack[CallOptions]) -> Receipt:
        """Draw up the return slip for the goods approved to come back; the receipt has its number. [CMP-22]"""
        return self._do(returning.draw_slip, id, call, method)

    def sign_slip(self, id: str, slip: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy for sales signs the slip; its copies go with the goods. [CMP-22]"""
        return self._do(returning.sign_slip, id, call, slip)

    def take_in(self, id: str, slip: str, delivered: Sequence[Goods], **call: Unpack[CallOptions]) -> Receipt:
        """The warehouse takes goods in against a signed slip of this case.

        Raises ReturnWithoutSlip, Unsigned, Tampered, NotOnSlip, QuantityOverSlip. [CMP-23]
        """
        return self._do(returning.take_in, id, call, slip, delivered)

    def reconcile(self, id: str, slip: str, voucher: str, **call: Unpack[CallOptions]) -> Receipt:
        """Finance compares what came back with what was approved: booked, or an open discrepancy. [CMP-24]"""
        return self._do(returning.reconcile, id, call, slip, voucher)

    def resolve(self, id: str, slip: str, approved: int, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy for sales agrees to the quantity that came back: the discrepancy is resolved. [CMP-24]"""
        return self._do(returning.resolve, id, call, slip, approved, reason)

    def cancel_slip(self, id: str, slip: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Cancel a return slip before it is booked: the goods do not come back, or go back again. [CMP-22]"""
        return self._do(returning.cancel_slip, id, call, slip, reason)

    # --- compensation
    def draw_certificate(self, id: str, amount: Money, **call: Unpack[CallOptions]) -> Receipt:
        """Draw up a discount certificate; the receipt has its number. [CMP-21]"""
        return self._do(compensating.draw_certificate, id, call, amount)

    def sign_certificate(self, id: str, certificate: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy for sales signs. [CMP-21]"""
        return self._do(compensating.sign_certificate, id, call, certificate)

    def countersign_certificate(self, id: str, certificate: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer has signed; finance gets its copy. [CMP-21]"""
        return self._do(compensating.countersign_certificate, id, call, certificate)

    def book_certificate(self, id: str, certificate: str, voucher: str, **call: Unpack[CallOptions]) -> Receipt:
        """Finance books a certificate that both sides have signed. Raises Unsigned, Tampered. [CMP-21]"""
        return self._do(compensating.book_certificate, id, call, certificate, voucher)

    def void_certificate(
        self, id: str, certificate: str, reason: str, *, waived: bool = False, **call: Unpack[CallOptions]
    ) -> Receipt:
        """Make a certificate void before it is booked; ``waived``: the customer does not take the amount. [CMP-21]"""
        return self._do(compensating.void_certificate, id, call, certificate, reason, waived=waived)

    # --- penalties, counted from 1 in the order of their proposals
    def approve_penalty(self, id: str, penalty: int, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy in charge approves a proposed penalty. Raises OwnRequest. [CMP-10]"""
        return self._do(compensating.approve_penalty, id, call, penalty, "")

    def drop_penalty(self, id: str, penalty: int, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy in charge drops a penalty that is proposed or approved. Raises OwnRequest. [CMP-10, CMP-20]"""
        return self._do(compensating.drop_penalty, id, call, penalty, reason)

    def notice_penalty(self, id: str, penalty: int, **call: Unpack[CallOptions]) -> Receipt:
        """The general manager approves the penalty notice; the receipt has its number. Raises OwnRequest. [CMP-20]"""
        return self._do(compensating.notice_penalty, id, call, penalty)

    def carry_out_penalty(self, id: str, penalty: int, **call: Unpack[CallOptions]) -> Receipt:
        """Personnel carries out a deduction on its signed notice. [CMP-20]"""
        return self._do(compensating.carry_out_penalty, id, call, penalty, "")

    def publish_penalty(self, id: str, penalty: int, **call: Unpack[CallOptions]) -> Receipt:
        """Personnel publishes the discipline of a reviewed case. [CMP-20]"""
        return self._do(compensating.publish_penalty, id, call, penalty, "")

    # --- improvements and remarks, counted from 1
    def improve(
        self, id: str, improvement: int, move: ImprovementMove, note: str, **call: Unpack[CallOptions]
    ) -> Receipt:
        """An improvement is carried out, verified to have its effect, found to have none, or dropped. [CMP-09]"""
        return self._do(compensating.IMPROVE[move], id, call, improvement, note)

    def answer_remark(self, id: str, remark: int, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """Record that the department concerned has dealt with a remark. [CMP-29]"""
        return self._do(compensating.answer_remark, id, call, remark, text)

    def take_over(self, past: PastCase, **call: Unpack[OpenOptions]) -> Receipt:
        """Take over a case as it stood in another system, under its own number.

        Nobody is told, nothing fires; of an open case the deadline is started if it still lies ahead.

        Raises NotPermitted, RuleBroken, MalformedForm, CurrencyMismatch, NumberTaken, KeyReused.
        [CMP-25]
        """
        return self._begin(taking_over.take_over, call, past)

    # --- questions
    def approval(self, id: str, *, by: Actor, at: datetime) -> ApprovalExplanation:
        """Who decides the case as it is, what ``by`` may do with it at ``at``, and why, as data.

        It says as well which other cases of the customer are like it, whether they count or not. [CMP-11, KRN-08]
        """

        def work(unit: Unit, actor: Actor) -> ApprovalExplanation:
            case, who = self._found(unit, id, actor, utc(at))
            may = {move.move for move in self._moves(unit, case, actor, utc(at)) if move.allowed}
            explained = deciding.explain_decision(case, self._asking(unit, case, who, utc(at)))
            return attrs.evolve(explained, may=next((o for o, move in deciding.BY.items() if move in may), None))

        return self._read(work, by, id)

    def queue(self, query: Query[Complaint] = Query(), *, by: Actor) -> Page[Complaint]:  # noqa: B008 - frozen
        """The queue of ``by``: the cases that ``by`` owns and that are neither settled nor withdrawn.

        Grave ones come before others, then by priority, unless the query orders otherwise. [CMP-16]
        """
        return CaseService.queue(self, _urgent_first(query), by=by)

    def inbox(
        self,
        query: Query[Complaint] = Query(),  # noqa: B008 - frozen
        *,
        by: Actor,
        at: datetime,
        position: str | None = None,
        person: str | None = None,
        branch: str | None = None,
        level: int | None = None,
    ) -> Inbox[Complaint]:
        """One page of the cases that wait for ``by``, each with what for: for the person, for a position held now, or
        for one of those whose authority ``by`` stands in for.

        With ``position`` or ``person``: what waits for them instead. Only cases that ``by`` may read, of ``branch`` or
        at ``level`` where given; grave ones first unless the query orders otherwise. A page may hold fewer than its
        limit while ``next`` goes on. Raises NotPermitted, MalformedQuery. [CMP-16, CMP-17, CMP-18]
        """
        at = utc(at)

        def work(unit: Unit, actor: Actor) -> Inbox[Complaint]:
            names = frozenset({*([] if position is None else [position]), *([] if person is None else [f"={person}"])})
            if not names:
                authorities = {band.authority for band in self._house.rulebook[COMPLAINT_RULES].ladder.bands}
                names = inbox_of(unit, self._authorities, actor, authorities, at)
            where = query.where
            where += () if branch is None else (Where("branch", Comparison.IS, branch),)
            where += () if level is None else (LEVEL.is_(level),)

            def find(waiting: tuple[Where[Complaint], ...]) -> Page[Complaint]:
                asked = attrs.evolve(_urgent_first(query), where=(*where, *waiting))
                return self._shown(unit.of(COMPLAINTS).find(self._with_own(asked, actor)), actor)

            def waits(case: Complaint) -> tuple[Wait, ...]:
                return waiting(case, COMPLAINT_CASES.effects.rules_of(case, self._house, unit))

            return inbox(unit, COMPLAINTS, DESKS, names, find, waits)

        return self._read(work, by)

    def _with_own(self, asked: Query[Complaint], actor: Actor) -> Query[Complaint]:
        """What is asked, of the cases that ``actor`` may read, with those that ``actor`` owns in other branches."""
        scope = self._scope(actor)
        own: Where[Complaint] = Where("owner", Comparison.IS, actor.id)
        return self._within(asked, actor) if not scope or asked.either else attrs.evolve(asked, either=(*scope, own))

    def unanswered(self, *, by: Actor, limit: int = 50) -> Page[Complaint]:
        """The cases with a customer's remark that no department has dealt with yet. [CMP-29]"""
        return self.find(Query((OPEN_REMARKS.present(),), limit=limit), by=by)

    def related(self, id: str, *, by: Actor, limit: int = 50) -> tuple[Related[Complaint], ...]:
        """The cases of the same customer that are about the same order, batch or product, received within the house's
        days for that (``related.days``) of this one, the latest first: those that ``by`` may read. None where the
        house has no such days.

        One that is about the same goods and defective pieces and not closed yet looks like the same complaint filed
        twice. [KRN-08]
        """

        def work(unit: Unit, actor: Actor) -> tuple[Related[Complaint], ...]:
            case = self._readable(unit, id, actor)
            rules = COMPLAINT_CASES.effects.rules_of(case, self._house, unit).related
            if rules is None:
                return ()

            def find(query: Query[Complaint]) -> Page[Complaint]:
                return self._shown(unit.of(COMPLAINTS).find(self._within(query, actor)), actor)

            others = near(case, rules, CUSTOMER, RECEIVED_AT, (ORDER, BATCH, PRODUCT), find, limit)
            return tuple(_relation(case, other) for other in others)

        return self._read(work, by, id)

    def reassign(self, owner: str, to: str, *, reason: str = "", **call: Unpack[OpenOptions]) -> Reassigned:
        """Name ``to`` for every open case of ``owner`` that ``by`` may read: of somebody who leaves.

        Each case is a command of its own; what is refused is listed and the rest goes on. Begun again, it goes on where
        it ended. Raises NotPermitted, NaiveTime. [CMP-17]
        """
        states = STATE.among([state.value for state in OPEN])
        query = Query[Complaint]((Where("owner", Comparison.IS, owner), states), limit=200)
        find, assign = partial(self.find, by=call["by"]), partial(self.assign, to=to, reason=reason)
        return reassign(find, query, assign, call)

    def papers(self, id: str, *, by: Actor) -> tuple[Document, ...]:
        """Every paper of the case: forms, memoranda, slips, certificates, penalty notices; each can be printed, and
        says which copy lies with whom. Personal fields are there: printing masks them. [KRN-09]"""
        return self._read(lambda unit, actor: self._readable(unit, id, actor).papers, by, id)

    def open_ends(self, id: str, *, by: Actor) -> tuple[str, ...]:
        """The parts that are not at their end yet, by name; the case is settled when there are none. [CMP-25]"""
        return self._read(lambda unit, actor: self._readable(unit, id, actor).open_ends(), by, id)

    def discrepancies(self, *, by: Actor, limit: int = 50) -> Page[Complaint]:
        """The cases with a return slip that finance finds at odds with what was approved. [CMP-24]"""
        return self.find(Query((DISCREPANCIES.present(),), limit=limit), by=by)

    def to_review(self, month: str, *, by: Actor, limit: int = 50) -> Page[Complaint]:
        """The cases closed in ``month`` (``2026-03``) that nobody has reviewed yet. [CMP-20]"""
        return self.find(Query((CLOSED_MONTH.is_(month), CLOSED_AT.present(), REVIEWED.is_(False)), limit=limit), by=by)

    def statistics(self, month: str, *group_by: str, by: Actor) -> Sequence[TallyRow]:
        """The cases closed in ``month``, counted by columns (``class_name``, ``cause``, ``unit``, ``product``, …).

        Each row has the amounts claimed, granted and lost; group by ``in_time`` to see those that were late. Raises
        MalformedStep for what is no month such as ``2026-03``. [CMP-26]
        """
        where = (CLOSED_MONTH.is_(check_month(month, IN_STEP)), CLOSED_AT.present())
        return self.tally(Tally(where, group_by, ("claimed", "granted", "lost")), by=by)


def _received(unit: Unit, customer: str, since: datetime) -> Iterable[Complaint]:
    query = Query((CUSTOMER.is_(customer), RECEIVED_AT.at_least(since)), limit=_SIBLINGS)
    return unit.of(COMPLAINTS).find(query).items


def _urgent_first(query: Query[Complaint]) -> Query[Complaint]:
    plain = query.order_by == "id" and not query.descending
    return attrs.evolve(query, order_by=URGENCY.name, descending=True) if plain else query


def _relation(case: Complaint, other: Complaint) -> Related[Complaint]:
    names = ("order_number", "batch", "product")
    mine, theirs = ({name: getattr(one.forms[0].content, name) for name in names} for one in (case, other))
    defective = case.forms[0].content.defective == other.forms[0].content.defective
    return relation(mine, other, theirs, running=defective and other.state in OPEN)
