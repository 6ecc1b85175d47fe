"""Goods that come back: the return slip, the warehouse, finance (CMP-22, CMP-23, CMP-24)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs

from csdomain.complaints import rules as r
from csdomain.complaints.events import SlipMoved
from csdomain.complaints.lifecycle import SLIP_MOVES, SlipMove, SlipState
from csdomain.complaints.policies import check_delivery, returned_in_full
from csdomain.complaints.values import ComplaintRules, Goods, MalformedStep, Opinion, goods
from csdomain.kernel.cases.events import Event
from csdomain.kernel.cases.lifecycle import Step
from csdomain.kernel.papers.documents import Tampered, Value, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.store.kinds import storable
from csdomain.kernel.values.actors import Actor

from .forms import ReturnSlip
from .settling import Settling

SlipStep = Step[SlipMove, SlipState]
SLIP_KIND: Final = "return_slip"
#: Who signs a slip: the deputy general manager for sales, and the warehouse that takes the goods in.
DEPUTY, WAREHOUSE = "deputy_for_sales", "warehouse"
#: The entry of a slip that says how many pieces a difference was resolved to.
RESOLVED: Final = "resolved"
_SHORT: Final = 120
_FIGURES: Final = frozenset({"product", "batch", "pieces"})


class ReturnWithoutSlip(RuleBroken):
    """Goods came back, or a voucher was asked for, on a slip that this case does not have (CMP-23)."""

    default_rule = r.WAREHOUSE
    problem = Text("This case has no such return slip.", "本案没有此退货单。")


class Returning(Settling):
    """The commands of a product return slip."""

    __slots__ = ()

    def draw_slip(
        self, number: str, method: str, rules: ComplaintRules, *, salt: str, by: Actor, at: datetime
    ) -> tuple[Event, ...]:
        """Sales draws up the return slip for the goods that were approved to come back. [CMP-22]

        Raises :class:`AnswerBeyondDecision` where nothing was approved, RuleBroken where it is on a slip already.
        """
        step = SLIP_MOVES.opening(SlipMove.DRAW_UP, by)
        at = self.later(at)
        turn, remedy = self.granted()
        there = [slip.number for slip in self.slips if slip.turn == turn and slip.state is not SlipState.CANCELLED]
        require(
            bool(remedy.returns) and not there,
            r.RETURN_SLIP,
            accepted=Text("goods approved to come back, on one slip", "已核准退回且未开单的货品"),
            number=there,
        )
        basis = self.forms[turn - 1].number
        fields: dict[str, Value] = {"case": self.number, "basis": basis, **_named(remedy.returns)}
        personal = {"method": short(method)}
        paper = draw_up(
            SLIP_KIND, number, fields, by=by.id, at=at, copies=rules.copies.slip, personal=personal, salt=salt
        )
        paper = paper.hand_over(1, by.id, by=by.id, at=at)
        slip = ReturnSlip(
            number=number,
            state=step.dest,
            turn=turn,
            document=paper,
            goods=remedy.returns,
            approved=remedy.pieces,
            salt=salt,
        )
        self.slips = (*self.slips, slip)
        return self.moved(self._slip_event(slip, step, by, at, pieces=remedy.pieces), by, at)

    def sign_slip(self, number: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The deputy for sales signs; copies 2 to 4 go to the warehouse with the goods. [CMP-22]"""
        slip, step, at = self._slip(number, SlipMove.SIGN, by, at)
        paper = slip.document.sign(DEPUTY, by=by.id, at=at)
        for copy in paper.copies[1:]:
            paper = paper.hand_over(copy.number, WAREHOUSE, by=by.id, at=at)
        return self._put_slip(attrs.evolve(slip, document=paper), step, by, at)

    def take_in(self, number: str, delivered: Sequence[Goods], *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The warehouse takes goods in against the signed slip, signs, keeps copy 2, passes 3 and 4 on. [CMP-23]

        What has come by then is written on the slip, so that the signature covers it. Raises
        :class:`ReturnWithoutSlip`, Unsigned, Tampered, NotOnSlip, QuantityOverSlip.
        """
        slip, step, at = self._slip(number, SlipMove.TAKE_IN, by, at)
        lines = goods(delivered)
        require(bool(lines), r.WAREHOUSE, accepted=Text("goods", "货品"))
        slip.document.require_signed(DEPUTY)
        returned = check_delivery(slip.goods, slip.returned, lines)
        paper = slip.document
        roles = [signature.role for signature in paper.signatures]
        keepers = [signature.by for signature in paper.signatures if signature.role.startswith(WAREHOUSE)]
        paper = paper.continued(**{f"returned.{len(keepers) + 1}": _pieces(returned)})
        paper = paper.sign(self.nth(WAREHOUSE, roles), by=by.id, at=at, different_people=by.id not in keepers)
        if not keepers:
            for copy in paper.copies[2:]:
                paper = paper.hand_over(copy.number, copy.purpose, by=by.id, at=at)
        changed = attrs.evolve(slip, returned=returned, document=paper)
        return self._put_slip(changed, step, by, at, pieces=_pieces(returned))

    def reconcile(self, number: str, voucher: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """Finance compares what was approved with what came back: the same is booked, a difference is open. [CMP-24]

        The approved quantity is that of the fourth copy of the complaint form (CMP-28), or the one a difference was
        resolved to. Raises :class:`ReturnWithoutSlip`, Unsigned, Tampered.
        """
        found = self._slip_by(number)
        form = self.forms[found.turn - 1]
        agrees = returned_in_full(found.approved, found.returned)
        slip, step, at = self._slip(number, SlipMove.BOOK if agrees else SlipMove.DISPUTE, by, at)
        slip.document.require_signed(DEPUTY, WAREHOUSE)
        approved_at = f"approved_return.{len(form.submissions)}"
        resolved = RESOLVED in slip.document.fields
        said = slip.document.stated(RESOLVED) if resolved else form.document.stated(approved_at)
        require(
            said == slip.approved,
            r.FINANCE,
            accepted=Text(f"{said} pieces, as on the form", f"与处理表一致的 {said} 件"),
            given=slip.approved,
        )
        booked = attrs.evolve(slip, voucher=short(voucher)) if agrees else slip
        return self._put_slip(booked, step, by, at, pieces=_pieces(slip.returned))

    def resolve(self, number: str, approved: int, reason: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The deputy for sales resolves a difference, and signs how many pieces are agreed to have come. [CMP-24]"""
        slip, step, at = self._slip(number, SlipMove.RESOLVE, by, at)
        Opinion(by.id, at, reason)
        came = _pieces(slip.returned)
        ok = not isinstance(approved, bool) and isinstance(approved, int) and approved == came
        require(ok, r.FINANCE, accepted=Text(f"{came}, as came back", f"实退 {came} 件"), given=approved)
        paper = slip.document.continued(**{RESOLVED: approved})
        paper = paper.sign("resolution", by=by.id, at=at, different_people=False)
        changed = attrs.evolve(slip, approved=approved, resolution=reason, document=paper)
        return self._put_slip(changed, step, by, at, reason=reason, pieces=approved)

    def cancel_slip(self, number: str, reason: str, *, by: Actor, at: datetime) -> tuple[Event, ...]:
        """The goods do not come back after all. [CMP-22]"""
        slip, step, at = self._slip(number, SlipMove.CANCEL, by, at)
        Opinion(by.id, at, reason)
        return self._put_slip(slip, step, by, at, reason=reason)

    def _slip_by(self, number: str) -> ReturnSlip:
        for slip in self.slips:
            if slip.number == number:
                return slip
        known = ", ".join(slip.number for slip in self.slips) or "-"
        raise ReturnWithoutSlip(subject=self.id, number=number, accepted=Text(known, known))

    def _slip(self, number: str, move: SlipMove, by: Actor, at: datetime) -> tuple[ReturnSlip, SlipStep, datetime]:
        slip = self._slip_by(number)
        step = SLIP_MOVES.check(slip, move, by)
        _require_as_signed(slip)
        return slip, step, self.later(at)

    def _put_slip(
        self,
        slip: ReturnSlip,
        step: SlipStep,
        by: Actor,
        at: datetime,
        *,
        reason: str = "",
        pieces: int = 0,
    ) -> tuple[Event, ...]:
        moved = attrs.evolve(slip, state=step.dest)
        self.slips = tuple(moved if there.number == slip.number else there for there in self.slips)
        return self.moved(self._slip_event(moved, step, by, at, reason=reason, pieces=pieces), by, at)

    def _slip_event(
        self,
        slip: ReturnSlip,
        step: SlipStep,
        by: Actor,
        at: datetime,
        *,
        reason: str = "",
        pieces: int = 0,
    ) -> SlipMoved:
        move = f"slip.{step.trigger.value}"
        nth = 1 + [there.number for there in self.slips].index(slip.number)
        facts = {"slip": slip.number, "nth": nth, "pieces": pieces}
        return self.told(SlipMoved, move, step.source, step.dest, by=by, at=at, reason=reason, **facts)


def _named(lines: Sequence[Goods]) -> dict[str, Value]:
    """Goods as they stand on a slip."""
    found: dict[str, Value] = {}
    for place, line in enumerate(lines, 1):
        found |= {f"product.{place}": line.product, f"batch.{place}": line.batch, f"pieces.{place}": line.quantity}
    return found


def _pieces(lines: Sequence[Goods]) -> int:
    return sum(line.quantity for line in lines)


def _require_as_signed(slip: ReturnSlip) -> None:
    """Refuse a slip whose goods are not those on its paper: named, come back, agreed on. Raises Tampered. [KRN-09]"""
    paper = slip.document
    paper.verify()
    came = [value for name, value in paper.fields.items() if name.startswith("returned.")]
    agrees = {
        "entries": not paper.signed or paper.signatures[-1].fields == len(paper.fields),
        "goods": {name: v for name, v in paper.fields.items() if name.partition(".")[0] in _FIGURES}
        == _named(slip.goods),
        "returned": (came or [0])[-1] == _pieces(slip.returned),
        "approved": paper.fields.get(RESOLVED, _pieces(slip.goods)) == slip.approved,
    }
    if not all(agrees.values()):
        raise Tampered(number=paper.number, field=", ".join(name for name, same in agrees.items() if not same))


def short(text: str) -> str:
    """A voucher's number, a method: a few words that go on paper. Raises MalformedStep."""
    if not storable(text, _SHORT) or not text.strip():
        limit = Text(f"1 to {_SHORT} characters", f"1 到 {_SHORT} 个字符")
        raise MalformedStep(field="text", accepted=limit)
    return text
