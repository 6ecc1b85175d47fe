"""Contracts that end, renewal rates and revenue, from columns and rows alone (REN-03, REN-08, REN-11)."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import attrs

from csdomain.casework.months import check_month
from csdomain.kernel.store.kinds import Tally, TallyRow, Where
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.money import Money
from csdomain.renewals.lifecycle import ContractState
from csdomain.renewals.model.contract import ENDS_ON, STATE, Contract
from csdomain.renewals.model.terms import EARNINGS, RENEWED, TERMS
from csdomain.renewals.policies.periods import months_after
from csdomain.renewals.policies.revenue import Basis, Earned, PaidTerm, earned
from csdomain.renewals.values import FIELDS, RenewalRules

DUE_BY: Final = ("ends_month", "owner")
_DAY: Final = timedelta(days=1)


def due(until: date) -> tuple[Where[Contract], ...]:
    """The conditions of what ends before a day and has not lapsed. [REN-03]"""
    running = STATE.among([ContractState.RUNNING.value, ContractState.IN_GRACE.value])
    return ENDS_ON.below(until), running


@attrs.frozen
class DueRow:
    """The contracts of a representative that end in a month, and what they cost the last time. [REN-03]"""

    month: str
    representative: str
    contracts: int
    vehicles: int
    amount: Money

    @classmethod
    def of(cls, row: TallyRow, currency: str) -> "DueRow":
        """A row of a tally."""
        month, representative = row.group
        vehicles, amount = row.sums
        return cls(str(month), str(representative), row.count, vehicles, Money(amount, currency))


@attrs.frozen
class Rate:
    """What of the terms due in a period was renewed: contracts, and vehicles as a second figure. [REN-08]"""

    representative: str
    plan: str
    due: int
    renewed: int
    due_vehicles: int
    renewed_vehicles: int
    target: Decimal | None

    @property
    def rate(self) -> Fraction:
        """Contracts renewed ÷ contracts due; there is no row where none was due."""
        return Fraction(self.renewed, self.due)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.target is None else self.rate >= Fraction(self.target)


def rates(unit: Unit, scope: Sequence[Where[Any]], since: str, until: str, rules: RenewalRules) -> Sequence[Rate]:
    """Each representative's and plan's rate over months, both ends in, as it is now. [REN-08]"""
    first, last = (date.fromisoformat(f"{check_month(month, FIELDS)}-01") for month in (since, until))
    where = (TERMS["ends_on"].at_least(first), TERMS["ends_on"].below(months_after(last, 1)), *scope)
    found: dict[tuple[str, str], list[int]] = {}
    for row in unit.register(TERMS).sums(Tally(where, ("owner", "plan", "outcome"), ("vehicles",))):
        representative, plan, outcome = (str(part) for part in row.group)
        of, renewed = found.setdefault((representative, plan), [0, 0, 0, 0]), outcome == RENEWED
        for place, figure in enumerate((row.count, row.count * renewed, row.sums[0], row.sums[0] * renewed)):
            of[place] += figure
    return [
        Rate(key[0], key[1], of[0], of[1], of[2], of[3], rules.targets.get(key[0], rules.target))
        for key, of in sorted(found.items())
    ]


def revenue(unit: Unit, scope: Sequence[Where[Any]], on: date, currency: str, basis: Basis) -> Earned:
    """What is paid and earned at the end of a day: terms that are over are summed by the store. [REN-11]"""
    on = min(on, date.max - _DAY)
    rows, paid_by = unit.register(EARNINGS), EARNINGS["paid_on"].below(on + _DAY)
    over, sums = EARNINGS["ends_on"].below(on + _DAY), ("gross", "tax", "refund", "refund_tax")
    kept = 0
    for row in rows.sums(Tally((over, paid_by, *scope), ("sign",), sums)):
        gross, tax, refund, refund_tax = row.sums
        amount = gross - refund if basis is Basis.GROSS else gross - tax - refund + refund_tax
        kept += int(str(row.group[0])) * amount

    def lines(sign: int) -> Iterator[PaidTerm]:
        running = (EARNINGS["ends_on"].at_least(on + _DAY), paid_by, EARNINGS["sign"].is_(sign), *scope)
        after = None
        while True:
            page = rows.rows(*running, order_by=("ends_on",), after=after)
            yield from (row.term(currency) for row in page.items)
            after = page.next
            if after is None:
                return

    running = earned(lines(1), on, currency=currency, basis=basis, less=lines(-1))
    whole = Money(kept, currency)
    return Earned(on, running.paid + whole, running.earned + whole)
