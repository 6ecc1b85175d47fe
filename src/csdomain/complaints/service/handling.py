"""The use cases up to the judgement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from csdomain.complaints.lifecycle import Move
from csdomain.complaints.model import Complaint
from csdomain.complaints.values import (
    COMPLAINT,
    COMPLAINT_RULES,
    Classification,
    ComplaintForm,
    Finding,
    Judgement,
)
from csdomain.kernel.cases.events import Event
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.rulebook.usecases import CallOptions

from .base import ComplaintUseCases


class Handling(ComplaintUseCases):
    """Received, checked, accepted, investigated, reported, judged."""

    def receive(self, form: ComplaintForm, *, by: Actor, at: datetime, key: str | None = None) -> Receipt:
        """File a complaint in the actor's branch; the receipt has its id and number.

        Raises NotPermitted, MalformedForm, CurrencyMismatch, NaiveTime, KeyReused. [CMP-01, KRN-10]
        """

        def make(unit: Unit, actor: Actor) -> tuple[Complaint, Sequence[Event]]:
            rules = self.house.rulebook[COMPLAINT_RULES]
            rules.check(form, self.house.currency)
            number = unit.number(rules.number, at, zone=self.house.zone(actor.branch), branch=actor.branch)
            return Complaint.receive(
                self.ids.new(COMPLAINT),
                number,
                form,
                rules,
                rulebook=self.house.rulebook.ref,
                currency=self.house.currency,
                salt=self.salt(),
                by=actor,
                at=at,
            )

        return self.open(Move.RECEIVE, make, by=by, at=at, key=key, arguments={"form": form})

    def check(self, id: str, opinion: str, **call: Unpack[CallOptions]) -> Receipt:
        """Sales has checked order and demand, and signs its opinion.

        Raises NotFound, NotPermitted, MoveRefused, MalformedStep, Conflict, KeyReused. [CMP-03]
        """
        at = call["at"]
        return self.do(
            Move.CHECK, id, lambda case, h: case.check(opinion, by=h.actor, at=at), {"opinion": opinion}, **call
        )

    def accept(
        self, id: str, classification: Classification, *, grave: bool = False, **call: Unpack[CallOptions]
    ) -> Receipt:
        """Customer service takes the complaint on: its clock starts, and the customer is told.

        Raises as :meth:`check`. [CMP-02, CMP-04, CMP-16]
        """
        at = call["at"]
        return self.do(
            Move.ACCEPT,
            id,
            lambda case, h: case.accept(classification, h.rules, grave=grave, by=h.actor, at=at),
            {"classification": classification, "grave": grave},
            **call,
        )

    def handle(self, id: str, classification: Classification, **call: Unpack[CallOptions]) -> Receipt:
        """Where complaints go by level: the receiver takes it on. Raises as :meth:`check`. [CMP-02, CMP-18]"""
        at = call["at"]
        return self.do(
            Move.HANDLE,
            id,
            lambda case, h: case.handle(classification, h.rules, by=h.actor, at=at),
            {"classification": classification},
            **call,
        )

    def mark(self, id: str, *, harm: bool = False, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Mark it as grave; ``harm``: somebody was hurt or lost something through a service. [CMP-16, CMP-30]"""
        at = call["at"]
        return self.do(
            Move.MARK,
            id,
            lambda case, h: case.mark(harm=harm, reason=reason, by=h.actor, at=at),
            {"harm": harm, "reason": reason},
            **call,
        )

    def assign(self, id: str, to: str, *, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Name who sees to the customer; the case is theirs from now on. Raises as :meth:`check`. [CMP-16, CMP-17]"""
        at = call["at"]
        return self.do(
            Move.ASSIGN,
            id,
            lambda case, h: case.assign(ActorId(to), reason=reason, by=h.actor, at=at),
            {"to": to, "reason": reason},
            **call,
        )

    def promise(self, id: str, until: datetime, *, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Tell the customer when an answer will come: a holding reply, which promises nothing else. [CMP-12, CMP-18]"""
        at = call["at"]
        return self.do(
            Move.PROMISE,
            id,
            lambda case, h: case.promise(until, reason=reason, by=h.actor, at=at),
            {"until": until, "reason": reason},
            **call,
        )

    def remark(self, id: str, text: str, department: str, **call: Unpack[CallOptions]) -> Receipt:
        """Note what the customer remarks besides; it goes to the department concerned. [CMP-29]"""
        at = call["at"]
        return self.do(
            Move.REMARK,
            id,
            lambda case, h: case.remark(text, department, by=h.actor, at=at),
            {"text": text, "department": department},
            **call,
        )

    def involve(self, id: str, departments: Sequence[str], until: datetime, **call: Unpack[CallOptions]) -> Receipt:
        """Ask other departments for their part, to be done by ``until``; they are reminded. [CMP-06, CMP-19]"""
        at = call["at"]
        return self.do(
            Move.INVOLVE,
            id,
            lambda case, h: case.involve(departments, until, by=h.actor, at=at),
            {"departments": list(departments), "until": until},
            **call,
        )

    def contribute(self, id: str, department: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """A department has done its part: reminders end. [CMP-06, CMP-19]"""
        at = call["at"]
        return self.do(
            Move.CONTRIBUTE,
            id,
            lambda case, h: case.contribute(department, text, by=h.actor, at=at),
            {"department": department, "text": text},
            **call,
        )

    def investigate(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Begin the investigation. [CMP-25]"""
        at = call["at"]
        return self.do(Move.INVESTIGATE, id, lambda case, h: case.investigate(by=h.actor, at=at), **call)

    def inspect(self, id: str, finding: Finding, **call: Unpack[CallOptions]) -> Receipt:
        """R&D confirms or denies the fault, and signs. [CMP-27]"""
        at = call["at"]
        return self.do(
            Move.INSPECT, id, lambda case, h: case.inspect(finding, by=h.actor, at=at), {"finding": finding}, **call
        )

    def conclude(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """End the investigation: its report is due. [CMP-07]"""
        at = call["at"]
        return self.do(Move.CONCLUDE, id, lambda case, h: case.conclude(by=h.actor, at=at), **call)

    def report(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """Send the investigation report to the deputy in charge. [CMP-07]"""
        at = call["at"]
        return self.do(Move.REPORT, id, lambda case, h: case.report(text, by=h.actor, at=at), {"text": text}, **call)

    def rule(self, id: str, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy in charge rules on the report, and signs. [CMP-07]"""
        at = call["at"]
        return self.do(Move.RULE, id, lambda case, h: case.rule(text, by=h.actor, at=at), {"text": text}, **call)

    def judge(self, id: str, judgement: Judgement, **call: Unpack[CallOptions]) -> Receipt:
        """Judge who is responsible and what is lost; propose penalties; decide whether the improvement is tracked.

        Raises MalformedStep, CurrencyMismatch, SecondPenalty, and as :meth:`check`. [CMP-08, CMP-09, CMP-10, CMP-27]
        """
        at = call["at"]
        return self.do(
            Move.JUDGE,
            id,
            lambda case, h: case.judge(judgement, h.rules, by=h.actor, at=at),
            {"judgement": judgement},
            **call,
        )

    def dismiss(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The complaint is not established. [CMP-15]"""
        at = call["at"]
        return self.do(
            Move.DISMISS, id, lambda case, h: case.dismiss(reason, by=h.actor, at=at), {"reason": reason}, **call
        )
