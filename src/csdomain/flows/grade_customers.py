"""On the first of each month active customers are graded by what they paid, owe and complained of (CUS-07)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from csdomain.customers.lifecycle import State
from csdomain.customers.model.act import CustomerAct
from csdomain.customers.model.customer import CUSTOMERS
from csdomain.customers.policies import grade
from csdomain.customers.ports import AsWritten
from csdomain.customers.questions.finding import family
from csdomain.customers.service import RecordedFiles
from csdomain.customers.values import CUSTOMER_RULES, Figure
from csdomain.kernel.store.kinds import Comparison, Query, Tally, Where
from csdomain.kernel.store.planning import Due, Source, Subjects
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Action, system_actor
from csdomain.kernel.values.money import exponent
from csdomain.rulebook import ORGANISATION, House

NAME: Final = "customer_grading"
_AT: Final = time(3)
_GRADE: Final = Action("customers.grade")
_SYSTEM: Final = system_actor((_GRADE,))


def months(house: House, after: datetime, until: datetime) -> Iterable[Due]:
    """A run early on the first of each month, for that month."""
    zone = ZoneInfo(house.rulebook[ORGANISATION].zone)
    first = after.astimezone(zone).date().replace(day=1)
    while (at := datetime.combine(first, _AT, zone)) <= until:
        if at > after:
            yield Due(f"{first:%Y-%m}", at)
        first += relativedelta(months=1)


def source(house: House) -> Source:
    """The runs: one a month; none where the house has no criteria."""
    rules = house.rulebook[CUSTOMER_RULES]

    def runs(after: datetime, until: datetime) -> Iterable[Due]:
        return months(house, after, until) if rules.grading else ()

    def page(unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        active: tuple[Where[Any], ...] = (Where("state", Comparison.IS, State.ACTIVE.value),)
        found = unit.of(CUSTOMERS).find(Query(active, limit=limit, after=(cursor, cursor) if cursor else None))
        ids = [customer.id for customer in found.items if customer.erased_at is None and not customer.restricted]
        return Subjects(ids, found.next[1] if found.next else None)

    def act(unit: Unit, due: Due, ids: Sequence[str]) -> None:
        files, since = RecordedFiles(unit, house, AsWritten()), due.at - relativedelta(months=rules.graded_over)
        for id in sorted(ids):
            known = figures(unit, house, [record.id for record in family(unit, id)], since, due.at)
            customer = unit.load(CUSTOMERS, id, may=_GRADE, by=_SYSTEM)
            if customer.state is State.ACTIVE and customer.graded_month != due.key:
                made = CustomerAct(
                    by=_SYSTEM,
                    at=max(due.at, customer.moved_at),
                    rules=rules,
                    place=house.place(customer.branch),
                    draws=cast("Any", None),  # it draws nothing
                    files=files,
                    works=lambda *_: True,
                )
                files.keep(customer, customer.assess(made, grade(known, rules.grades, rules.grading)))

    return Source(NAME, runs, page, act, late=timedelta(days=20))


def figures(unit: Unit, house: House, ids: Sequence[str], since: datetime, until: datetime) -> dict[Figure, int]:
    """What the customer of these ids paid and complained of in the time, and owes now: 0 where the house keeps none.

    Money is in whole units of the currency, rounded down.
    """
    found = dict.fromkeys(Figure, 0)
    whose: Where[Any] = Where("customer", Comparison.AMONG, tuple(ids))
    if "payments" in house.rulebook.parts:
        from csdomain.payments.model.bill import BILLS, OWED
        from csdomain.payments.model.payment import PAYMENTS

        zone = ZoneInfo(house.rulebook[ORGANISATION].zone)
        whole = 10 ** exponent(house.rulebook[ORGANISATION].currency)
        first, end = since.astimezone(zone).date(), until.astimezone(zone).date()
        came: tuple[Where[Any], ...] = (
            whose,
            Where("state", Comparison.IS, "confirmed"),
            Where("value_on", Comparison.FROM, first),
            Where("value_on", Comparison.BELOW, end),
        )
        found[Figure.SPEND] = _sum(unit, PAYMENTS, came, "amount") // whole
        found[Figure.UNPAID] = _sum(unit, BILLS, (whose, OWED.present()), "owed") // whole
    if "complaints" in house.rulebook.parts:
        from csdomain.complaints.case import COMPLAINTS

        period = (Where[Any]("received_at", Comparison.FROM, since), Where[Any]("received_at", Comparison.BELOW, until))
        rows = unit.of(COMPLAINTS).tally(Tally((whose, *period)))
        found[Figure.COMPLAINTS] = sum(row.count for row in rows)
    return found


def _sum(unit: Unit, kind: Any, where: tuple[Where[Any], ...], column: str) -> int:
    return sum(row.sums[0] or 0 for row in unit.of(kind).tally(Tally(where, sums=(column,))))
