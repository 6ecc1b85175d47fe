"""The papers of the warehouse: what each refuses, and what it does to the ledger (INV-01…16)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.inventory import rules as r
from csdomain.inventory.commands.destructions import Unsound
from csdomain.inventory.model.ledger import SerialTaken, TooLate, TooLittle
from csdomain.inventory.model.papers import Receipt, Wanted, product_id
from csdomain.inventory.values import InvalidLot, MalformedPaper, Request, WrongPlace
from csdomain.kernel.papers.approvals import ApprovalVoid, BeyondAuthority, OwnRequest
from csdomain.kernel.rules.errors import MoveRefused, NotFound, NotPermitted, RuleBroken
from csdomain.kernel.values.money import Money

from .warehouse import OIL, T0, Warehouse

YUAN = Money(100, "CNY")


def stocked(*quantities: int, **how: Any) -> Warehouse:
    house = Warehouse()
    house.product()
    for quantity in quantities:
        house.put(quantity, **how)
    return house


def sums(house: Warehouse) -> dict[str, int]:
    """Quantity by kind of place."""
    found: dict[str, int] = {}
    for (place, _), (quantity, _) in house.balances().items():
        kind = place.partition("/")[0]
        found[kind] = found.get(kind, 0) + quantity
    return found


# --- products and purchases -------------------------------------------------------------------------------------------


@pytest.mark.rule(r.PRODUCTS, r.ZONES)
def test_only_what_is_on_the_list_comes_into_stock_and_lies_in_its_zone() -> None:
    house = Warehouse()
    with pytest.raises(RuleBroken) as refused:
        house.product(zone="attic")
    assert refused.value.rule is r.ZONES
    with pytest.raises(RuleBroken) as refused:
        house.stock.purchases.request([Wanted(OIL, 1)], YUAN, **house.by(house.buyer))
    assert refused.value.rule is r.PRODUCTS
    house.product(zone="cold")
    house.put(2, spot="A1")
    assert [place for place, _ in house.balances()] == ["wh/hq/cold/A1"]
    house.stock.products.retire(product_id(OIL), **house.by(house.buyer))
    with pytest.raises(RuleBroken):
        house.stock.purchases.request([Wanted(OIL, 1)], YUAN, **house.by(house.buyer))


def arrived(house: Warehouse, wanted: int, *receipts: Receipt) -> str:
    stock = house.stock.purchases
    id = stock.request([Wanted(receipts[0].product, wanted)], YUAN, **house.by(house.buyer)).id
    stock.approve(id, **house.by(house.head))
    stock.order(id, "maker", **house.by(house.buyer))
    stock.arrive(id, receipts, **house.by())
    return id


def oil(sound: int, damaged: int = 0, cost: int = 100, **more: Any) -> Receipt:
    return Receipt(product=OIL, sound=sound, damaged=damaged, unit_cost=Money(cost, "CNY"), **more)


@pytest.mark.rule(r.LEDGER, r.QUARANTINE)
def test_damaged_goods_that_are_taken_over_are_set_apart() -> None:
    house = stocked()
    one = Receipt(product=OIL, sound=3, damaged=2, unit_cost=YUAN)
    house.stock.products.take_over(product_id(OIL), [one], "opening", **house.by(house.buyer))
    assert sums(house) == {"wh": 3, "qt": 2}
    assert sorted(house.balances().values()) == [(2, 200), (3, 300)]
    house.check()


@pytest.mark.rule(r.PRODUCTS)
def test_goods_with_a_shelf_life_come_with_an_expiry_that_it_allows() -> None:
    house = Warehouse()
    house.product(shelf_days=30)
    last, products = T0.date() + timedelta(days=30), house.stock.products
    wrong = [None, last + timedelta(days=1)]
    for expires in wrong:
        with pytest.raises(RuleBroken):
            house.put(5, expires=expires)
    bought = house.stock.purchases.request(house.wanted(5), YUAN, **house.by(house.buyer)).id
    house.stock.purchases.approve(bought, **house.by(house.head))
    house.stock.purchases.order(bought, "maker", **house.by(house.buyer))
    for expires in (*wrong, last):
        came = [Receipt(product=OIL, sound=5, unit_cost=YUAN, expires=expires)]
        if expires != last:
            with pytest.raises(RuleBroken):
                house.stock.purchases.arrive(bought, came, **house.by())
        else:
            house.stock.purchases.arrive(bought, came, **house.by())
    house.put(5, expires=last)
    for days in (-1, 36_501):
        with pytest.raises(MalformedPaper):
            products.list("salt", "salt", "bag", "normal", shelf_days=days, **house.by(house.buyer))


@pytest.mark.rule(r.PRODUCTS)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 900)), max_size=6))
def test_a_price_holds_from_its_day_on_and_what_has_held_stays(changes: list[tuple[int, int, int]]) -> None:
    """Oracle: a price a day."""
    house = Warehouse()
    today = T0.date()
    house.product(price=Money(500, "CNY"), content=Decimal(60))
    shown = dict.fromkeys((today + timedelta(days=n) for n in range(300)), 500)
    begins = {today: 500}
    for later, ahead, price in changes:
        house.now += timedelta(days=later)
        now = house.now.date()
        since = now + timedelta(days=ahead)
        house.stock.products.set_price(product_id(OIL), Money(price, "CNY"), since, **house.by(house.buyer))
        begins[since] = price
        with pytest.raises(RuleBroken):
            house.stock.products.set_price(product_id(OIL), YUAN, now - timedelta(days=1), **house.by(house.buyer))
    for day in shown:
        shown[day] = begins[max(since for since in begins if since <= day)]
    product = house.stock.products.get(product_id(OIL), by=house.buyer)
    assert [product.price(day) for day in shown] == [Money(price, "CNY") for price in shown.values()]
    assert product.price(today - timedelta(days=1)) is None


@pytest.mark.rule(r.PRODUCTS)
@pytest.mark.parametrize(
    "wrong",
    [{"price": Money(1, "EUR")}, {"price": Money(-1, "CNY")}, {"content": Decimal(0)}, {"content": Decimal("NaN")}],
)
def test_a_price_is_of_the_house_and_a_unit_holds_something(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedPaper):
        Warehouse().product(**wrong)


@pytest.mark.rule(r.RECEIVING, r.LOTS, r.QUARANTINE)
@given(st.integers(1, 9), st.integers(0, 3), st.integers(0, 3), st.integers(0, 10**4))
def test_goods_are_in_stock_once_both_have_accepted_and_each_batch_is_a_lot(
    sound: int, damaged: int, short: int, cost: int
) -> None:
    house = stocked()
    id = arrived(house, sound + damaged + short, oil(sound, damaged, cost, batch="b", expires=date(2027, 1, 1)))
    stock = house.stock.purchases
    for accept, who in ((None, None), (stock.accept_as_keeper, house.keeper), (stock.accept_as_buyer, house.buyer)):
        if accept is not None:
            accept(id, **house.by(who))
        assert not house.balances()
    stock.enter(id, "A1", **house.by())
    purchase = stock.get(id, by=house.head)
    (lot,) = purchase.lots
    expected = {("wh/hq/normal/A1", lot): (sound, sound * cost)}
    expected |= {("qt/hq", lot): (damaged, damaged * cost)} if damaged else {}
    assert house.balances() == expected
    told = next(line for line in stock.trail(id, by=house.head) if line.name == "purchase_arrived")
    assert (told.facts["short"], told.facts["damaged"]) == (short, damaged)
    house.check()


@pytest.mark.rule(r.RECEIVING, r.LOTS, r.PROPOSAL)
@given(parts=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.booleans()), min_size=1, max_size=4))
def test_a_purchase_comes_in_parts_each_accepted_by_both_until_all_has_come_or_it_is_closed(
    parts: list[tuple[int, int, bool]],
) -> None:
    house, came, bad = stocked(), 0, 0
    parts = [part for part in parts if part[0] + part[1]] or [(1, 0, True)]
    wanted = sum(sound + damaged for sound, damaged, kept in parts if kept) or 1
    stock, rest = house.stock.purchases, 3
    id = stock.request([Wanted(OIL, wanted + rest)], YUAN, **house.by(house.buyer)).id
    stock.approve(id, **house.by(house.head))
    stock.order(id, "maker", **house.by(house.buyer))

    def on_order() -> int:
        return stock.needs([OIL], by=house.head, at=house.at)[0].on_order

    with pytest.raises(MoveRefused):
        stock.close(id, "no more", **house.by(house.buyer))
    for sound, damaged, kept in parts:
        if sound + damaged > wanted + rest - came - bad:
            with pytest.raises(RuleBroken):
                stock.arrive(id, [oil(sound, damaged)], **house.by())
            continue
        stock.arrive(id, [oil(sound, damaged)], **house.by())
        assert on_order() == wanted + rest - came - bad - damaged
        if not kept:
            stock.accept_as_buyer(id, **house.by(house.buyer))
            stock.send_back(id, "wet", **house.by())
        else:
            stock.accept_as_keeper(id, **house.by())
            assert stock.get(id, by=house.head).state.value == "arrived"  # a seal holds for its own delivery
            stock.accept_as_buyer(id, **house.by(house.buyer))
            stock.enter(id, **house.by())
            came, bad = came + sound, bad + damaged
        assert on_order() == wanted + rest - came - bad
        there = house.balances()
        lying = {place: sum(q for (where, _), (q, _) in there.items() if where == place) for place, _ in there}
        assert lying == {key: q for key, q in (("wh/hq/normal/", came), ("qt/hq", bad)) if q}
    told = [m for m in house.desk.store.look(lambda u: u.session.outbox(limit=99)) if m.occasion == "purchase.arrived"]
    arrived_ = [line for line in stock.trail(id, by=house.head) if line.name == "purchase_arrived"]
    assert len(told) == 2 * len(arrived_)
    if came + bad:
        with pytest.raises(MoveRefused):
            stock.cancel(id, "too late", **house.by(house.buyer))
        left = wanted + rest - came - bad
        assert stock.get(id, by=house.head).state.value == "awaited"
        if len(parts) % 2:
            assert stock.close(id, "no more is made", **house.by(house.buyer)).state == "closed"
        else:
            stock.arrive(id, [oil(left)], **house.by())
            with pytest.raises(RuleBroken):
                stock.cancel(id, "too late", **house.by(house.buyer))
            stock.accept_as_buyer(id, **house.by(house.buyer))
            stock.accept_as_keeper(id, **house.by())
            assert stock.enter(id, **house.by()).state == "entered"
        assert on_order() == 0
    elif arrived_:
        assert stock.close(id, "all of it was wet", **house.by(house.buyer)).state == "closed"
    house.check()


@pytest.mark.rule(r.RECEIVING)
def test_two_people_accept_both_present_and_nobody_approves_their_own_request() -> None:
    house = stocked()
    stock = house.stock.purchases
    both = house.somebody("both", "warehouse_keeper", "product_manager")
    id = stock.request([Wanted(OIL, 5)], YUAN, **house.by(house.head)).id
    with pytest.raises(OwnRequest):
        stock.approve(id, **house.by(house.head))
    id = arrived(house, 5, oil(5))
    stock.accept_as_keeper(id, **house.by(both))
    with pytest.raises(OwnRequest):
        stock.accept_as_buyer(id, **house.by(both))
    house.now += timedelta(minutes=30)
    assert stock.accept_as_buyer(id, **house.by(house.buyer)).state == "arrived"  # the keeper's seal has lapsed
    assert stock.accept_as_keeper(id, **house.by()).state == "accepted"
    with pytest.raises(RuleBroken) as refused:
        arrived(house, 5, oil(4, 2))
    assert refused.value.rule is r.RECEIVING


@pytest.mark.rule(r.LOTS)
def test_a_serial_number_is_one_lot_of_one_for_ever() -> None:
    house = stocked()
    house.product("tracker", serial=True)
    first = house.put(1, "tracker", serials=["n1"])
    house.stock.shipments.pick("rep-1", [Wanted("tracker", 1)], **house.by())
    for wrong, error in ((["n1"], SerialTaken), (["n2", "n2"], RuleBroken), ([], RuleBroken)):
        with pytest.raises(error):
            house.put(max(1, len(wrong)), "tracker", serials=wrong)
    with pytest.raises(RuleBroken):
        house.put(1, OIL, serials=["n3"])
    assert [lot for _, lot in house.balances()] == [first]


# --- the ledger -------------------------------------------------------------------------------------------------------


@pytest.mark.rule(r.LEDGER)
def test_late_paper_is_booked_at_the_last_movement_and_too_late_paper_is_refused() -> None:
    house = stocked(9)
    house.now += timedelta(hours=30)
    house.send(1)
    last, house.now = house.movements()[-1].at, house.now - timedelta(hours=2)
    said = house.now + timedelta(minutes=1)
    house.stock.shipments.pick("ord-2", house.wanted(1), **house.by())
    late = house.movements()[-1]
    assert (late.at, late.happened_at) == (last, said)
    house.now = last - timedelta(hours=25)
    before = house.balances()
    with pytest.raises(TooLate):
        house.stock.shipments.pick("ord-3", house.wanted(1), **house.by())
    assert house.balances() == before
    house.check()


@pytest.mark.rule(r.LEDGER)
def test_the_stock_of_any_past_instant_is_as_it_was_shown_then() -> None:
    house = stocked(5, 4)
    shown = {}
    for quantity in (1, 2, 3):
        house.send(quantity)
        shown[house.now] = {**house.balances()}
    for at, then in shown.items():
        held = house.stock.stock_at(at, by=house.head, product=OIL)
        assert {key: value for key, value in held.items() if key[0].startswith("wh")} == then
    assert [move.quantity for move in house.stock.card(OIL, by=house.head).items][:2] == [5, 4]
    with pytest.raises(NotFound, match="on the list"):
        house.stock.card("fish_oyl", by=house.head)
    assert house.stock.on_hand(by=house.keeper) == {("hq", OIL): (3, 300)}
    stranger = house.somebody("far", "warehouse_keeper", branch="north")
    assert house.stock.on_hand(by=stranger) == {}
    with pytest.raises(NotPermitted):
        house.stock.lying("qt/hq", by=stranger)


@pytest.mark.rule(r.LEDGER)
@pytest.mark.parametrize("spot", ["a/b", "a\0", "x" * 200])
def test_a_spot_is_a_plain_name(spot: str) -> None:
    with pytest.raises(WrongPlace):
        stocked(1, spot=spot)


# --- shipments and reservations ---------------------------------------------------------------------------------------


@pytest.mark.rule(r.SHIPPING, r.ALLOCATION)
def test_a_shipment_is_checked_again_when_it_leaves_and_put_back_where_it_lay() -> None:
    house = stocked(3, expires=date(2026, 3, 5))
    before = house.balances()
    id = house.stock.shipments.pick("ord-1", house.wanted(2), **house.by()).id
    house.now += timedelta(days=2)
    with pytest.raises(RuleBroken) as refused:
        house.stock.shipments.ship(id, **house.by())
    assert refused.value.rule is r.SHIPPING
    house.stock.shipments.cancel(id, "expired", **house.by())
    assert house.balances() == before
    with pytest.raises(TooLittle):
        house.stock.shipments.pick("ord-1", house.wanted(1), **house.by())
    explained = house.stock.explain("hq", Request(OIL, 1), by=house.keeper, at=house.at)
    assert [why.value for _, why in explained.passed] == ["expired"]


@pytest.mark.rule(r.ALLOCATION, r.QUARANTINE)
def test_why_a_lot_in_quarantine_gives_nothing_is_said_too() -> None:
    house = stocked()
    whole, part, fit = house.put(2), house.put(3), house.put(4)
    for lot, quantity in ((whole, 2), (part, 1)):
        house.stock.quarantine("hq", OIL, lot, quantity, "wet", **house.by())
    house.stock.destructions.propose([Unsound(whole, 2)], "wet", **house.by())
    explained = house.stock.explain("hq", Request(OIL, 1), by=house.keeper, at=house.at)
    assert explained.lots == ((part, 1),)
    assert {lot: why.value for lot, why in explained.passed} == {whole: "quarantined", fit: "not needed"}


@pytest.mark.rule(r.RESERVATIONS)
def test_only_their_owner_draws_on_reserved_goods_and_drawing_ends_them() -> None:
    house = stocked(5)
    house.stock.reserve("hq", OIL, "ord-1", 4, **house.by())
    with pytest.raises(TooLittle) as refused:
        house.send(2, "ord-2")
    assert refused.value.facts["maximum"] == 1
    house.send(4, "ord-1")
    with pytest.raises(RuleBroken):
        house.stock.release("hq", OIL, "ord-1", **house.by())
    house.send(1, "ord-2")


@pytest.mark.rule(r.RESERVATIONS)
def test_a_reservation_ends_by_itself_and_is_told_once() -> None:
    house = stocked(5)
    shelf = house.stock.reserve("hq", OIL, "ord-1", 2, **house.by()).id
    house.stock.reserve("hq", OIL, "ord-1", 1, **house.by())
    house.now += timedelta(days=8)
    house.send(5, "ord-2")  # it has run out, though nobody has swept yet
    house.desk.sweep(house.now)
    told = [line.facts for line in house.stock.trail(shelf, by=house.head) if line.name == "reservation_expired"]
    assert [(fact["holder"], fact["quantity"]) for fact in told] == [("ord-1", 3)]


# --- transfers --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(r.TRANSFERS, r.LIMITS)
@given(st.integers(1, 9), st.integers(0, 9), st.lists(st.integers(1, 9), max_size=4))
def test_what_is_sent_is_received_lost_or_in_transit(asked: int, cut: int, comes: list[int]) -> None:
    house, stock = stocked(4, 5), None
    stock = house.stock.transfers
    north = house.somebody("north-keeper", "warehouse_keeper", branch="north")
    id = stock.apply("hq", house.wanted(asked), **house.by(north)).id
    granted = max(1, asked - cut)
    stock.grant(id, house.wanted(granted), **house.by(house.head))
    with pytest.raises(NotPermitted):
        stock.send(id, **house.by(north))
    stock.send(id, **house.by())
    left = granted
    for come in comes:
        if not left:
            break
        if come > left:
            with pytest.raises(TooLittle):
                stock.receive(id, house.wanted(come), **house.by(north))
            continue
        left -= come
        state = stock.receive(id, house.wanted(come), **house.by(north)).state
        assert (state == "closed") is (left == 0)
        assert sums(house).get("tr", 0) == left
    if left:
        with pytest.raises(OwnRequest):
            stock.write_off(id, "gone", **house.by(house.somebody(north.id, "hq")))
        assert stock.write_off(id, "gone", **house.by(house.head)).state == "closed"
    assert house.stock.on_hand(by=house.head).get(("north", OIL), (0, 0))[0] == granted - left
    house.check()


# --- stocktakes -------------------------------------------------------------------------------------------------------


def counted(house: Warehouse, *found: int) -> str:
    """A sheet that is counted and checked."""
    counts = house.stock.counts
    id = counts.freeze([OIL], **house.by()).id
    for line, quantity in enumerate(found, start=1):
        counts.count(id, line, quantity, **house.by())
    return id


def checked(house: Warehouse, id: str) -> str:
    for line, each in enumerate(house.stock.counts.get(id, by=house.head).lines, start=1):
        house.stock.counts.check(id, line, each.counted or 0, **house.by(house.somebody("eve", "warehouse_keeper")))
    return id


@pytest.mark.rule(r.STOCKTAKE)
@given(st.integers(1, 9), st.integers(0, 12), st.integers(0, 9), st.integers(0, 9))
def test_after_booking_there_is_what_was_counted_and_what_moved_since(
    there: int, found: int, sent: int, came: int
) -> None:
    house = stocked(there)
    id = counted(house, found)
    sent = min(sent, there)
    if sent:
        house.send(sent)
    later = house.put(came) if came else ""
    checked(house, id)
    house.stock.counts.approve(id, **house.by(house.head))
    if found < sent:  # more is missing than is there by now
        with pytest.raises(TooLittle):
            house.stock.counts.book(id, **house.by())
    else:
        house.stock.counts.book(id, **house.by())
        left = sum(quantity for (_, lot), (quantity, _) in house.balances().items() if lot != later)
        assert left == found - sent
    house.check()


@pytest.mark.rule(r.STOCKTAKE, r.LIMITS)
def test_one_counts_another_checks_a_third_approves_by_value_without_regard_to_the_sign() -> None:
    house = stocked(9, cost=10000)  # 100 yuan each
    house.put(9, cost=10000)
    counts, id = house.stock.counts, counted(house, 4, 9)
    with pytest.raises(OwnRequest):
        counts.check(id, 1, 4, **house.by())
    with pytest.raises(RuleBroken):
        counts.check(id, 1, 5, **house.by(house.head))
    with pytest.raises(RuleBroken):
        counts.approve(id, **house.by(house.director))
    counts.count(id, 2, 14, **house.by())  # 5 too few, 5 too many: 1,000 yuan
    checked(house, id)
    with pytest.raises(BeyondAuthority):
        counts.approve(id, **house.by(house.supervisor))
    with pytest.raises(OwnRequest):
        counts.approve(id, **house.by(house.somebody("eve", "branch_director")))
    counts.approve(id, **house.by(house.director))
    line = counts.get(id, by=house.head).lines[0]
    assert line.counted_at is not None
    house.now, now = line.counted_at - timedelta(minutes=2), house.now
    house.stock.move("hq", OIL, line.lot, 1, "", "B2", **house.by())  # it left before it was counted, on late paper
    house.now = now
    with pytest.raises(ApprovalVoid):
        counts.book(id, **house.by())
    counts.approve(id, **house.by(house.director))
    counts.book(id, **house.by())
    house.check()


# --- destructions -----------------------------------------------------------------------------------------------------


@pytest.mark.rule(r.DESTRUCTION, r.LIMITS, r.QUARANTINE)
def test_goods_are_destroyed_after_approval_before_two_witnesses_who_did_neither() -> None:
    house = stocked(9, cost=10000)
    (lot,) = {lot for _, lot in house.balances()}
    stock = house.stock.destructions
    house.stock.quarantine("hq", OIL, lot, 3, "wet", **house.by())
    id = stock.propose([Unsound(lot, 4, ""), Unsound(lot, 3)], "wet", **house.by()).id
    with pytest.raises(TooLittle):  # they are apart from all others
        house.stock.clear("hq", OIL, lot, 1, "dry", **house.by(house.buyer))
    with pytest.raises(BeyondAuthority):
        stock.approve(id, **house.by(house.supervisor))
    with pytest.raises(OwnRequest):
        stock.approve(id, **house.by(house.somebody(house.keeper.id, "branch_director")))
    stock.approve(id, **house.by(house.director))
    for wrong in (["ann"], ["ann", house.keeper.id], ["ann", house.director.id], ["ann", "ann"], ["a", "b", "c"]):
        with pytest.raises((RuleBroken, ValueError)):
            stock.destroy(id, "burnt", wrong, **house.by())
    stock.destroy(id, "burnt", ["ann", "bob"], **house.by())
    assert sums(house) == {"wh": 2}
    gone = [move for move in house.movements() if move.dest == "gone/destroyed"]
    assert (sum(move.quantity for move in gone), sum(move.cost for move in gone)) == (7, 70000)
    house.check()


@pytest.mark.rule(r.LOTS)
def test_a_lot_costs_nothing_below_zero_and_only_the_houses_money() -> None:
    house = stocked()
    with pytest.raises(InvalidLot):
        house.stock.products.take_over(
            product_id(OIL), [Receipt(product=OIL, sound=1, unit_cost=Money(1, "USD"))], "x", **house.by(house.buyer)
        )
    assert house.now > T0
