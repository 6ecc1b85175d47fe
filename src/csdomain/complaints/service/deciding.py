"""The use cases around the decision and the customer's word on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Unpack

from csdomain.complaints.lifecycle import Move
from csdomain.complaints.model import Complaint
from csdomain.complaints.values import Channel, ComplaintForm, Remedy
from csdomain.kernel.cases.events import Event
from csdomain.kernel.papers.approvals import ApprovalExplanation, Outcome
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.arguments import BY_RULE
from csdomain.rulebook.usecases import CallOptions

from .base import ComplaintUseCases, Hand


class Deciding(ComplaintUseCases):
    """Submitted, decided, answered, declined; by level: escalated, proposed, satisfied."""

    def submit(self, id: str, remedy: Remedy, **call: Unpack[CallOptions]) -> Receipt:
        """Put a remedy before the authority to which the case's amount belongs. [CMP-11]"""
        at = call["at"]
        return self.do(
            Move.SUBMIT, id, lambda case, h: case.submit(remedy, h.rules, by=h.actor, at=at), {"remedy": remedy}, **call
        )

    def revise(self, id: str, remedy: Remedy, **call: Unpack[CallOptions]) -> Receipt:
        """Put another remedy in the place of the approved one: the approval is void. [CMP-11, KRN-08]"""
        at = call["at"]
        return self.do(
            Move.REVISE, id, lambda case, h: case.revise(remedy, h.rules, by=h.actor, at=at), {"remedy": remedy}, **call
        )

    def recommend(self, id: str, opinion: str, **call: Unpack[CallOptions]) -> Receipt:
        """Recommend below the authority that decides. Raises OwnRequest, BeyondAuthority. [CMP-11, KRN-08]"""
        return self._decide(Move.RECOMMEND, id, Outcome.RECOMMENDED, opinion, **call)

    def approve(self, id: str, *, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Approve the remedy, by the authority held at this moment, in person or standing in.

        Raises OwnRequest, BeyondAuthority, SignatureMissing, Tampered, and as every command. [CMP-11, KRN-08]
        """
        return self._decide(Move.APPROVE, id, Outcome.APPROVED, reason, **call)

    def reject(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Reject the remedy, with a reason. Raises as :meth:`approve`. [CMP-11, KRN-08]"""
        return self._decide(Move.RETURN, id, Outcome.REJECTED, reason, **call)

    def return_back(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Return the remedy to be worked over, with a reason. Raises as :meth:`approve`. [CMP-11, KRN-08]"""
        return self._decide(Move.RETURN, id, Outcome.RETURNED, reason, **call)

    def _decide(self, move: Move, id: str, outcome: Outcome, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        at = call["at"]
        return self.do(
            move,
            id,
            lambda case, h: case.decide(outcome, h.rules, self.standing(h, at), by=h.actor, at=at, reason=reason),
            {"outcome": outcome, "reason": reason},
            **call,
        )

    def approval(self, id: str, *, by: Actor, at: datetime) -> ApprovalExplanation:
        """Who decides the case as it is, what ``by`` may do with it at ``at``, and why, as data. [CMP-11, KRN-08]"""

        def work(unit: Unit, actor: Actor) -> ApprovalExplanation:
            case = self._readable(unit, id, actor)
            hand = Hand(actor, unit, self.rules_of(case, unit))
            return case.explain_decision(hand.rules, self.standing(hand, at), by=actor.id, at=at)

        return self._read(work, by)

    # --- the customer
    def answer(self, id: str, channel: Channel, text: Annotated[str, BY_RULE], **call: Unpack[CallOptions]) -> Receipt:
        """Tell the customer the outcome by a notice of its own; a grave complaint is answered by letter.

        Raises AnswerBeyondDecision, InternalDisclosed, ApprovalVoid, Tampered. [CMP-12, CMP-13, CMP-16]
        """
        at = call["at"]
        return self.do(
            Move.ANSWER,
            id,
            lambda case, h: case.answer(channel, text, by=h.actor, at=at),
            {"channel": channel, "text": text},
            **call,
        )

    def decline(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer does not accept. [CMP-14]"""
        at = call["at"]
        return self.do(
            Move.DECLINE, id, lambda case, h: case.decline(reason, by=h.actor, at=at), {"reason": reason}, **call
        )

    def renew(self, id: str, form: ComplaintForm, **call: Unpack[CallOptions]) -> Receipt:
        """Open a new form that attaches the former one; its own clock runs. The receipt has its number.

        Raises MalformedForm, CurrencyMismatch, and as every command. [CMP-14]
        """
        at = call["at"]

        def command(case: Complaint, hand: Hand, number: str) -> Sequence[Event]:
            hand.rules.check(form, case.currency)
            return case.renew(number, form, hand.rules, salt=self.salt(), by=hand.actor, at=at)

        return self.on_paper(Move.RENEW, id, lambda rules: rules.number, command, {"form": form}, **call)

    # --- not established
    def object(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer objects to the complaint not being established: a memorandum to the superior. [CMP-15]"""
        at = call["at"]
        return self.on_paper(
            Move.OBJECT,
            id,
            lambda rules: rules.numbers.memorandum,
            lambda case, h, number: case.object(number, text, h.rules, by=h.actor, at=at),
            {"text": text},
            **call,
        )

    def sustain(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The superior stands by it that the complaint is not established. Raises OwnRequest. [CMP-15]"""
        at = call["at"]
        return self.do(
            Move.SUSTAIN,
            id,
            lambda case, h: case.rule_on_objection(reopen=False, text=text, by=h.actor, at=at),
            {"text": text},
            **call,
        )

    def reopen(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The superior has it investigated anew. Raises OwnRequest. [CMP-15]"""
        at = call["at"]
        return self.do(
            Move.REOPEN,
            id,
            lambda case, h: case.rule_on_objection(reopen=True, text=text, by=h.actor, at=at),
            {"text": text},
            **call,
        )

    # --- by level
    def escalate(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Hand it up one level, with the reason. [CMP-18]"""
        at = call["at"]
        return self.do(
            Move.ESCALATE,
            id,
            lambda case, h: case.escalate(reason, h.rules, by=h.actor, at=at),
            {"reason": reason},
            **call,
        )

    def propose(self, id: str, remedy: Remedy, **call: Unpack[CallOptions]) -> Receipt:
        """Propose a solution within one's own authority: that is the decision. [CMP-12, CMP-18]"""
        at = call["at"]
        return self.do(
            Move.PROPOSE,
            id,
            lambda case, h: case.propose(remedy, h.rules, self.standing(h, at), by=h.actor, at=at),
            {"remedy": remedy},
            **call,
        )

    def satisfy(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer accepts the solution. [CMP-18]"""
        at = call["at"]
        return self.do(Move.SATISFY, id, lambda case, h: case.satisfy(by=h.actor, at=at), **call)
