"""The renewal form and its commands: no step before the one that it rests on (REN-04)."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.frame.fields import amount, one_of, words
from csdomain.kernel.papers.approvals import BeyondAuthority, OwnRequest
from csdomain.kernel.papers.documents import Document, Value, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.money import Money
from csdomain.renewals import events as e
from csdomain.renewals import rules as r
from csdomain.renewals.lifecycle import RENEWAL_MOVES, UNDER_WAY, RenewalMove, RenewalState
from csdomain.renewals.policies.periods import Extension
from csdomain.renewals.policies.pricing import AgreedPrice, Quote, quote
from csdomain.renewals.ports import Charge
from csdomain.renewals.values import FIELDS, RENEWAL_ID, AlreadyOpen, NoSuchPlan, RenewalId, RenewalRules

from .act import RenewalAct
from .contract import Contract

_M: Final = RenewalMove
PAPER: Final = "renewal_form"
FINANCE: Final = "finance"
ADMINISTRATOR: Final = "administrator"
#: Who gets which copy: the original stays with customer service. [REN-04]
COPIES: Final = ("customer_service", ADMINISTRATOR)
#: What a renewal is billed for.
PURPOSE: Final = "renewal"
renews: Final = Commands(RENEWAL_MOVES)


def granted_by(priced: Quote, rules: RenewalRules) -> Sequence[str]:
    """The positions that may take so much off the list price. Raises BeyondAuthority where none may. [REN-02]"""
    share = Fraction(priced.discount.minor, (priced.total.gross + priced.discount).minor)
    enough = [name for name, most in rules.discounts.items() if share <= Fraction(most)]
    if not enough:
        most = max(rules.discounts.values(), default=0)
        at_most = Text(f"at most {most} of the list price", f"不超过价目的 {most}")
        raise BeyondAuthority(amount=priced.discount, accepted=at_most)
    return enough


def _may_approve(renewal: "Renewal", act: RenewalAct) -> None:
    OwnRequest.check(renewal.id, act.by.id, [renewal.owner])
    enough = granted_by(renewal.priced, act.rules)
    if not act.by.positions.intersection(enough):
        raise BeyondAuthority(amount=renewal.priced.discount, accepted=one_of(enough))


def _is_anothers(renewal: "Renewal", act: RenewalAct) -> None:
    OwnRequest.check(renewal.id, act.by.id, [renewal.owner])


@attrs.define(kw_only=True)
class Renewal(Record):
    """A renewal of a contract, with its form. ``owner`` asked the customer and fills the form in.

    ``bank`` is that from which the customer transfers, empty for cash. ``quote`` and ``plan`` are what was asked for,
    ``bill`` what is owed for it, ``extension`` the term that finance signed for. [REN-04]
    """

    id: RenewalId = attrs.field(on_setattr=attrs.setters.frozen)
    state: RenewalState = RenewalState.ASKED
    number: str = ""
    contract: str
    customer: str
    bank: str = ""
    plan: str = ""
    quote: Quote | None = None
    proposals: int = 0
    bill: str = ""
    paper: Document | None = None
    extension: Extension | None = None
    code: str = ""
    reason: str = words(default="")
    note: str = words(default="")

    # --- what it is
    @property
    def priced(self) -> Quote:
        """What was asked for, once it was."""
        assert self.quote is not None  # noqa: S101 - the form is filled in, or a discount proposed
        return self.quote

    @property
    def form(self) -> Document:
        """The form, once it is filled in."""
        assert self.paper is not None  # noqa: S101 - filled in
        return self.paper

    @property
    def agreed(self) -> Extension:
        """The term that finance signed for."""
        assert self.extension is not None  # noqa: S101 - signed
        return self.extension

    @property
    def basis(self) -> dict[str, object]:
        """What both signatures rest on beside the form: every vehicle's share, and the term. [KRN-09]"""
        return {"contract": self.contract, "quote": self.quote, "extension": self.extension}

    # --- the customer is asked
    @staticmethod
    @renews.opens(_M.ASK)
    def ask(act: RenewalAct, contract: str) -> tuple["Renewal", Events]:
        of: Contract = act.contracts.contract(contract, by=act.by)
        AlreadyOpen.check(of.id, act.contracts.under_way(of.id))
        of.require_open()
        renewal = Renewal(
            id=act.new(RENEWAL_ID),
            branch=of.branch,
            owner=act.by.id,
            rulebook=act.rulebook,
            moved_at=act.at,
            contract=of.id,
            customer=of.customer,
        )
        return renewal, act.opened(renewal, e.RenewalAsked())

    @renews(_M.AGREE)
    def agree(self, act: RenewalAct, bank: str) -> Events:
        if bank:
            act.billing.check_bank(bank)
        self.bank = bank
        return act.done(e.RenewalAgreed(bank=bank))

    @renews(_M.DECLINE)
    def decline(self, act: RenewalAct, code: str, reason: str) -> Events:
        of: Contract = act.contracts.contract(self.contract)
        self.code, self.reason = _why(act, code, reason)
        return act.done(e.RenewalDeclined(code=code, term=of.terms, reason=reason))

    # --- the form
    @renews(_M.FILL)
    def fill(self, act: RenewalAct, plan: str, months: int) -> Events:
        return act.done(e.RenewalFilled(**self._filled(act, plan, self._quoted(act, plan, months, None))))

    @renews(_M.PROPOSE)
    def propose(self, act: RenewalAct, plan: str, months: int, price: Money) -> Events:
        priced = self._quoted(act, plan, months, price)
        if not priced.discount:
            below = Text("a price below that of the plan", "低于方案价格的优惠价")
            raise FIELDS.error(field="price", given=price, accepted=below)
        granted_by(priced, act.rules)
        self.plan, self.quote, self.proposals = plan, priced, self.proposals + 1
        total, off = priced.total.gross.minor, priced.discount.minor
        return act.done(e.DiscountProposed(nth=self.proposals, total=total, off=off))

    @renews(_M.APPROVE, when=_may_approve)
    def approve(self, act: RenewalAct) -> Events:
        off = self.priced.discount.minor
        return act.done(e.DiscountApproved(off=off, **self._filled(act, self.plan, self.priced)))

    @renews(_M.REJECT, when=_is_anothers)
    def reject(self, act: RenewalAct, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        off, self.plan, self.quote = self.priced.discount.minor, "", None
        return act.done(e.DiscountRejected(nth=self.proposals, off=off, reason=reason))

    def _quoted(self, act: RenewalAct, code: str, months: int, price: Money | None) -> Quote:
        of: Contract = act.contracts.contract(self.contract)
        plan = act.rules.plan(code)
        if plan.device != of.device:
            raise NoSuchPlan(plan=code, field="device", given=plan.device, expected=of.device)
        discount = None if price is None else AgreedPrice(price)
        return quote(act.rules, code, of.vehicles, months, tax_on=act.today(), discount=discount)

    def _filled(self, act: RenewalAct, plan: str, priced: Quote) -> dict[str, Any]:
        of: Contract = act.contracts.contract(self.contract)
        total, count = priced.total.gross, len(priced.shares)
        charge = Charge(self.id, PURPOSE, self.customer, plan, count, priced.each, r.QUOTE.id)
        bill = act.billing.ask(act.by, act.at, charge, self.bank)
        number = act.number(act.rules.form_number)
        fields: dict[str, Value] = {"contract": of.number, "customer": self.customer, "plan": plan, "vehicles": count}
        fields |= {"months": priced.paid_months, "gift_months": priced.gift_months, "total": str(total)}
        fields |= {"tax": str(priced.total.tax), "discount": str(priced.discount), "bank": self.bank}
        self.paper = draw_up(PAPER, number, fields, by=act.by.id, at=act.at, copies=COPIES)
        self.plan, self.quote, self.bill, self.number = plan, priced, bill, number
        return {"total": total.minor, "months": priced.service_months}

    # --- the signatures
    @renews(_M.CONFIRM, when=_is_anothers)
    def confirm(self, act: RenewalAct) -> Events:
        of: Contract = act.contracts.contract(self.contract)
        paid_on = act.billing.paid_on(self.id, PURPOSE, self.priced.total.gross)
        extension = of.extension(self.priced, paid_on, act.rules)
        period = extension.period
        dates = {"paid_on": str(paid_on), "since": str(period.start), "until": str(period.end)}
        basis = {**self.basis, "extension": extension}
        self.paper = self.form.continued(**dates).sign(FINANCE, by=act.by.id, at=act.at, basis=basis)
        self.extension = extension
        return act.done(e.PaymentSigned(paid_on=paid_on, since=period.start, until=period.end))

    @renews(_M.EXTEND)
    def extend(self, act: RenewalAct) -> Events:
        self._require_paid(act)
        self.form.require_basis(FINANCE, self.basis)
        self.paper = self.form.sign(ADMINISTRATOR, by=act.by.id, at=act.at, basis=self.basis)
        return act.done(e.ServiceExtended(until=self.agreed.period.end))

    @renews(_M.RECORD)
    def record(self, act: RenewalAct) -> Events:
        of: Contract = act.contracts.contract(self.contract)
        self._require_paid(act)
        self.form.require_signed(FINANCE, ADMINISTRATOR)
        for role in (FINANCE, ADMINISTRATOR):
            self.form.require_basis(role, self.basis)
        period = self.agreed.period
        before = of.ends_on or period.start
        paper = self.form.distribute(by=act.by.id, at=act.at)
        act.contracts.keep(of, of.renewed(act, self.plan, self.priced, self.agreed, self.bill))
        self.paper = paper
        months = self.priced.service_months
        return act.done(e.RenewalRecorded(term=of.terms, before=before, until=period.end, months=months))

    @renews(_M.TELL)
    def tell(self, act: RenewalAct, note: str) -> Events:
        self.note = FIELDS.check_text(note, "note", empty=True)
        return act.done(e.CustomerTold())

    def _require_paid(self, act: RenewalAct) -> None:
        act.billing.paid_on(self.id, PURPOSE, self.priced.total.gross)

    # --- nothing comes of it
    @renews(_M.ABANDON)
    def abandon(self, act: RenewalAct, code: str, reason: str) -> Events:
        return act.done(e.RenewalAbandoned(**self._dropped(act, code, reason)))

    @renews(_M.REVERSE, when=_is_anothers)
    def reverse(self, act: RenewalAct, code: str, reason: str) -> Events:
        of: Contract = act.contracts.contract(self.contract)
        dropped = self._dropped(act, code, reason)
        if late := of.come_due(act):
            act.contracts.keep(of, late)
        return act.done(e.RenewalReversed(since=self.agreed.period.start, **dropped))

    def _dropped(self, act: RenewalAct, code: str, reason: str) -> dict[str, Any]:
        said = _why(act, code, reason)
        if self.bill:
            act.billing.drop(act.by, act.at, self.id, PURPOSE, reason or code)
        self.code, self.reason = said
        return {"code": code, "reason": reason}


def _why(act: RenewalAct, code: str, reason: str) -> tuple[str, str]:
    FIELDS.check_known(code, act.rules.reasons, "code")
    return code, FIELDS.check_text(reason, "reason", empty=True)


_USUAL: Final = usual(RENEWAL_MOVES)
#: The contract's next term is paid and signed for: it does not expire meanwhile.
SIGNED_FOR: Final = _USUAL[1].among([RenewalState.PAID.value, RenewalState.EXTENDED.value])
OF_RENEWAL: Final[Field[Renewal, str]] = Field("customer", str, lambda ren: ren.customer)
#: The contract, while the renewal is under way: there is one at a time.
OPEN_KEY: Final[Field[Renewal, str]] = Field(
    "open_key", str, lambda ren: ren.contract if ren.state in UNDER_WAY else None, unique=True
)
_FIELDS: Final[tuple[Field[Renewal, Any], ...]] = (
    OF_RENEWAL,
    Field("contract", str, lambda ren: ren.contract),
    OPEN_KEY,
    Field("code", str, lambda ren: ren.code or None, index=False),
    amount("price", lambda ren: None if ren.quote is None else ren.quote.total.gross.minor),
    *_USUAL,
)
RENEWALS: Final = Kind(Renewal, RENEWAL_ID, "renewal", _FIELDS, queue=_FIELDS[-1])
