"""INV-05: why each of the other lots was passed over."""

from datetime import date

import attrs
import pytest
from hypothesis import given

from csdomain.inventory.policies import Stock, allocate, available
from csdomain.inventory.values import (
    Request,
    Why,
)

from .allocation_oracle import (
    AT,
    FEFO,
    Scenario,
    given_by,
    hold,
    is_fit,
    lot,
    order_key,
    run,
    scenarios,
)


@pytest.mark.rule("INV-05", "INV-15")
def test_every_other_lot_is_explained() -> None:
    lots = [
        lot("a", 0, days=9),
        lot("b", 5, days=8, quarantined=True),
        lot("c", 5, days=7, expires=date(2026, 3, 1)),
        lot("d", 5, days=6),
        lot("e", 5, days=5),
        lot("f", 5, days=4),
    ]
    held = (hold("r", "ord_9", 5, "d"),)
    outcome = run(lots, Request("prd", 5), Request("prd", 3), Request("prd", 3), held=held)

    def why(index: int) -> dict[str, Why]:
        return {passed.lot.id: passed.why for passed in outcome.explain(index)}

    unfit = {"a": Why.EMPTY, "b": Why.QUARANTINED, "c": Why.EXPIRED, "d": Why.RESERVED}
    assert why(0) == {**unfit, "f": Why.NOT_NEEDED}
    assert why(1) == {**unfit, "e": Why.EMPTY}
    assert why(2) == why(-1) == {**unfit, "e": Why.EMPTY, "f": Why.TOO_LITTLE}
    assert [passed.lot.id for passed in outcome.explain()] == ["a", "b", "c", "d", "f"]
    asked = run(lots, Request("prd", 5, lot="f"), held=held).explain()
    assert {p.lot.id: p.why for p in asked} == {**unfit, "d": Why.NOT_ASKED, "e": Why.NOT_ASKED}
    with pytest.raises(IndexError):
        outcome.explain(3)


@pytest.mark.rule("INV-15")
def test_what_is_held_back_by_product_is_explained_as_reserved() -> None:
    lots = [lot("a", 3, days=3), lot("b", 3, days=2), lot("c", 3, days=1)]
    held = (hold("r", "ord_1", 4), hold("s", "ord_2", 1, "c"))
    got = run(lots, Request("prd", 9, "ord_2", all_or_nothing=False), held=held)
    assert given_by(got[0]) == [("a", 3), ("b", 1), ("c", 1)]
    assert got.explain() == ()
    few = run(lots, Request("prd", 3, "ord_2"), held=held)
    assert {p.lot.id: p.why for p in few.explain()} == {"b": Why.NOT_NEEDED, "c": Why.NOT_NEEDED}
    more = run(lots, Request("prd", 6, "ord_2"), held=held)
    assert {p.lot.id: p.why for p in more.explain()} == dict.fromkeys("abc", Why.TOO_LITTLE)
    other = run(lots, Request("prd", 6), held=held)
    assert {p.lot.id: p.why for p in other.explain()} == {
        "a": Why.TOO_LITTLE, "b": Why.TOO_LITTLE, "c": Why.RESERVED,
    }  # fmt: skip


@pytest.mark.rule("INV-15")
@pytest.mark.parametrize(
    ("asked", "on_a", "held", "why"),
    [
        (9, 0, 4, Why.RESERVED),  # 5 of 9 are free, and a and b gave them
        (2, 3, 3, Why.RESERVED),  # a gave what is reserved of it; what is free is held for others
        (2, 1, 2, Why.NOT_NEEDED),  # one of two came out of what is free, of which one more could be had
        (3, 3, 0, Why.NOT_NEEDED),
        (3, 2, 3, Why.RESERVED),
    ],
)
def test_a_lot_is_reserved_for_others_only_where_no_unit_more_could_be_had(
    asked: int, on_a: int, held: int, why: Why
) -> None:
    lots = [lot(id_, 3, days=3 - i) for i, id_ in enumerate("abc" if not on_a else "ac")]
    reservations = [hold("mine", "ord_2", on_a, "a")] if on_a else []
    reservations += [hold("others", "ord_1", held)] if held else []
    outcome = run(lots, Request("prd", asked, "ord_2", all_or_nothing=False), held=tuple(reservations))
    assert {passed.lot.id: passed.why for passed in outcome.explain()} == {"c": why}


