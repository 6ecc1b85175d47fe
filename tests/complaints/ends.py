"""A complaint on the pure model from the decision on: what the tests of slips, certificates and penalties share."""

from typing import Final

import attrs

from complaints.desks import ANN, CHIEF, JUDGED, RULES, SALT, T0, accept, anyone, holding, received, remedy
from complaints.hand import on
from csdomain.complaints.case import Complaint, ReturnSlip
from csdomain.complaints.values import Channel, ComplaintRules, Finding, Goods, Judgement, Remedy
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.values.money import Money

TOP: Final = anyone("top")
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
    on(case).investigate(by=ANN, at=T0)
    if case.form.quality:
        on(case).inspect(Finding(True, "cracked"), by=ANN, at=T0)
    on(case).conclude(by=ANN, at=T0)
    on(case).report("how it came about", by=ANN, at=T0)
    on(case).rule("carry on", by=CHIEF, at=T0)
    on(case).judge(judgement, rules, by=ANN, at=T0)
    on(case).submit(what, rules, by=ANN, at=T0)
    top = holding(top=rules.ladder.bands[-1].authority)
    on(case).decide(Outcome.APPROVED, rules, top, by=TOP, at=T0)
    return case


def answered(case: Complaint) -> Complaint:
    """The customer was told."""
    on(case).answer(Channel.LETTER, "We are sorry.", by=ANN, at=T0)
    return case


def renewed(case: Complaint, rules: ComplaintRules = RULES) -> Complaint:
    """The customer was told and does not accept: a next form is accepted."""
    on(answered(case)).decline("no", by=ANN, at=T0)
    number = f"KS202603-{case.turn + 1:04}"
    on(case).renew(number, case.form.content, rules, salt="salt of sixteen characters", by=ANN, at=T0)
    return case


def closed(case: Complaint) -> Complaint:
    """The customer was told, and the case is closed."""
    on(answered(case)).close("done", in_time=True, zone="Asia/Shanghai", by=ANN, at=T0)
    return case


def back(*goods: Goods) -> Remedy:
    """Goods come back, and nothing else is done."""
    return remedy(Money.zero("CNY"), returns=goods)


def drawn(case: Complaint, number: str = "TH1", rules: ComplaintRules = RULES) -> ReturnSlip:
    """A return slip was drawn up."""
    on(case).draw_slip(number, "by truck", rules, salt=SALT, by=ANN, at=T0)
    return case.slips[-1]


def signed(case: Complaint, number: str = "TH1", rules: ComplaintRules = RULES) -> ReturnSlip:
    """A return slip was drawn up and signed."""
    drawn(case, number, rules)
    on(case).sign_slip(number, by=DEPUTY, at=T0)
    return case.slips[-1]


def came(case: Complaint, *goods: Goods, number: str = "TH1") -> ReturnSlip:
    """Goods were taken in."""
    on(case).take_in(number, goods, by=KEEPER, at=T0)
    return case.slips[-1]


def put_slip(case: Complaint, **changes: object) -> None:
    """Somebody changed the last slip behind everybody's back."""
    case.slips = (*case.slips[:-1], attrs.evolve(case.slips[-1], **changes))  # type: ignore[arg-type]
