"""A complaint on the pure model from the decision on: what the tests of slips, certificates and penalties share."""

from typing import Any, Final

import attrs

from complaints.hand import anyone, on
from complaints.model import JUDGED, RULES, accept, approve, judge, received, remedy
from csdomain.complaints.case import Complaint, ReturnSlip
from csdomain.complaints.values import Channel, ComplaintRules, Goods, Judgement, Remedy
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money

DEPUTY, KEEPER, FINANCE, PERSONNEL = anyone("dora", "deputy_for_sales"), anyone("wang"), anyone("fay"), anyone("pei")
GENERAL_MANAGER, OFFICE = anyone("gao", "general_manager"), anyone("oscar")
NOTHING: Final = remedy(Money.zero("CNY"))


def decided(
    what: Remedy = NOTHING,
    judgement: Judgement = JUDGED,
    *,
    quality: bool = False,
    rules: ComplaintRules = RULES,
    case: Complaint | None = None,
) -> Complaint:
    """A case whose present form was judged so and on which ``what`` was approved; ``case`` goes on with its next."""
    if case is None:
        case = received(rules=rules)
        accept(case, rules, quality=quality)
    judge(case, rules, judgement)
    on(case).submit(what, rules)
    approve(case, rules)
    return case


def answered(case: Complaint) -> Complaint:
    """The customer was told."""
    on(case).answer(Channel.LETTER, "We are sorry.")
    return case


def renewed(case: Complaint, rules: ComplaintRules = RULES) -> Complaint:
    """The customer was told and does not accept: a next form is accepted."""
    on(answered(case)).decline("no")
    on(case).renew(f"KS202603-{case.turn + 1:04}", case.form.content, rules)
    return case


def closed(case: Complaint) -> Complaint:
    """The customer was told, and the case is closed."""
    on(answered(case)).close("done")
    return case


def back(*goods: Goods) -> Remedy:
    """Goods come back, and nothing else is done."""
    return remedy(Money.zero("CNY"), returns=goods)


def drawn(case: Complaint, number: str = "TH1", rules: ComplaintRules = RULES) -> ReturnSlip:
    """A return slip was drawn up."""
    on(case).draw_slip(number, "by truck", rules)
    return case.slips[-1]


def signed(case: Complaint, number: str = "TH1", rules: ComplaintRules = RULES) -> ReturnSlip:
    """A return slip was drawn up and signed."""
    drawn(case, number, rules)
    on(case).sign_slip(number, by=DEPUTY)
    return case.slips[-1]


def came(case: Complaint, *goods: Goods, number: str = "TH1", by: Actor = KEEPER) -> ReturnSlip:
    """Goods were taken in."""
    on(case).take_in(number, goods, by=by)
    return case.slips[-1]


def put_slip(case: Complaint, **changes: object) -> None:
    """Somebody changed the last slip behind everybody's back."""
    case.slips = (*case.slips[:-1], attrs.evolve(case.slips[-1], **changes))  # type: ignore[arg-type]


def entry(paper: Any, **changes: Any) -> Any:
    """The paper with other entries, which nobody signed."""
    return attrs.evolve(paper, fields={**paper.fields, **changes})
