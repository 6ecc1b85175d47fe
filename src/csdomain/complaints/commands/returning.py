"""Goods that come back: the return slip, the warehouse, finance (CMP-22, CMP-23, CMP-24)."""

from collections.abc import Sequence
from typing import Final

import attrs

from csdomain.casework.deliveries import check_delivery, pieces
from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, ReturnSlip
from csdomain.complaints.case.papers import require_as_signed
from csdomain.complaints.lifecycle import SlipMove, SlipState
from csdomain.frame.acts import Events
from csdomain.frame.fields import SHORT
from csdomain.kernel.papers.documents import Tampered, Value, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require

from .deciding import signs
from .marks import SLIPS, ComplaintAct, settling
from .settling import granted, require_standing

SLIP_KIND: Final = "return_slip"
#: Who signs a slip: the deputy general manager for sales, and the warehouse that takes the goods in.
DEPUTY, WAREHOUSE = v.DEPUTY_FOR_SALES, "warehouse"
#: The entry of a slip that says how many pieces a difference was resolved to.
RESOLVED: Final = "resolved"
_FIGURES: Final = frozenset({"product", "batch", "pieces"})


@SLIPS.opens(SlipMove.DRAW_UP)
def draw_slip(case: Complaint, act: ComplaintAct, method: str) -> Events:
    approved = [(turn, remedy) for turn, remedy in granted(case).items() if remedy.returns]
    slips = {
        turn: [s.number for s in case.slips_of(turn) if s.state is not SlipState.CANCELLED] for turn, _ in approved
    }
    left = [(turn, remedy) for turn, remedy in approved if not slips[turn]]
    accepted = Text("goods approved to come back, on one slip", "已核准退回且未开单的货品")
    require(
        bool(left), r.RETURN_SLIP, accepted=accepted, number=[number for there in slips.values() for number in there]
    )
    turn, remedy = left[0]
    fields: dict[str, Value] = {"case": case.number, "basis": case.forms[turn - 1].number, **_named(remedy.returns)}
    personal: dict[str, Value] = {"method": short(method)}
    number, salt = act.number(act.rules.numbers.slip), act.new(v.SALT)
    copies = act.rules.copies.slip
    paper = draw_up(SLIP_KIND, number, fields, by=act.by.id, at=act.at, copies=copies, personal=personal, salt=salt)
    paper = paper.hand_over(1, act.by.id, by=act.by.id, at=act.at)
    slip = ReturnSlip(
        number=number,
        state=SlipState.DRAWN_UP,
        turn=turn,
        document=paper,
        goods=remedy.returns,
        approved=remedy.pieces,
        submission=len(case.forms[turn - 1].submissions),
        salt=salt,
    )
    case.slips = (*case.slips, slip)
    return settling(case, act, act.began(_moved(case, slip, pieces=remedy.pieces)))


@SLIPS(SlipMove.SIGN, when=signs(DEPUTY))
def sign_slip(case: Complaint, act: ComplaintAct, slip: ReturnSlip) -> Events:
    _require_as_signed(slip)
    require_standing(case, slip, r.RETURN_SLIP)
    paper = slip.document.sign(DEPUTY, by=act.by.id, at=act.at)
    paper = paper.distribute(by=act.by.id, at=act.at, to=WAREHOUSE, after=1)
    return settling(case, act, act.put(attrs.evolve(slip, document=paper), _moved(case, slip)))


@SLIPS(SlipMove.TAKE_IN)
def take_in(case: Complaint, act: ComplaintAct, slip: ReturnSlip, delivered: Sequence[v.Goods]) -> Events:
    _require_as_signed(slip)
    if not slip.returned:  # what came while the remedy stood is compared and booked, or goes back
        require_standing(case, slip, r.WAREHOUSE)
    lines = v.goods(delivered)
    require(bool(lines), r.WAREHOUSE, accepted=Text("goods", "货品"))
    slip.document.require_signed(DEPUTY)
    returned = check_delivery(r.WAREHOUSE, slip.goods, slip.returned, lines)
    paper = slip.document
    roles = [signature.role for signature in paper.signatures]
    keepers = [signature.by for signature in paper.signatures if signature.role.startswith(WAREHOUSE)]
    # What has come by then is written on the slip, so that the signature covers it.
    paper = paper.continued(**{f"returned.{len(keepers) + 1}": pieces(returned)})
    role = case.nth(WAREHOUSE, roles)
    paper = paper.sign(role, by=act.by.id, at=act.at, different_people=act.by.id not in keepers)
    if not keepers:
        paper = paper.distribute(by=act.by.id, at=act.at, after=2)
    changed = attrs.evolve(slip, returned=returned, document=paper)
    return settling(case, act, act.put(changed, _moved(case, slip, pieces=pieces(returned))))


