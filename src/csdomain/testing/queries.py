"""Contract of lists and figures: what a store answers is what a look at every record would (design decision D14)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules.errors import NaiveTime
from csdomain.kernel.store.kinds import Comparison, MalformedQuery, Page, Query, Tally, TallyRow, Where

from .base import BEST_ON, COLOUR, PICKED_AT, RIPE, SIZE, SPECIMENS, Contract, Rig, Specimen, at, day, examples

_VALUES: dict[str, list[Any]] = {
    "colour": ["", "a", "A", "b", "é", "客", "z" * 120],
    "size": [1 - 2**63, -1, 0, 1, 2, 2**63 - 1],
    "ripe": [False, True],
    "picked_at": [at(-1), at(0), at(0.5), at(24 * 400)],
    "best_on": [day(-700), day(0), day(1)],
    "owner": ["agent-1", "agent-2", "agent-10"],
    "helper": ["agent-1", "agent-2"],
    "version": [1, 2],
}
_NULLABLE = ("helper", "colour", "size", "ripe", "picked_at", "best_on")
_ORDERS = ("id", *_VALUES)


def _drawn() -> st.SearchStrategy[dict[str, Any]]:
    nullable = {name: st.none() | st.sampled_from(_VALUES[name]) for name in _NULLABLE}
    return st.fixed_dictionaries({**nullable, "owner": st.sampled_from(_VALUES["owner"])})


@st.composite
def _conditions(draw: st.DrawFn) -> Where[Specimen]:
    column = draw(st.sampled_from(sorted(_VALUES)))
    comparison = draw(st.sampled_from(Comparison))
    if comparison in (Comparison.ABSENT, Comparison.PRESENT):
        return Where(column, comparison)
    values = st.sampled_from(_VALUES[column])
    if comparison is Comparison.AMONG:
        return Where(column, comparison, tuple(draw(st.lists(values, max_size=3))))
    return Where(column, comparison, draw(values))


def holds(record: Specimen, conditions: Iterable[Where[Specimen]]) -> bool:
    """Whether a record meets every condition, told from the record alone."""
    for where in conditions:
        value: Any = getattr(record, where.column)
        wanted: Any = where.value
        match where.comparison:
            case Comparison.ABSENT:
                met = value is None
            case Comparison.PRESENT:
                met = value is not None
            case _ if value is None:
                met = False
            case Comparison.IS:
                met = value == wanted
            case Comparison.AMONG:
                met = value in wanted
            case Comparison.FROM:
                met = value >= wanted
            case Comparison.BELOW:
                met = value < wanted
        if not met:
            return False
    return True


def holds_one(record: Specimen, either: Sequence[Where[Specimen]]) -> bool:
    """Whether a record meets one of some conditions, where there are any."""
    return not either or any(holds(record, [where]) for where in either)


def in_order(records: Iterable[Specimen], order_by: str, *, descending: bool) -> list[Specimen]:
    """Records by a column, nothing last, ties by id."""
    if order_by == "id":
        return sorted(records, key=lambda r: r.id, reverse=descending)
    by_id = sorted(records, key=lambda r: r.id)
    present = [r for r in by_id if getattr(r, order_by) is not None]
    present.sort(key=lambda r: getattr(r, order_by), reverse=descending)
    return present + [r for r in by_id if getattr(r, order_by) is None]


NO_QUESTIONS: tuple[Query[Specimen], ...] = (
    Query((Where("weight", Comparison.IS, 1),)),
    Query((Where("body", Comparison.PRESENT),)),
    Query(order_by="size; drop table x"),
    Query((Where("size", Comparison.IS, "1"),)),
    Query((Where("size", Comparison.IS, True),)),
    Query((Where("size", Comparison.FROM, 1.5),)),
    Query((Where("size", Comparison.BELOW, 2**63),)),
    Query((Where("size", Comparison.IS, None),)),
    Query((Where("size", Comparison.AMONG, (1, "2")),)),
    Query((Where("size", Comparison.AMONG, 1),)),
    Query((Where("colour", Comparison.IS, "a\0"),)),
    Query((Where("colour", Comparison.IS, "\ud800"),)),
    Query((Where("ripe", Comparison.IS, 1),)),
    Query((Where("best_on", Comparison.IS, at(0)),)),
    Query((Where("picked_at", Comparison.IS, date(2026, 1, 1)),)),
    Query((Where("picked_at", Comparison.FROM, datetime(2026, 1, 1)),)),  # noqa: DTZ001 - naive on purpose
    Query(order_by="size", after=("1", "x")),
    Query(order_by="size", after=(1, "a\0")),
    Query(limit=10**30),
    Query(either=(Where("weight", Comparison.IS, 1),)),
)
NO_FIGURES: tuple[Tally[Specimen], ...] = (
    Tally(group_by=("weight",)),
    Tally(sums=("weight",)),
    Tally(sums=("colour",)),
    Tally(sums=("ripe",)),
    Tally(sums=("picked_at",)),
    Tally((Where("size", Comparison.IS, "1"),)),
    Tally(either=(Where("size", Comparison.IS, "1"),)),
    Tally(sums=("size",), top=("weight", 1)),
    Tally(top=("count", 0)),
)


class QueryContract(Contract):
    """Lists and figures: conditions, order, keyset pages, counts and sums."""

    @examples(40)
    @given(
        drawn=st.lists(_drawn(), max_size=8),
        where=st.lists(_conditions(), max_size=2),
        either=st.lists(_conditions(), max_size=3),
        order_by=st.sampled_from(_ORDERS),
        descending=st.booleans(),
        limit=st.integers(1, 4),
    )
    def test_pages_give_what_is_there_in_order(
        self,
        rig: Rig,
        drawn: list[dict[str, Any]],
        where: list[Where[Specimen]],
        either: list[Where[Specimen]],
        order_by: str,
        descending: bool,
        limit: int,
    ) -> None:
        records, mine = self._stored(rig, drawn)
        found = [r for r in records if holds(r, where) and holds_one(r, either)]
        expected = in_order(found, order_by, descending=descending)
        query = Query((mine, *where), order_by, descending, limit, either=tuple(either))
        assert self._pages(rig, query, most=len(records) + 1) == expected

    @examples(20)
    @given(
        drawn=st.lists(_drawn(), max_size=8),
        where=st.lists(_conditions(), max_size=1),
        order_by=st.sampled_from(_ORDERS),
        limit=st.integers(1, 4),
        names=st.lists(st.sampled_from(("branch", *_ORDERS)), max_size=3),
    )
    def test_columns_are_those_of_the_same_pages(
        self,
        rig: Rig,
        drawn: list[dict[str, Any]],
        where: list[Where[Specimen]],
        order_by: str,
        limit: int,
        names: list[str],
    ) -> None:
        records, mine = self._stored(rig, drawn)
        query = Query((mine, *where), order_by, limit=limit)
        for _ in range(len(records) + 1):
            page = self._page(rig, query)
            columns = rig.store.look(lambda unit: unit.of(SPECIMENS).columns(names, query))  # noqa: B023 - run at once
            assert columns.items == tuple(tuple(getattr(item, name) for name in names) for item in page.items)
            assert columns.next == page.next
            if page.next is None:
                return
            query = attrs.evolve(query, after=page.next)
        raise AssertionError("the pages do not end")

    def test_columns_come_in_the_order_in_which_they_were_asked_for(self, rig: Rig) -> None:
        record = rig.specimen(colour="red", size=3)
        rig.stored(record)
        query: Query[Specimen] = Query((Where("id", Comparison.IS, record.id),))
        page = rig.store.look(lambda unit: unit.of(SPECIMENS).columns(["size", "id", "colour"], query))
        assert (page.items, page.next) == (((3, record.id, "red"),), None)

    @examples(40)
    @given(
        drawn=st.lists(_drawn(), max_size=8),
        where=st.lists(_conditions(), max_size=1),
        either=st.lists(_conditions(), max_size=2),
        top=st.none() | st.tuples(st.booleans(), st.integers(1, 3)),
        group_by=st.lists(st.sampled_from(_ORDERS[1:]), max_size=2, unique=True),
        sums=st.lists(st.sampled_from(["size", "version"]), max_size=2, unique=True),
    )
    def test_a_tally_is_what_counting_gives(
        self,
        rig: Rig,
        drawn: list[dict[str, Any]],
        where: list[Where[Specimen]],
        either: list[Where[Specimen]],
        top: tuple[bool, int] | None,
        group_by: list[str],
        sums: list[str],
    ) -> None:
        # Sums of the largest integers overflow some databases: amounts are far smaller.
        small = [{**values, "size": None if values["size"] is None else values["size"] % 1000} for values in drawn]
        records, mine = self._stored(rig, small)
        found = [r for r in records if holds(r, where) and holds_one(r, either)]
        groups: dict[tuple[Any, ...], list[Specimen]] = {} if group_by else {(): []}
        for record in found:
            groups.setdefault(tuple(getattr(record, name) for name in group_by), []).append(record)
        expected = {
            group: TallyRow(group, len(part), tuple(sum(getattr(r, name) or 0 for r in part) for name in sums))
            for group, part in groups.items()
        }
        ordered = sorted(
            expected, key=lambda group: [(value is None, 0 if value is None else value) for value in group]
        )
        by = "count" if top is None or not (top[0] and sums) else sums[0]
        if top is not None:
            ordered.sort(
                key=lambda group: expected[group].count if by == "count" else expected[group].sums[0], reverse=True
            )
            ordered = ordered[: top[1]]
        tally = Tally((mine, *where), tuple(group_by), tuple(sums), top and (by, top[1]), tuple(either))
        rows = rig.store.look(lambda unit: unit.of(SPECIMENS).tally(tally))
        assert list(rows) == [expected[group] for group in ordered]

    def test_the_largest_groups_come_first_and_no_others(self, rig: Rig) -> None:
        branch = f"b{rig.run(lambda unit: unit.session.next_number('branches'))}"
        rig.stored(*(rig.specimen(branch=branch, size=size) for size in (1, 2, 2, 2, 3, 3)))
        mine: tuple[Where[Any], ...] = (Where("branch", Comparison.IS, branch),)
        for top, sizes in (
            (("count", 1), [2]),
            (("count", 2), [2, 3]),
            (("size", 2), [2, 3]),
            (("count", 9), [2, 3, 1]),
        ):
            tally = Tally(mine, ("size",), ("size",), top)
            rows = rig.store.look(lambda unit: unit.of(SPECIMENS).tally(tally))  # noqa: B023 - run at once
            assert [row.group for row in rows] == [(size,) for size in sizes]

    def test_a_tally_without_conditions_counts_every_record(self, rig: Rig) -> None:
        def counted() -> int:
            (row,) = rig.store.look(lambda unit: unit.of(SPECIMENS).tally(Tally()))
            return row.count

        before = counted()
        rig.stored(rig.specimen(), rig.specimen())
        assert counted() == before + 2

    def _stored(self, rig: Rig, drawn: list[dict[str, Any]]) -> tuple[list[Specimen], Where[Specimen]]:
        """Records in a branch of their own, some saved twice; and the condition that finds them."""
        branch = f"b{rig.run(lambda unit: unit.session.next_number('branches'))}"
        records = [rig.specimen(branch=branch, **values) for values in drawn]
        if records:
            rig.stored(*records)
            for record in records[::3]:
                rig.run(lambda unit: unit.of(SPECIMENS).save(record))  # noqa: B023 - run at once
        return records, Where("branch", Comparison.IS, branch)

    def _pages(self, rig: Rig, query: Query[Specimen], *, most: int) -> list[Specimen]:
        found: list[Specimen] = []
        for _ in range(most + 1):
            page = self._page(rig, query)
            found += page.items
            assert len(page.items) <= query.limit
            if page.next is None:
                return found
            assert len(page.items) == query.limit, "only the last page may be short"
            query = attrs.evolve(query, after=page.next)
        raise AssertionError("the pages do not end")

    def _page(self, rig: Rig, query: Query[Specimen]) -> Page[Specimen]:
        return rig.store.look(lambda unit: unit.of(SPECIMENS).find(query))

    @pytest.mark.parametrize("descending", [False, True])
    def test_what_is_added_meanwhile_neither_repeats_nor_hides(self, rig: Rig, descending: bool) -> None:
        records = [rig.specimen(size=size) for size in (1, 1, 3, None, 5, None)]
        rig.stored(*records)
        query: Query[Specimen] = Query(order_by="size", descending=descending, limit=2)
        found: list[str] = []
        for size in (0, 2, None, 4, 6, None, 7):
            page = self._page(rig, query)
            found += [record.id for record in page.items]
            if page.next is None:
                break
            rig.stored(rig.specimen(size=size))
            query = attrs.evolve(query, after=page.next)
        assert len(found) == len(set(found))
        assert {record.id for record in records} <= set(found)

    def test_conditions_are_made_by_fields(self, rig: Rig) -> None:
        rig.stored(
            rig.specimen(colour="red", size=1, ripe=True, picked_at=at(0), best_on=day(0)),
            rig.specimen(colour="blue", size=2, ripe=False, picked_at=at(1), best_on=day(1)),
            rig.specimen(),
        )
        for condition, count in (
            (COLOUR.is_("red"), 1),
            (COLOUR.among(["red", "blue"]), 2),
            (COLOUR.absent(), 1),
            (SIZE.at_least(1), 2),
            (SIZE.below(2), 1),
            (RIPE.is_(False), 1),
            (PICKED_AT.at_least(at(1).astimezone(timezone(timedelta(hours=8)))), 1),
            (BEST_ON.below(day(1)), 1),
            (BEST_ON.present(), 2),
        ):
            assert len(self._page(rig, Query((condition,))).items) == count, condition

    def test_a_whole_list_has_no_next_page(self, rig: Rig) -> None:
        rig.stored(rig.specimen(), rig.specimen())
        assert self._page(rig, Query(limit=2)).next is None
        assert self._page(rig, Query(limit=1)).next is not None

    def test_a_question_that_makes_no_sense_is_refused_by_name(self, rig: Rig) -> None:
        rig.stored()
        for query in NO_QUESTIONS:
            with pytest.raises((MalformedQuery, NaiveTime)) as caught:
                self._page(rig, query)
            assert caught.value.facts["field"], query
        with pytest.raises(MalformedQuery):
            rig.store.look(lambda unit: unit.of(SPECIMENS).columns(["id", "weight"]))

    def test_a_figure_that_makes_no_sense_is_refused_by_name(self, rig: Rig) -> None:
        rig.stored(rig.specimen(colour="red", ripe=True, picked_at=at(0)))
        for tally in NO_FIGURES:
            with pytest.raises(MalformedQuery):
                rig.store.look(lambda unit: unit.of(SPECIMENS).tally(tally))  # noqa: B023 - run at once
