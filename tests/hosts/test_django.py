"""Django and csdomain in one transaction: both commit, both roll back, and Django alone ends it (D11)."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.transaction import TransactionManagementError

from adapters.harness import Desks
from csdomain import Desk, RuleBroken
from csdomain.complaints.case import COMPLAINTS
from csdomain.desk import Services
from csdomain.kernel.rules import AUDITED, ONE_WRITER, PERMITTED, PORTS
from csdomain.kernel.rules.errors import Conflict, NotFound, StoreBusy
from csdomain.kernel.store.ports import Unit
from csdomain.testing import agent, complaint_form, received, snapshot
from csdomain_adapters.django import atomic, within
from csdomain_adapters.sql import NoTransaction
from hosts.shop import ALIAS, Order, project

pytestmark = pytest.mark.rule(PORTS)
BACKENDS = ("sqlite", "postgresql")
ORDERS = Order.objects.using(ALIAS)


class Shop:
    """The host app: what it has stored, as another connection sees it, and its one use case."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.by = agent(desk, position="sales")

    def order(self, inner: Services, name: str) -> str:
        """An order of the host's, with a complaint of ours about it."""
        id = inner.complaints.receive(complaint_form(), by=self.by, at=self.desk.clock.now()).id
        Order.objects.using(ALIAS).create(name=name, complaint=id)
        return id

    @property
    def stored(self) -> tuple[list[str], list[str]]:
        """The host's orders, and the last digits of our complaints' numbers."""
        assert not connections[ALIAS].in_atomic_block
        found = self.desk.complaints.find(by=self.by).items
        return list(ORDERS.order_by("name").values_list("name", flat=True)), [case.number[-4:] for case in found]

    @property
    def refusals(self) -> list[str]:
        return [kept.use_case for kept in self.desk.store.look(lambda unit: unit.session.refusals(self.case))]

    @property
    def case(self) -> str:
        return self.desk.complaints.find(by=self.by).items[0].id

    def order_and_fail(self, name: str) -> None:
        """A block with an order, and a failure of the host's own in the end."""
        with atomic(self.desk, ALIAS) as inner:
            self.order(inner, name)
            raise ZeroDivisionError

    def order_and_be_refused(self, name: str, id: str) -> None:
        """A block with an order, and a refusal that leaves it."""
        with atomic(self.desk, ALIAS) as inner:
            self.order(inner, name)
            self.refused(inner, id)

    def refused(self, inner: Services, id: str) -> None:
        """A command that is refused: a visitor may accept nothing."""
        visitor = agent(self.desk, "v-1", position="")
        inner.complaints.check(id, "the order is ours", by=visitor, at=self.desk.clock.now())


@pytest.fixture(params=BACKENDS)
def shop(request: pytest.FixtureRequest, desks: Desks, clean_url: Callable[[str], str]) -> Iterator[Shop]:
    url = clean_url(request.param)
    with project(url):
        yield Shop(desks.at(url, strict_locks=False, **({"busy_seconds": 1} if request.param == "sqlite" else {})))


# --- together or not at all -------------------------------------------------------------------------------------------


def test_both_commit_together(shop: Shop) -> None:
    with atomic(shop.desk, ALIAS) as inner:
        id = shop.order(inner, "A1")
        inner.complaints.check(id, "the order is ours", by=shop.by, at=shop.desk.clock.now())
        assert inner.complaints.get(id, by=shop.by).version == 2, "seen inside, before the commit"
        assert shop.desk.complaints.find(by=shop.by).items == (), "and by nobody else"
    assert shop.stored == (["A1"], ["0001"])
    assert ORDERS.get().complaint == id


def test_both_roll_back_together(shop: Shop) -> None:
    before = snapshot(shop.desk.store, (COMPLAINTS,), subjects=("",))
    with pytest.raises(ZeroDivisionError):
        shop.order_and_fail("A1")
    assert shop.stored == ([], [])
    assert snapshot(shop.desk.store, (COMPLAINTS,), subjects=("",)) == before
    assert received(shop.desk).number.endswith("-0001"), "the number was given back"


@pytest.mark.rule(ONE_WRITER)
def test_a_key_that_was_used_inside_is_known_outside(shop: Shop) -> None:
    call: dict[str, Any] = {"by": shop.by, "at": shop.desk.clock.now(), "key": "k"}
    with atomic(shop.desk, ALIAS) as inner:
        first = inner.complaints.receive(complaint_form(), **call)
    assert shop.desk.complaints.receive(complaint_form(), **call) == first
    with atomic(shop.desk, ALIAS) as inner:
        assert inner.complaints.receive(complaint_form(), **call) == first