@SLIPS(SlipMove.BOOK)
def reconcile(case: Complaint, act: ComplaintAct, slip: ReturnSlip, voucher: str) -> Events:
    # The approved quantity is that of the fourth copy of the form (CMP-28), or the one a difference was resolved to.
    agrees = pieces(slip.returned) == slip.approved
    if not agrees:
        act.instead(SlipMove.DISPUTE, slip)
    require_as_signed(case)
    _require_as_signed(slip)
    slip.document.require_signed(DEPUTY, WAREHOUSE)
    form = case.forms[slip.turn - 1]
    resolved = RESOLVED in slip.document.fields
    approved_at = f"approved_return.{slip.submission or len(form.submissions)}"
    said = slip.document.stated(RESOLVED) if resolved else form.document.stated(approved_at)
    accepted = Text(f"{said} pieces, as on the form", f"与处理表一致的 {said} 件")
    require(said == slip.approved, r.FINANCE, accepted=accepted, given=slip.approved)
    booked = attrs.evolve(slip, voucher=short(voucher)) if agrees else attrs.evolve(slip, disputed=True)
    return settling(case, act, act.put(booked, _moved(case, slip, pieces=pieces(slip.returned))))


@SLIPS(SlipMove.RESOLVE, when=signs(DEPUTY))
def resolve(case: Complaint, act: ComplaintAct, slip: ReturnSlip, approved: int, reason: str) -> Events:
    _require_as_signed(slip)
    v.Opinion(act.by.id, act.at, reason)
    came = pieces(slip.returned)
    ok = not isinstance(approved, bool) and isinstance(approved, int) and approved == came
    require(ok, r.FINANCE, accepted=Text(f"{came}, as came back", f"实退 {came} 件"), given=approved)
    paper = act.sign(slip.document, "resolution", **{RESOLVED: approved})
    changed = attrs.evolve(slip, approved=approved, resolution=reason, document=paper)
    return settling(case, act, act.put(changed, _moved(case, slip, reason=reason, pieces=approved)))


@SLIPS(SlipMove.CANCEL)
def cancel_slip(case: Complaint, act: ComplaintAct, slip: ReturnSlip, reason: str) -> Events:
    _require_as_signed(slip)
    v.Opinion(act.by.id, act.at, reason)
    return settling(case, act, act.put(slip, _moved(case, slip, reason=reason)))


def _moved(case: Complaint, slip: ReturnSlip, *, reason: str = "", pieces: int = 0) -> e.SlipMoved:
    nth = 1 + [there.number for there in case.slips].index(slip.number)
    return e.SlipMoved(reason=reason, slip=slip.number, nth=nth, pieces=pieces)


def _named(lines: Sequence[v.Goods]) -> dict[str, Value]:
    """Goods as they stand on a slip."""
    found: dict[str, Value] = {}
    for place, line in enumerate(lines, 1):
        found |= {f"product.{place}": line.product, f"batch.{place}": line.batch, f"pieces.{place}": line.quantity}
    return found


def _require_as_signed(slip: ReturnSlip) -> None:
    """Refuse a slip whose goods are not those on its paper: named, come back, agreed on. Raises Tampered. [KRN-09]"""
    paper = slip.document
    paper.verify()
    came = [value for name, value in paper.fields.items() if name.startswith("returned.")]
    agrees = {
        "entries": not paper.signed or paper.signatures[-1].fields == len(paper.fields),
        "goods": {name: value for name, value in paper.fields.items() if name.partition(".")[0] in _FIGURES}
        == _named(slip.goods),
        "returned": (came or [0])[-1] == pieces(slip.returned),
        "approved": paper.fields.get(RESOLVED, pieces(slip.goods)) == slip.approved,
    }
    if not all(agrees.values()):
        raise Tampered(number=paper.number, field=", ".join(name for name, same in agrees.items() if not same))


def short(text: str) -> str:
    """A voucher's number, a method: a few words that go on paper. Raises MalformedStep."""
    return v.IN_STEP.check_text(text, "text", SHORT)
