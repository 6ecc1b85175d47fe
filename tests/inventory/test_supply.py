"""What is bought, issued, read and warned of (INV-02, INV-07, INV-13, INV-14, INV-16)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.inventory import rules as r
from csdomain.inventory.model.ledger import TooLittle
from csdomain.inventory.model.papers import Wanted
from csdomain.inventory.policies.supply import Level, Need, safety, suggest
from csdomain.kernel.papers.approvals import BeyondAuthority, OwnRequest
from csdomain.kernel.rules.errors import MoveRefused, RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.testing.kit import MovableClock

from .warehouse import OIL, T0, Warehouse

PLENTY = st.integers(0, 50)


def yuan(amount: int) -> Money:
    return Money.of(amount, "CNY")


# --- purchases --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(r.PROPOSAL)
@given(st.dictionaries(st.sampled_from(["hq", "north"]), PLENTY), PLENTY, PLENTY, PLENTY)
def test_a_proposal_is_never_negative_and_its_arithmetic_is_what_it_comes_to(
    sold: dict[str, int], demand: int, on_hand: int, on_order: int
) -> None:
    need = Need(product=OIL, sold=sold, demand=demand, on_hand=on_hand, on_order=on_order)
    for said in (need.arithmetic.en, need.arithmetic.zh):
        left, _, result = said.partition("→")
        plus, *minus = left.split("−")
        first = lambda text: int(text.split()[0])  # noqa: E731
        assert max(0, sum(map(first, plus.split("+"))) - sum(map(first, minus))) == int(result) == need.quantity


@pytest.mark.rule(r.PROPOSAL)
def test_what_was_sold_is_bought_again_less_what_is_there_or_on_order() -> None:
    house = Warehouse()
    house.product()
    house.put(30)
    house.send(9)  # longer ago than the house looks back
    house.now += timedelta(days=100)
    stock, wanted = house.stock, house.wanted
    house.send(7)
    stock.shipments.cancel(stock.shipments.pick("ord-2", wanted(4), **house.by()).id, "not wanted", **house.by())
    house.put(6, branch="north")
    north = house.somebody("north", "warehouse_keeper", branch="north")
    stock.shipments.ship(stock.shipments.pick("ord-3", wanted(5), **house.by(north)).id, **house.by(north))
    stock.reserve("hq", OIL, "ord-4", 3, **house.by())
    stock.purchases.request(wanted(2), yuan(9), **house.by(house.buyer))
    gone = stock.purchases.request(wanted(90), yuan(9), **house.by(house.buyer)).id
    stock.purchases.cancel(gone, "a mistake", **house.by(house.buyer))
    (need,) = stock.purchases.needs([OIL], [Wanted(OIL, 10)], **house.by(house.buyer))
    assert need == Need(product=OIL, sold={"hq": 7, "north": 5}, demand=13, on_hand=15, on_order=2)
    id = stock.purchases.propose([OIL], yuan(80), [Wanted(OIL, 10)], **house.by(house.buyer)).id
    kept = stock.purchases.get(id, by=house.head)
    assert (kept.basis, kept.wanted) == ((need,), (Wanted(OIL, 8),))
    with pytest.raises(RuleBroken) as refused:  # it is on order by now
        stock.purchases.propose([OIL], yuan(80), [Wanted(OIL, 10)], **house.by(house.buyer))
    assert refused.value.rule is r.PROPOSAL


@pytest.mark.rule(r.LIMITS)
def test_a_purchase_is_approved_by_its_estimate_and_not_by_who_asked() -> None:
    house = Warehouse()
    house.product()
    stock = house.stock.purchases
    for amount, who, error in (
        (5000, house.director, None),
        (5001, house.director, BeyondAuthority),
        (5001, house.head, None),
        (1, house.supervisor, BeyondAuthority),
        (1, house.somebody(house.buyer.id, "hq"), OwnRequest),
    ):
        id = stock.request(house.wanted(1), yuan(amount), **house.by(house.buyer)).id
        if error is None:
            assert stock.approve(id, **house.by(who)).state == "approved"
            continue
        with pytest.raises(error):
            stock.approve(id, **house.by(who))
        assert stock.get(id, by=house.head).state.value == "requested"


# --- goods for people -------------------------------------------------------------------------------------------------


@pytest.mark.rule(r.EQUIPMENT, r.LEDGER)
@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.sampled_from(["use", "vehicle", "back", "unsound", "lost"]), st.integers(1, 4)), max_size=9),
)
def test_what_was_issued_is_used_back_lost_or_with_its_holder(asked: int, acts: list[tuple[str, int]]) -> None:
    house = Warehouse()
    house.product()
    lots = [house.put(3), house.put(3)]
    stock = house.stock.requisitions
    id = stock.ask("tech-1", house.wanted(asked), "rep-1", **house.by()).id
    for own in (house.keeper.id, "tech-1"):
        with pytest.raises(OwnRequest):
            stock.approve(id, **house.by(house.somebody(own, "branch_director")))
    stock.approve(id, **house.by(house.director))
    stock.issue(id, **house.by())
    left = {lots[0]: min(3, asked), lots[1]: max(0, asked - 3)}
    where = {
        "use": "cus/rep-1",
        "vehicle": "veh/v1",
        "back": "wh/hq/normal/A1",
        "unsound": "qt/hq",
        "lost": "gone/lost",
    }
    for what, quantity in acts:
        lot = lots[quantity % 2]
        doing: dict[str, Any] = {
            "use": lambda lot=lot, quantity=quantity: stock.use(id, lot, quantity, **house.by()),
            "vehicle": lambda lot=lot, quantity=quantity: stock.use(id, lot, quantity, "v1", **house.by()),
            "back": lambda lot=lot, quantity=quantity: stock.give_back(id, lot, quantity, "A1", **house.by()),
            "unsound": lambda lot=lot, quantity=quantity: stock.give_back(id, lot, quantity, sound=False, **house.by()),
            "lost": lambda lot=lot, quantity=quantity: stock.write_off(
                id, lot, quantity, "lost", **house.by(house.director)
            ),
        }
        over = not any(left.values())
        if over or quantity > left[lot]:
            with pytest.raises(MoveRefused if over else TooLittle):
                doing[what]()
            continue
        doing[what]()
        left[lot] -= quantity
        last = house.movements()[-1]
        assert (last.source, last.dest, last.lot, last.quantity) == ("who/tech-1", where[what], lot, quantity)
    held = {row.lot: row.quantity for row in house.stock.held(by=house.head) if row.place == "who/tech-1"}
    assert held == {lot: quantity for lot, quantity in left.items() if quantity}
    closed = stock.get(id, by=house.head).state.value == "closed"
    assert closed is not any(left.values())
    house.check()


# --- zones ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule(r.ZONES)
def test_a_zone_out_of_its_limits_is_told_of_once_and_the_lots_that_lay_there_are_listed() -> None:
    house = Warehouse()
    house.product(zone="cold")
    zones, before, gone = house.stock.zones, house.put(2, spot="A1"), house.put(1, spot="A1")
    id = zones.open("cold", **house.by()).id
    readings = [("4", "75", "within"), ("4.1", "60", "out"), ("5", "60", "out"), ("0", "45", "within")]
    since = until = T0
    for number, (celsius, humidity, state) in enumerate(readings):
        assert zones.record(id, Decimal(celsius), Decimal(humidity), **house.by()).state == state
        if number == 1:
            since = house.now
            house.send(1)
            house.stock.quarantine("hq", OIL, gone, 1, "warm", "A1", **house.by())
            during = house.put(4, spot="B1")
        until = house.now
    after = house.put(3, spot="B1")
    found = zones.affected(id, since, until, by=house.keeper)
    assert found == tuple(sorted([("wh/hq/cold/A1", before), ("wh/hq/cold/A1", gone), ("wh/hq/cold/B1", during)]))
    assert after not in {lot for _, lot in found}
    told = [message for message in outbox(house) if message.occasion == "zone.alarm"]
    assert sorted(message.to for message in told) == ["product_manager", "warehouse_keeper"]
    kept = zones.readings(id, by=house.keeper).items
    assert [(row.temperature, row.humidity, row.within) for row in kept] == [
        *((40, 750, True), (41, 600, False), (50, 600, False), (0, 450, True))
    ]


@pytest.mark.rule(r.ZONES)
def test_a_zone_that_nobody_reads_is_told_of_and_its_place_can_be_opened_again() -> None:
    house = Warehouse()
    zones = house.stock.zones
    id = zones.open("normal", "A1", **house.by()).id
    for hours in (23, 1, 24):
        house.now += timedelta(hours=hours)
        house.desk.sweep(house.now)
        if hours == 23:
            zones.record(id, Decimal(22), Decimal(50), **house.by())
    assert [message.occasion for message in outbox(house)] == ["zone.silent"]
    zones.close(id, **house.by())
    assert zones.open("normal", "A1", **house.by()).id != id


def outbox(house: Warehouse) -> list[Any]:
    return list(house.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=100)))


# --- warnings ---------------------------------------------------------------------------------------------------------


LEVELS = st.lists(
    st.builds(
        lambda house, product, free, least: Level(warehouse=house, product=product, free=free, safety=least),
        st.sampled_from("abcd"),
        st.sampled_from("xy"),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
    unique_by=lambda level: (level.warehouse, level.product),
)


@pytest.mark.rule(r.WARNINGS)
@given(LEVELS)
def test_a_suggested_transfer_takes_no_warehouse_below_its_own_safety_level(levels: list[Level]) -> None:
    free = {(each.warehouse, each.product): each.free for each in levels}
    least = {(each.warehouse, each.product): each.safety for each in levels}
    for one in suggest(levels):
        assert one.quantity > 0
        free[one.source, one.product] -= one.quantity
        free[one.dest, one.product] += one.quantity
    for each in levels:
        key = each.warehouse, each.product
        assert free[key] >= min(each.free, each.safety)
        if each.free < each.safety:
            assert free[key] <= each.safety
    for product in {each.product for each in levels}:  # it stops when nobody has any to spare, or nothing is low
        spare = [free[key] - least[key] for key in free if key[1] == product]
        assert max(spare) <= 0 or min(spare) >= 0


@pytest.mark.rule(r.WARNINGS)
@given(st.integers(0, 99), st.integers(1, 6), st.integers(1, 6))
def test_the_safety_level_is_so_many_months_sales_rounded_up(sold: int, over: int, months: int) -> None:
    found = safety(sold, over, months)
    assert found * over >= sold * months > (found - 1) * over


@pytest.mark.rule(r.WARNINGS)
def test_goods_that_have_just_come_are_not_idle_however_long_ago_the_last_ones_left() -> None:
    house = Warehouse()
    house.product()
    house.put(1)
    house.send(1)
    house.now += timedelta(days=200)
    house.put(5)

    def idle() -> Any:
        return house.stock.warnings(by=house.head, at=house.at).idle

    assert idle() == ()
    house.now += timedelta(days=181)
    assert idle() == (("hq", OIL),)


@pytest.mark.rule(r.WARNINGS)
def test_each_morning_whoever_buys_is_told_once_what_is_low_expires_or_lies_idle() -> None:
    house = Warehouse()
    clock = house.desk.clock
    assert isinstance(clock, MovableClock)
    house.product()
    house.product("old")
    house.desk.plan()
    idle, soon = house.put(1, "old"), house.put(9, expires=date(2026, 10, 1))
    house.put(20, branch="north", expires=date(2026, 12, 31))
    house.now += timedelta(days=200)
    house.send(8)
    found = house.stock.warnings(**house.by(house.head))
    (low,) = found.low
    assert (low.warehouse, low.product, low.free, low.safety) == ("hq", OIL, 1, 3)
    assert [(one.lot, one.quantity) for one in found.expiring] == [(soon, 1)]
    assert found.idle == (("hq", "old"), ("north", OIL))
    assert [(one.source, one.dest, one.quantity) for one in found.suggested] == [("north", "hq", 2)]
    clock.advance(house.now - clock.now() + timedelta(days=1))
    for _ in range(2):
        house.desk.plan()
    told = {message.facts["shelf"]: message for message in outbox(house) if message.occasion == "shelf.warnings"}
    facts = {name: (each.facts["low"], each.facts["expiring"], each.facts["idle"]) for name, each in told.items()}
    assert facts == {"hq": (1, 1, 1), "north": (0, 0, 1)}
    assert {message.to for message in told.values()} == {"product_manager"}
    assert len(outbox(house)) == 2
    assert idle