def test_django_s_connection_is_left_as_it_was(shop: Shop) -> None:
    connection = connections[ALIAS]
    connection.ensure_connection()
    raw = connection.connection
    with atomic(shop.desk, ALIAS) as inner:
        shop.order(inner, "A1")
    with suppress(ZeroDivisionError):
        shop.order_and_fail("A2")
    assert connection.connection is raw
    assert connection.get_autocommit()
    assert not connection.in_atomic_block
    assert ORDERS.filter(name__regex="^A[0-9]$").count() == 1
    if isinstance(raw, sqlite3.Connection):
        assert not raw.in_transaction
        assert raw.isolation_level is None
    else:
        assert raw.info.transaction_status == 0
        assert not raw._notice_handlers


# --- blocks in blocks -------------------------------------------------------------------------------------------------


def test_an_inner_block_that_fails_is_undone_alone(shop: Shop) -> None:
    with atomic(shop.desk, ALIAS) as outer:
        shop.order(outer, "A1")
        with suppress(ZeroDivisionError):
            shop.order_and_fail("A2")
        with atomic(shop.desk, ALIAS) as inner:
            shop.order(inner, "A3")
        shop.order(outer, "A4")
    assert shop.stored == (["A1", "A3", "A4"], ["0001", "0002", "0003"])


def test_an_inner_block_that_succeeded_goes_with_the_outer_one(shop: Shop) -> None:
    with suppress(ZeroDivisionError), atomic(shop.desk, ALIAS):
        with atomic(shop.desk, ALIAS) as inner:
            shop.order(inner, "A1")
        raise ZeroDivisionError
    assert shop.stored == ([], [])


def test_after_an_integrity_error_of_the_host_s_in_a_block_of_its_own_all_goes_on(shop: Shop) -> None:
    with atomic(shop.desk, ALIAS) as inner:
        id = shop.order(inner, "A1")
        with pytest.raises(IntegrityError), transaction.atomic(using=ALIAS):
            ORDERS.create(name="A1", complaint=id)
        shop.order(inner, "A2")
    assert shop.stored == (["A1", "A2"], ["0001", "0002"])


def test_a_block_of_django_s_own_can_be_joined(shop: Shop) -> None:
    """As in a view under ATOMIC_REQUESTS."""
    with transaction.atomic(using=ALIAS):
        shop.order(within(shop.desk, ALIAS), "A1")
    with suppress(ZeroDivisionError), transaction.atomic(using=ALIAS):
        shop.order(within(shop.desk, ALIAS), "A2")
        raise ZeroDivisionError
    assert shop.stored == (["A1"], ["0001"])


def test_options_of_the_block_are_django_s(shop: Shop) -> None:
    with atomic(shop.desk, ALIAS), pytest.raises(RuntimeError), atomic(shop.desk, ALIAS, durable=True):
        pass
    with atomic(shop.desk, ALIAS) as outer:
        shop.order(outer, "A1")
        with suppress(ZeroDivisionError), atomic(shop.desk, ALIAS, savepoint=False):
            raise ZeroDivisionError
        with pytest.raises(TransactionManagementError):
            outer.complaints.find(by=shop.by)
    assert shop.stored == ([], []), "without a savepoint the whole goes"


def test_outside_of_any_block_nothing_is_written(shop: Shop) -> None:
    inner = within(shop.desk, ALIAS)
    with pytest.raises(NoTransaction):
        shop.order(inner, "A1")
    assert shop.stored == ([], [])
    assert not connections[ALIAS].needs_rollback


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule(PERMITTED, AUDITED)
def test_a_refusal_that_leaves_the_block_is_kept_after_the_rollback(shop: Shop) -> None:
    id = received(shop.desk).id
    with pytest.raises(RuleBroken):
        shop.order_and_be_refused("A1", id)
    assert shop.stored == ([], ["0001"])
    assert shop.refusals == ["complaint.check"]


@pytest.mark.rule(AUDITED)
def test_a_refusal_from_a_block_in_a_block_is_kept_once(shop: Shop) -> None:
    id = received(shop.desk).id
    with pytest.raises(RuleBroken), atomic(shop.desk, ALIAS), atomic(shop.desk, ALIAS) as inner:
        shop.refused(inner, id)
    assert shop.refusals == ["complaint.check"]


@pytest.mark.rule(AUDITED)
def test_a_refusal_that_the_host_catches_leaves_the_block_as_it_was(shop: Shop) -> None:
    id = received(shop.desk).id
    with atomic(shop.desk, ALIAS) as inner:
        with pytest.raises(RuleBroken) as caught:
            shop.refused(inner, id)
        for error, missing in ((Conflict, id), (NotFound, "cmp_01k9w3v7q8d3m6y2r5t0x4n1ab")):
            with pytest.raises(error):
                inner.complaints.check(
                    missing, "the order is ours", by=shop.by, at=shop.desk.clock.now(), expected_version=9
                )
        shop.order(inner, "A1")
    assert shop.stored == (["A1"], ["0001", "0002"])
    assert shop.refusals == [], "the host has the record, and decides"
    record = caught.value.refusal
    assert record is not None
    assert (record.use_case, record.by, record.subject) == ("complaint.check", "v-1", id)