@pytest.mark.rule("INV-05")
def test_the_other_lots_are_named_in_the_order_of_drawing() -> None:
    lots = [lot(id_, 1, days=9 - i, expires=expires) for i, (id_, expires) in enumerate(DATED)]
    wanted = Request("prd", 1, lot="a")
    assert [passed.lot.id for passed in run(lots, wanted).explain()] == ["b", "c", "d", "e"]
    assert [passed.lot.id for passed in run(lots, wanted, rules=FEFO).explain()] == ["d", "c", "e", "b"]


DATED = [("a", None), ("b", None), ("c", date(2027, 1, 1)), ("d", date(2026, 5, 1)), ("e", date(2027, 1, 1))]


@pytest.mark.rule("INV-05")
def test_a_lot_given_away_is_empty_whoever_asks_for_it_again() -> None:
    lots = [lot("a", 3, 10, days=9), lot("b", 3, 11, days=8)]
    again, other = Request("prd", 1, lot="a", all_or_nothing=False), Request("prd", 1, lot="b")
    outcome = run(lots, Request("prd", 4), again, other)
    assert [given_by(got) for got in outcome] == [[("a", 3), ("b", 1)], [], [("b", 1)]]
    assert [passed.why for passed in outcome.explain(2)] == [Why.EMPTY]
    outcome = run(lots, Request("prd", 6), again, other)
    assert [(got.taken, got.value.minor) for got in outcome] == [(6, 21), (0, 0), (0, 0)]
    assert [passed.why for passed in outcome.explain(2)] == [Why.EMPTY, Why.EMPTY]


@pytest.mark.rule("INV-05", "INV-15")
@given(scenarios())
def test_an_explanation_names_each_other_lot_once_and_truly(scenario: Scenario) -> None:
    stock = Stock(scenario.lots, "CNY")
    how = {"at": AT, "zone": scenario.zone, "rules": scenario.rules}
    outcome = allocate(stock, scenario.requests, reservations=scenario.reservations, **how)  # type: ignore[arg-type]
    held = {r.id: r.quantity for r in scenario.reservations}
    for index, got in enumerate(outcome):
        reservations = [attrs.evolve(r, quantity=held[r.id]) for r in scenario.reservations if held[r.id]]
        here = (
            {of.id: of for of in stock.shelves[got.request.product].lots}
            if got.request.product in stock.shelves
            else {}
        )
        gave = {of.id for of in got.lots}
        passed = outcome.explain(index)
        order = sorted(here.values(), key=lambda of: order_key(of, scenario.rules))
        assert [p.lot.id for p in passed] == [of.id for of in order if of.id not in gave]
        for p in passed:
            of = here[p.lot.id]
            alone = available(
                stock,
                of.product,
                owner=got.request.owner,
                lot=of.id,
                reservations=reservations,
                **how,  # type: ignore[arg-type]
            )
            true = {
                Why.EMPTY: of.quantity == 0,
                Why.QUARANTINED: of.quarantined,
                Why.EXPIRED: not is_fit(of, scenario) and not of.quarantined,
                Why.NOT_ASKED: got.request.lot not in (None, of.id),
                Why.RESERVED: alone == 0 or bool(reservations),
                Why.TOO_LITTLE: not got.taken and got.request.all_or_nothing and alone > 0,
                Why.NOT_NEEDED: got.complete and alone > 0,
            }
            assert true[p.why]
            if is_fit(of, scenario) and of.quantity and not alone and got.request.lot in (None, of.id):
                assert p.why is Why.RESERVED
            assert p.why.text.en
            assert p.why.text.zh
        stock = stock.without(got.lines)
        for drawn in got.drawn:
            held[drawn.reservation] -= drawn.quantity
        rest = [attrs.evolve(r, quantity=held[r.id]) for r in scenario.reservations if held[r.id]]
        for p in passed if got.taken else ():
            more = available(stock, p.lot.product, owner=got.request.owner, lot=p.lot.id, reservations=rest, **how)  # type: ignore[arg-type]
            assert p.why is not Why.NOT_NEEDED or more
            assert p.why is not Why.RESERVED or not more
