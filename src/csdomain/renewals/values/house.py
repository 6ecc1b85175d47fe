"""The house rules of renewals: the section ``[renewals]`` of a rulebook, and what is told."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import attrs

from csdomain.frame.effects import occasions
from csdomain.kernel.cases.occasions import Placeholder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import ORGANISATION, POSITION, Label, Rulebook, Section, Unit, texts_beside

from .plans import NoSuchPlan, Plan, PlanInvalid, StartsFrom, TaxRate, TaxRateUnknown, TaxTableInvalid, day, whole


@attrs.frozen
class RenewalRules:
    """The house rules of renewals, all of them settings (REN-01…10).

    ``plans`` by code, all in one currency; ``tax`` in order of date; ``grace_days`` counted from the first day without
    paid service; ``paid_in_grace`` and ``paid_lapsed`` say from where an extension then runs; ``longest_months`` is the
    longest term that is asked for at once.

    ``number`` and ``form_number`` are how contracts and renewal forms are numbered. ``watch_months`` before the end who
    renews is reminded (REN-03). ``extended_by`` and ``recorded_by`` are the positions that extend the service and
    change the record (REN-04); ``discounts``: the share of the list price that a position may take off (REN-02).
    ``reasons`` are the codes for which a customer does not renew (REN-07); ``target`` is the renewal rate to reach,
    ``targets`` those of representatives who have their own (REN-08). ``hold_reasons`` are the codes for which law may
    demand that contracts and forms are kept when their customer is erased (KRN-14).

    Raises :class:`PlanInvalid`, :class:`TaxTableInvalid`, :class:`InvalidMonths`, and CurrencyMismatch.
    """

    plans: Mapping[str, Plan]
    tax: tuple[TaxRate, ...]
    grace_days: int
    paid_in_grace: StartsFrom
    paid_lapsed: StartsFrom
    longest_months: int
    number: NumberPattern = attrs.field(kw_only=True)
    form_number: NumberPattern = attrs.field(kw_only=True)
    watch_months: int = attrs.field(kw_only=True)
    extended_by: str = attrs.field(kw_only=True, metadata=POSITION)
    recorded_by: str = attrs.field(kw_only=True, metadata=POSITION)
    reasons: tuple[str, ...] = attrs.field(kw_only=True)
    discounts: Mapping[str, Decimal] = attrs.field(factory=dict, kw_only=True)
    target: Decimal | None = attrs.field(default=None, kw_only=True)
    targets: Mapping[str, Decimal] = attrs.field(factory=dict, kw_only=True)
    hold_reasons: tuple[str, ...] = attrs.field(default=(), kw_only=True)

    def __attrs_post_init__(self) -> None:
        whole(self.grace_days, "grace_days", minimum=0)
        whole(self.longest_months, "longest_months", minimum=1)
        whole(self.watch_months, "watch_months", minimum=0)
        if not self.plans:
            raise PlanInvalid(field="plans", given=0, accepted=Text("at least one plan", "至少一种方案"))
        sum(
            (plan.price for plan in self.plans.values()), Money.zero(self.currency)
        )  # one currency, or CurrencyMismatch
        for code, plan in self.plans.items():
            longest = max(plan.months, plan.discount.minimum_months if plan.discount else 0)
            if longest > self.longest_months:
                raise PlanInvalid(plan=code, field="months", given=longest, maximum=self.longest_months)
        for earlier, later in pairwise(self.tax):
            if later.since < (earlier.until or earlier.since + timedelta(days=1)):
                raise TaxTableInvalid(
                    field="since", given=later.since, accepted=Text("rates in order of date", "税率按日期先后排列")
                )

    @property
    def currency(self) -> str:
        """The currency of the price list (ISO 4217)."""
        return next(iter(self.plans.values())).price.currency

    def plan(self, code: str) -> Plan:
        """The plan of that code. Raises :class:`NoSuchPlan` (REN-01)."""
        plan = self.plans.get(code) if isinstance(code, str) else None
        if plan is None:
            raise NoSuchPlan(plan=code, accepted=Text(" | ".join(sorted(self.plans)), " | ".join(sorted(self.plans))))
        return plan

    def tax_rate(self, on: date) -> Decimal:
        """The tax rate in force on ``on``. Raises :class:`TaxRateUnknown` and :class:`NotADate` (REN-02)."""
        day(on, "tax_on")
        for row in reversed(self.tax):
            if row.since <= on:
                if row.until is not None and on >= row.until:
                    break
                return row.rate
        raise TaxRateUnknown(at=on, accepted=Text("a date of the tax table", "税率表所列日期"))


def _whole(rules: RenewalRules, book: Rulebook) -> Iterable[str]:
    shares = {**{f"discounts.{name}": share for name, share in rules.discounts.items()}, "target": rules.target}
    shares |= {f"targets.{name}": share for name, share in rules.targets.items()}
    for path, share in shares.items():
        if share is not None and not 0 <= share <= 1:
            yield Fault.of(Text("a share from 0 to 1 expected", "须为 0 到 1 的比例"), f"$.renewals.{path}")
    if ORGANISATION in book and book[ORGANISATION].currency != rules.currency:
        currency = book[ORGANISATION].currency
        yield Fault.of(Text(f"prices in {currency} expected", f"价格须为 {currency}"), "$.renewals.plans")


_T, _D, _N, _M = Placeholder.TEXT, Placeholder.DATE, Placeholder.NUMBER, Placeholder.MONEY
OCCASIONS: Final = (
    *occasions(
        "contract",
        {"expired": {"on": _D, "vehicles": _N}},
        {
            "expiring": {"on": _D, "vehicles": _N, "amount": _M},
            "over": {"on": _D},
            "suspend": {},
            "change": {"vehicles": _N},
            "to_refund": {"amount": _M},
        },
    ),
    *occasions(
        "renewal",
        {"done": {"vehicles": _N, "before": _D, "until": _D, "months": _N}},
        {
            "to_approve": {"amount": _M, "off": _M},
            "approved": {"amount": _M},
            "rejected": {"off": _M},
            "to_confirm": {"amount": _M},
            "extend": {"contract": _T, "since": _D, "until": _D},
            "to_extend": {"contract": _T, "until": _D},
            "take_back": {"contract": _T, "since": _D},
            "to_record": {"contract": _T},
            "to_tell": {"until": _D},
            "dropped": {},
        },
    ),
)
RENEWAL_RULES: Final[Section[RenewalRules]] = Section(
    "renewals",
    RenewalRules,
    check=_whole,
    occasions=OCCASIONS,
    needs=("payments",),  # the first form would find nobody to bill
    texts=texts_beside(Path(__file__).parent),
    labels={
        "": Text("renewals", "续费"),
        "grace_days": Label("days of grace", "宽限期", Unit.DAYS),
        "paid_in_grace": Text("an extension paid in the days of grace runs from", "宽限期内续费的起算"),
        "paid_lapsed": Text("an extension paid later runs from", "宽限期后续费的起算"),
        "number": Text("numbers of contracts", "合同编号"),
        "form_number": Text("numbers of renewal forms", "续费登记表编号"),
        "watch_months": Label("reminder before the end", "到期前提醒", Unit.MONTHS),
        "extended_by": Text("who extends the service", "服务延期人"),
        "recorded_by": Text("who changes the record", "续费登录人"),
        "reasons": Text("reasons not to renew", "不续费原因"),
        "discounts": Text("who grants discounts", "优惠权限"),
        "discounts.*": Label("discount that {0} may grant", "{0} 可给予的优惠", Unit.SHARE),
        "target": Label("renewal rate to reach", "续费率目标", Unit.SHARE),
        "targets": Text("renewal rates to reach by representative", "各客户代表的续费率目标"),
        "targets.*": Label("renewal rate of {0} to reach", "{0} 的续费率目标", Unit.SHARE),
        "hold_reasons": Text("reasons to keep contracts and renewals", "合同与续费保留事由"),
        "longest_months": Label("longest term sold at once", "一次可售的最长期限", Unit.MONTHS),
        "plans.*": Text("plan {0}", "方案 {0}"),
        "plans.*.months": Label("months in a block of plan {0}", "方案 {0} 每期月数", Unit.MONTHS),
        "plans.*.price": Text("price of plan {0}", "方案 {0} 的价格"),
        "plans.*.gift_months": Label("months given with plan {0}", "方案 {0} 的赠送月数", Unit.MONTHS),
        "plans.*.discount": Text("discounts on plan {0}", "方案 {0} 的优惠"),
        "plans.*.discount.floor": Text("lowest price of plan {0}", "方案 {0} 的最低价"),
        "plans.*.discount.minimum_months": Label(
            "shortest term of plan {0} with a discount", "方案 {0} 可享优惠的最短期限", Unit.MONTHS
        ),
        "tax": Text("tax rates", "税率表"),
        "tax.*": Text("tax rate {0}", "税率（{0}）"),
        "tax.*.rate": Label("tax rate {0}", "税率（{0}）", Unit.SHARE),
    },
)

#: A contract lasts for years: the current rules hold. A renewal keeps those under which it was begun.
CONTRACT_RULES: Final[Section[RenewalRules]] = attrs.evolve(RENEWAL_RULES, pinned=False)