@pytest.mark.rule(AUDITED)
def test_where_the_host_commits_by_itself_it_keeps_refusals_by_itself(shop: Shop) -> None:
    """Without autocommit the host's transaction is still open when the block ends; a second writer would wait."""
    id = received(shop.desk).id
    connections[ALIAS].set_autocommit(False)
    try:
        with pytest.raises(RuleBroken), atomic(shop.desk, ALIAS) as inner:
            shop.refused(inner, id)
        with atomic(shop.desk, ALIAS) as inner:
            shop.order(inner, "A1")
        connections[ALIAS].commit()
    finally:
        connections[ALIAS].set_autocommit(True)
    assert shop.stored == (["A1"], ["0001", "0002"])
    assert shop.refusals == []


@pytest.mark.rule(AUDITED)
def test_a_refusal_that_cannot_be_kept_does_not_hide_the_refusal(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    id = received(shop.desk).id

    def busy(*_: object) -> None:
        raise StoreBusy

    monkeypatch.setattr(shop.desk.store, "run", busy)
    with pytest.raises(RuleBroken):
        shop.order_and_be_refused("A1", id)
    assert "a refusal of complaint.check could not be kept" in caplog.text


# --- failures of the database -----------------------------------------------------------------------------------------


def broken(shop: Shop, inner: Services) -> None:
    """A use case that writes a complaint, and then fails in the database."""
    case = shop.desk.complaints.get(shop.case, by=shop.by)

    def work(unit: Unit) -> None:
        unit.session.next_number("half")
        unit.of(COMPLAINTS).add(case)

    inner._store.run(work)


def half(inner: Services) -> None:
    """A use case that draws a number, and then fails in its own code."""

    def work(unit: Unit) -> None:
        unit.session.next_number("half")
        raise ZeroDivisionError

    inner._store.run(work)


@pytest.mark.parametrize("fails", [broken, lambda _, inner: half(inner)], ids=["in the database", "in code"])
def test_half_a_use_case_is_never_committed_whoever_swallows_its_failure(
    shop: Shop, fails: Callable[[Shop, Services], None]
) -> None:
    received(shop.desk)
    with atomic(shop.desk, ALIAS) as inner:
        shop.order(inner, "A1")
        with suppress(Conflict, ZeroDivisionError):
            fails(shop, inner)
        with pytest.raises(TransactionManagementError):
            ORDERS.create(name="A2", complaint="")
        with pytest.raises(TransactionManagementError):
            inner.complaints.find(by=shop.by)
    assert shop.stored == ([], ["0001"])
    assert shop.desk.store.run(lambda unit: unit.session.next_number("half")) == 1


def test_a_failure_in_an_inner_block_is_undone_with_that_block(shop: Shop) -> None:
    received(shop.desk)
    with atomic(shop.desk, ALIAS) as outer:
        shop.order(outer, "A1")
        with pytest.raises(Conflict), atomic(shop.desk, ALIAS) as inner:
            broken(shop, inner)
        with atomic(shop.desk, ALIAS) as inner:
            shop.order(inner, "A2")
    assert shop.stored == (["A1", "A2"], ["0001", "0002", "0003"])


@pytest.mark.rule(ONE_WRITER)
def test_a_lock_of_another_is_said_to_be_worth_another_try(shop: Shop) -> None:
    id, at = received(shop.desk).id, shop.desk.clock.now()
    with shop.desk.store.engine.connect() as holder, holder.begin():  # type: ignore[attr-defined]
        shop.desk.within(holder).complaints.check(id, "the order is ours", by=shop.by, at=at)
        if connections[ALIAS].vendor == "sqlite":
            return  # one writer: BEGIN IMMEDIATE waits in Django, and fails there
        with atomic(shop.desk, ALIAS) as inner:
            with connections[ALIAS].cursor() as cursor:
                cursor.execute("set local lock_timeout = '50ms'")
            with pytest.raises(StoreBusy) as caught:
                inner.complaints.check(id, "the order is ours", by=shop.by, at=at)
        assert caught.value.retryable
        holder.rollback()
    with atomic(shop.desk, ALIAS) as inner:
        assert inner.complaints.check(id, "the order is ours", by=shop.by, at=at).version == 2


@pytest.mark.rule(ONE_WRITER)
def test_threads_have_connections_of_their_own(shop: Shop) -> None:
    """Numbers come without gaps though every third block is rolled back."""
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for turn in range(6):
                with suppress(ZeroDivisionError), atomic(shop.desk, ALIAS) as inner:
                    shop.order(inner, f"{name}{turn}")
                    if turn % 3 == 2:
                        raise ZeroDivisionError
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)
        finally:
            connections[ALIAS].close()

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    orders, filed = shop.stored
    assert orders == [f"{name}{turn}" for name in "ab" for turn in (0, 1, 3, 4)]
    assert sorted(filed) == [f"{number:04}" for number in range(1, 9)]
