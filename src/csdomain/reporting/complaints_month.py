"""The complaints closed in a month, in figures that open to their cases, and the list for its review (CMP-20, CMP-26).

Counts and sums are made by the database over real columns: their cost is that of the month, not that of the store.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import attrs
from dateutil.relativedelta import relativedelta

from csdomain.casework.months import due_next_month
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.case.columns import CAUSE, CLASS, CLOSED_AT, CLOSED_MONTH, IN_TIME, PRODUCT, STATE, UNIT
from csdomain.complaints.lifecycle import State
from csdomain.complaints.service import Complaints
from csdomain.complaints.values import PERSONAL
from csdomain.frame.questions import house_of, reaching, rules_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.kinds import ColumnValue, Comparison, Query, Tally, TallyRow, Where
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import PersonalKind, mask

from .rules import MONTHLY
from .tables import Cell, ColumnKind, ReportTable, TableColumn

_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_SUMS: Final = ("claimed", "granted", "lost")
_PAGE: Final = 200
#: By what the complaints of a month are counted: columns of the case, and how people call them.
DIMENSIONS: Final[Mapping[str, Text]] = {
    CLASS.name: Text("class", "类别"),
    CAUSE.name: Text("cause", "原因"),
    UNIT.name: Text("liable unit", "责任单位"),
    PRODUCT.name: Text("product", "产品"),
    "branch": Text("branch", "分支"),
}


class MalformedMonth(InvalidValue):
    """Not a month such as ``2026-03``, or a dimension that nothing is counted by (CMP-26)."""

    default_rule = MONTHLY
    problem = Text("There are no figures for this.", "没有相应的统计。")


@attrs.frozen(kw_only=True)
class Figures:
    """How many cases were closed, how many of them in time and late (for the rest no clock ran), and their amounts.

    ``withdrawn`` are those that the customer withdrew, which count nowhere else but with what was paid on them.
    """

    closed: int
    in_time: int
    late: int
    withdrawn: int
    claimed: Money
    granted: Money
    lost: Money


@attrs.frozen(kw_only=True)
class MonthlyComplaints:
    """The complaints closed in ``month`` of the branches' zones, as of ``as_of``: in all, and by each dimension.

    ``before`` is the month before in all. A group whose key is None has the cases of which it is not known.
    """

    month: str
    as_of: datetime
    whole: Figures
    before: Figures
    groups: Mapping[str, Mapping[str | None, Figures]]

    def query(
        self, dimension: str | None = None, key: str | None = None, *, withdrawn: bool = False
    ) -> Query[Complaint]:
        """The cases behind a figure, for ``complaints.find`` (RPT-03). Raises :class:`MalformedMonth`."""
        ended = STATE.is_(State.WITHDRAWN.value) if withdrawn else CLOSED_AT.present()
        where: tuple[Where[Complaint], ...] = (CLOSED_MONTH.is_(self.month), ended)
        if dimension is not None:
            known = ", ".join(DIMENSIONS)
            if dimension not in DIMENSIONS:
                raise MalformedMonth(field=dimension, accepted=Text(known, known))
            comparison = Comparison.ABSENT if key is None else Comparison.IS
            where = (*where, Where(dimension, comparison, key))
        return Query(where, limit=_PAGE)

    def table(self) -> ReportTable:
        """All groups as one table, a line a group, for files (RPT-04)."""
        currency = self.whole.claimed.currency
        columns = (
            TableColumn("dimension", Text("by", "统计口径")),
            TableColumn("group", Text("group", "分组")),
            TableColumn("closed", Text("closed", "结案数"), ColumnKind.INTEGER),
            TableColumn("in_time", Text("in time", "按期"), ColumnKind.INTEGER),
            TableColumn("late", Text("late", "逾期"), ColumnKind.INTEGER),
            TableColumn("withdrawn", Text("withdrawn", "撤回"), ColumnKind.INTEGER),
            TableColumn("claimed", Text("claimed", "索赔金额"), ColumnKind.MONEY, currency=currency),
            TableColumn("granted", Text("granted", "核定金额"), ColumnKind.MONEY, currency=currency),
            TableColumn("lost", Text("lost", "损失金额"), ColumnKind.MONEY, currency=currency),
        )
        title = Text(f"Complaints closed in {self.month}", f"{self.month} 结案的客户投诉")
        return ReportTable(title, columns, tuple(self._rows()))

    def as_data(self) -> dict[str, object]:
        """The figures for a program: amounts as text with their currency, instants in ISO 8601."""

        def data(figures: Figures) -> dict[str, object]:
            found = attrs.asdict(figures, recurse=False)
            return {name: str(value) if isinstance(value, Money) else value for name, value in found.items()}

        groups = {
            name: [{"group": key, **data(figures)} for key, figures in of.items()] for name, of in self.groups.items()
        }
        return {
            "month": self.month,
            "as_of": self.as_of.isoformat(),
            "all": data(self.whole),
            "month_before": data(self.before),
            "groups": groups,
        }

    def _rows(self) -> Iterator[tuple[Cell, ...]]:
        def cells(name: str, key: str | None, f: Figures) -> tuple[Cell, ...]:
            return (name, key, f.closed, f.in_time, f.late, f.withdrawn, f.claimed, f.granted, f.lost)

        yield cells("all", None, self.whole)
        for name, groups in self.groups.items():
            yield from (cells(name, key, figures) for key, figures in groups.items())


def complaints_of_month(complaints: Complaints, month: str, *, by: Actor, at: datetime) -> MonthlyComplaints:
    """The figures of the cases closed in ``month`` (``2026-03``) that ``by`` may read, all of one moment.

    Seven grouped queries, no case is loaded. Raises :class:`MalformedMonth`, NotPermitted, NaiveTime. [CMP-26, RPT-07]
    """
    at, currency = utc(at), house_of(complaints).currency
    former = f"{_first_day(month) - relativedelta(months=1):%Y-%m}"
    asked = [_tally(month), _tally(former), *(_tally(month, name) for name in DIMENSIONS)]
    whole, before, *parts = complaints.tallies(asked, by=by)
    return MonthlyComplaints(
        month=month,
        as_of=at,
        whole=_figures(whole, currency),
        before=_figures(before, currency),
        groups={name: _grouped(rows, currency) for name, rows in zip(DIMENSIONS, parts, strict=True)},
    )


def review_of_month(complaints: Complaints, month: str, *, by: Actor) -> ReportTable:
    """The cases closed in ``month`` as the GM office reviews them: liability, loss, penalties, by when (CMP-20).

    Customers are personal: masked in files unless revealed, and always where ``complaints.personal`` does not reach the
    case. Cases are read page by
    page as the rows are gone through; the day is that of the current rulebook. Raises :class:`MalformedMonth`, and
    NotPermitted as rows are read. [CMP-20, KRN-14]
    """
    _first_day(month)
    currency = house_of(complaints).currency
    columns = (
        TableColumn("number", Text("number", "编号")),
        TableColumn("customer", Text("customer", "客户"), personal=PersonalKind.OTHER),
        TableColumn("branch", Text("branch", "分支")),
        TableColumn("closed_at", Text("closed", "结案时间"), ColumnKind.INSTANT),
        TableColumn("in_time", Text("in time", "按期"), ColumnKind.FLAG),
        TableColumn("class_name", Text("class", "类别")),
        TableColumn("cause", Text("cause", "原因")),
        TableColumn("unit", Text("liable unit", "责任单位")),
        TableColumn("lost", Text("loss", "损失"), ColumnKind.MONEY, currency=currency),
        TableColumn("penalties", Text("penalties", "处分与罚扣")),
        TableColumn("reviewed", Text("reviewed", "已审视"), ColumnKind.FLAG),
        TableColumn("review_by", Text("review by", "审视期限"), ColumnKind.INSTANT),
    )
    title = Text(f"Review of complaints closed in {month}", f"{month} 结案投诉的审视")
    return ReportTable(title, columns, _Cases(complaints, month, by))


@attrs.frozen(eq=False)
class _Cases:
    """The rows of the review: gone through as often as one likes, read afresh each time."""

    complaints: Complaints
    month: str
    by: Actor

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        query: Query[Complaint] = Query(
            (CLOSED_MONTH.is_(self.month), CLOSED_AT.present()), order_by="closed_at", limit=_PAGE
        )
        while True:
            page = self.complaints.find(query, by=self.by)
            yield from map(self._row, page.items)
            if page.next is None:
                return
            query = attrs.evolve(query, after=page.next)

    def _row(self, case: Complaint) -> tuple[Cell, ...]:
        house = house_of(self.complaints)
        seen = reaching(house.resolve(self.by), case, COMPLAINTS).may(PERSONAL)
        columns = {name: field.of(case) for name, field in ((f.name, f) for f in (CLASS, CAUSE, UNIT, IN_TIME))}
        penalties = "; ".join(
            f"{penalty.on}: {penalty.discipline or penalty.amount} ({penalty.state.value})"
            for penalty in case.penalties
        )
        lost = sum(form.judgement.lost(case.currency).minor for form in case.forms if form.judgement is not None)
        day = rules_of(self.complaints, case).review_by  # as its timer does
        due = (
            None
            if day is None or case.closed_at is None
            else due_next_month(case.closed_at, day, house.zone(case.branch))
        )
        return (
            case.number,
            case.customer if seen else mask(PersonalKind.OTHER, case.customer),
            case.branch,
            case.closed_at,
            _flag(columns[IN_TIME.name]),
            _text(columns[CLASS.name]),
            _text(columns[CAUSE.name]),
            _text(columns[UNIT.name]),
            Money(lost, case.currency),
            penalties or None,
            case.reviewed,
            due,
        )


def _flag(value: ColumnValue) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: ColumnValue) -> str | None:
    return value if isinstance(value, str) else None


def _first_day(month: str) -> date:
    if not isinstance(month, str) or not _MONTH.fullmatch(month) or month < "0001-02":
        raise MalformedMonth(field="month", given=month, accepted=Text("2026-03", "2026-03"))
    return date(int(month[:4]), int(month[5:]), 1)


def _tally(month: str, *names: str) -> Tally[Complaint]:
    return Tally((CLOSED_MONTH.is_(month),), (*names, IN_TIME.name, STATE.name), _SUMS)


def _grouped(rows: Sequence[TallyRow], currency: str) -> Mapping[str | None, Figures]:
    groups: dict[str | None, list[TallyRow]] = {}
    for row in rows:
        groups.setdefault(_text(row.group[0]), []).append(row)
    return {key: _figures(of, currency) for key, of in groups.items()}


def _figures(rows: Iterable[TallyRow], currency: str) -> Figures:
    counts = {True: 0, False: 0, None: 0}
    sums = [0, 0, 0]
    withdrawn = 0
    for row in rows:
        claimed_, granted_, lost_ = row.sums
        if row.group[-1] == State.WITHDRAWN.value:
            withdrawn += row.count
            claimed_ = lost_ = 0
        else:
            counts[_flag(row.group[-2])] += row.count
        sums = [total + more for total, more in zip(sums, (claimed_, granted_, lost_), strict=True)]
    claimed, granted, lost = (Money(minor, currency) for minor in sums)
    return Figures(
        closed=sum(counts.values()),
        in_time=counts[True],
        late=counts[False],
        withdrawn=withdrawn,
        claimed=claimed,
        granted=granted,
        lost=lost,
    )
