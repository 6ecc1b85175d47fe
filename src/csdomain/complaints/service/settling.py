"""The use cases of closing, and of what follows each to its own end."""

from collections.abc import Sequence
from typing import Unpack

from csdomain.complaints.lifecycle import (
    CERTIFICATE_MOVES,
    IMPROVEMENT_MOVES,
    PENALTY_MOVES,
    REMARK_MOVES,
    SLIP_MOVES,
    CertificateMove,
    ImprovementMove,
    Move,
    PenaltyMove,
    RemarkMove,
    SlipMove,
)
from csdomain.complaints.model import Complaint
from csdomain.complaints.rules import ACCEPTANCE
from csdomain.complaints.values import Goods
from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.store.ports import Receipt
from csdomain.kernel.values.money import Money
from csdomain.rulebook.usecases import CallOptions

from .base import Command, ComplaintUseCases, Hand


class Settling(ComplaintUseCases):
    """Closed, withdrawn, reviewed; slips, certificates, penalties, improvements and remarks."""

    def close(self, id: str, outcome: str, **call: Unpack[CallOptions]) -> Receipt:
        """Close the complaint with an outcome: its clock stops, met or breached, and the customer is told.

        Raises JudgementMissing, RuleBroken, and as every command. [CMP-25]
        """
        at = call["at"]

        def command(case: Complaint, hand: Hand) -> Sequence[Event]:
            clocks = [t for t in hand.unit.timers_of(case.id) if t.name.partition(".")[0] == ACCEPTANCE.id]
            late = any(
                t.state is TimerState.BREACHED or (t.state is TimerState.RUNNING and utc(at) > t.due_at) for t in clocks
            )
            zone = self.house.zone(case.branch)
            return case.close(outcome, in_time=not late, zone=zone, by=hand.actor, at=at)

        return self.do(Move.CLOSE, id, command, {"outcome": outcome}, **call)

    def withdraw(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer withdraws the complaint: its timers end. [CMP-25]"""
        at = call["at"]
        return self.do(
            Move.WITHDRAW, id, lambda case, h: case.withdraw(reason, by=h.actor, at=at), {"reason": reason}, **call
        )

    def review(self, id: str, unit: str, text: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """The GM office reviews a closed case: which unit is liable. [CMP-20]"""
        at = call["at"]
        return self.do(
            Move.REVIEW,
            id,
            lambda case, h: case.judge_month(unit, text, h.rules, by=h.actor, at=at),
            {"unit": unit, "text": text},
            **call,
        )

    # --- returns
    def draw_slip(self, id: str, method: str, **call: Unpack[CallOptions]) -> Receipt:
        """Draw up the return slip for the goods approved to come back; the receipt has its number. [CMP-22]"""
        at = call["at"]
        return self.on_paper(
            SlipMove.DRAW_UP,
            id,
            lambda rules: rules.numbers.slip,
            lambda case, h, number: case.draw_slip(number, method, h.rules, salt=self.salt(), by=h.actor, at=at),
            {"method": method},
            table=SLIP_MOVES,
            **call,
        )

    def sign_slip(self, id: str, slip: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy for sales signs the slip; its copies go with the goods. [CMP-22]"""
        at = call["at"]
        return self.do(
            SlipMove.SIGN,
            id,
            lambda case, h: case.sign_slip(slip, by=h.actor, at=at),
            {"slip": slip},
            table=SLIP_MOVES,
            **call,
        )

    def take_in(self, id: str, slip: str, delivered: Sequence[Goods], **call: Unpack[CallOptions]) -> Receipt:
        """The warehouse takes goods in against a signed slip of this case.

        Raises ReturnWithoutSlip, Unsigned, Tampered, NotOnSlip, QuantityOverSlip. [CMP-23]
        """
        at = call["at"]
        return self.do(
            SlipMove.TAKE_IN,
            id,
            lambda case, h: case.take_in(slip, delivered, by=h.actor, at=at),
            {"slip": slip, "delivered": list(delivered)},
            table=SLIP_MOVES,
            **call,
        )

    def reconcile(self, id: str, slip: str, voucher: str, **call: Unpack[CallOptions]) -> Receipt:
        """Finance compares what came back with what was approved: booked, or an open discrepancy. [CMP-24]"""
        at = call["at"]
        return self.do(
            SlipMove.BOOK,
            id,
            lambda case, h: case.reconcile(slip, voucher, by=h.actor, at=at),
            {"slip": slip, "voucher": voucher},
            table=SLIP_MOVES,
            **call,
        )

    def resolve(self, id: str, slip: str, approved: int, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy for sales agrees to the pieces that came back. [CMP-24]"""
        at = call["at"]
        return self.do(
            SlipMove.RESOLVE,
            id,
            lambda case, h: case.resolve(slip, approved, reason, by=h.actor, at=at),
            {"slip": slip, "approved": approved, "reason": reason},
            table=SLIP_MOVES,
            **call,
        )

    def cancel_slip(self, id: str, slip: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The goods do not come back after all. [CMP-22]"""
        at = call["at"]
        return self.do(
            SlipMove.CANCEL,
            id,
            lambda case, h: case.cancel_slip(slip, reason, by=h.actor, at=at),
            {"slip": slip, "reason": reason},
            table=SLIP_MOVES,
            **call,
        )

    # --- compensation
    def draw_certificate(self, id: str, amount: Money, **call: Unpack[CallOptions]) -> Receipt:
        """Draw up a discount certificate; the receipt has its number. [CMP-21]"""
        at = call["at"]
        return self.on_paper(
            CertificateMove.DRAW_UP,
            id,
            lambda rules: rules.numbers.certificate,
            lambda case, h, number: case.draw_certificate(number, amount, h.rules, by=h.actor, at=at),
            {"amount": amount},
            table=CERTIFICATE_MOVES,
            **call,
        )

    def sign_certificate(self, id: str, certificate: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy for sales signs. [CMP-21]"""
        at = call["at"]
        return self.do(
            CertificateMove.SIGN,
            id,
            lambda case, h: case.sign_certificate(certificate, by=h.actor, at=at),
            {"certificate": certificate},
            table=CERTIFICATE_MOVES,
            **call,
        )

    def countersign_certificate(self, id: str, certificate: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer has signed; finance gets its copy. [CMP-21]"""
        at = call["at"]
        return self.do(
            CertificateMove.COUNTERSIGN,
            id,
            lambda case, h: case.countersign_certificate(certificate, by=h.actor, at=at),
            {"certificate": certificate},
            table=CERTIFICATE_MOVES,
            **call,
        )

    def book_certificate(self, id: str, certificate: str, voucher: str, **call: Unpack[CallOptions]) -> Receipt:
        """Finance books what both have signed. Raises Unsigned, Tampered. [CMP-21]"""
        at = call["at"]
        return self.do(
            CertificateMove.BOOK,
            id,
            lambda case, h: case.book_certificate(certificate, voucher, by=h.actor, at=at),
            {"certificate": certificate, "voucher": voucher},
            table=CERTIFICATE_MOVES,
            **call,
        )

    # --- penalties, counted from 1 in the order of their proposals
    def approve_penalty(self, id: str, penalty: int, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy in charge approves a proposed penalty. Raises OwnRequest. [CMP-10]"""
        at = call["at"]
        return self._penalty(
            PenaltyMove.APPROVE, id, penalty, lambda case, h: case.approve_penalty(penalty, by=h.actor, at=at), **call
        )

    def drop_penalty(self, id: str, penalty: int, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The deputy in charge drops a proposed penalty. Raises OwnRequest. [CMP-10]"""
        at = call["at"]
        return self._penalty(
            PenaltyMove.DROP,
            id,
            penalty,
            lambda case, h: case.drop_penalty(penalty, reason, by=h.actor, at=at),
            reason,
            **call,
        )

    def notice_penalty(self, id: str, penalty: int, **call: Unpack[CallOptions]) -> Receipt:
        """The general manager approves the penalty notice; the receipt has its number. Raises OwnRequest. [CMP-20]"""
        at = call["at"]
        return self.on_paper(
            PenaltyMove.NOTICE,
            id,
            lambda rules: rules.numbers.penalty,
            lambda case, h, number: case.notice_penalty(penalty, number, by=h.actor, at=at),
            {"penalty": penalty},
            table=PENALTY_MOVES,
            **call,
        )

    def carry_out_penalty(self, id: str, penalty: int, **call: Unpack[CallOptions]) -> Receipt:
        """Personnel carries out a deduction on its signed notice. [CMP-20]"""
        at = call["at"]
        return self._penalty(
            PenaltyMove.CARRY_OUT,
            id,
            penalty,
            lambda case, h: case.carry_out_penalty(penalty, by=h.actor, at=at),
            **call,
        )

    def publish_penalty(self, id: str, penalty: int, **call: Unpack[CallOptions]) -> Receipt:
        """Personnel publishes the discipline of a reviewed case. [CMP-20]"""
        at = call["at"]
        return self._penalty(
            PenaltyMove.PUBLISH, id, penalty, lambda case, h: case.publish_penalty(penalty, by=h.actor, at=at), **call
        )

    def _penalty(
        self, move: PenaltyMove, id: str, penalty: int, command: Command, reason: str = "", **call: Unpack[CallOptions]
    ) -> Receipt:
        arguments = {"penalty": penalty, "reason": reason}
        return self.do(move, id, command, arguments, table=PENALTY_MOVES, **call)

    # --- improvements and remarks, counted from 1
    def improve(
        self, id: str, improvement: int, move: ImprovementMove, note: str, **call: Unpack[CallOptions]
    ) -> Receipt:
        """An improvement is carried out, verified to have its effect, or found to have none. [CMP-09]"""
        at = call["at"]
        return self.do(
            move,
            id,
            lambda case, h: case.improve(improvement, move, note, by=h.actor, at=at),
            {"improvement": improvement, "note": note},
            table=IMPROVEMENT_MOVES,
            **call,
        )

    def answer_remark(self, id: str, remark: int, text: str, **call: Unpack[CallOptions]) -> Receipt:
        """The department concerned has dealt with a remark. [CMP-29]"""
        at = call["at"]
        return self.do(
            RemarkMove.ANSWER,
            id,
            lambda case, h: case.answer_remark(remark, text, by=h.actor, at=at),
            {"remark": remark, "text": text},
            table=REMARK_MOVES,
            **call,
        )
