"""A desk in async code: on a bounded number of threads, or in the host's own async transaction; never half-done."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.harness import Desks
from csdomain import Desk, RuleBroken
from csdomain.desk import Services
from csdomain.kernel.rules import AUDITED, ONE_WRITER, PORTS
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Receipt
from csdomain.testing import agent, complaint_form, memory_desk, received
from csdomain_adapters.aio import AsyncDesk, DeskClosed, MalformedThreads
from hosts.test_fastapi import APP, DRIVERS

pytestmark = pytest.mark.rule(PORTS, ONE_WRITER)
WAIT = 30
metadata = MetaData()
orders = Table("aio_order", metadata, Column("complaint", String(40), primary_key=True))


def run(work: Callable[[AsyncDesk], Awaitable[None]], desk: Desk, **options: Any) -> None:
    """``work`` with an async desk. Nothing that asyncio had to complain of is left."""
    complaints: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        async with AsyncDesk(desk, **options) as adesk:
            await work(adesk)

    asyncio.run(main())
    assert complaints == []


def file(inner: Services, desk: Desk, **call: Any) -> Receipt:
    return inner.complaints.receive(complaint_form(), by=agent(desk), at=desk.clock.now(), **call)


def numbers(desk: Desk) -> list[str]:
    return [case.number[-4:] for case in desk.complaints.find(Query(limit=5_000), by=agent(desk)).items]


class Gate:
    """A work that says when it has begun, and goes on when it is let."""

    def __init__(self, answer: Callable[[Desk], Any] = lambda _: None) -> None:
        self.answer = answer
        self.begun, self.open = threading.Event(), threading.Event()
        self.ended = False

    def __call__(self, desk: Desk) -> Any:
        self.begun.set()
        assert self.open.wait(WAIT)
        try:
            return self.answer(desk)
        finally:
            self.ended = True

    async def entered(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, WAIT)


# --- on threads -------------------------------------------------------------------------------------------------------


def test_a_call_answers_and_raises_as_the_desk_does() -> None:
    async def work(adesk: AsyncDesk) -> None:
        filed = await adesk.run(lambda d: file(d, d))
        assert (await adesk.run(lambda d: d.complaints.get(filed.id, by=agent(d)))).number == filed.number
        visitor = agent(adesk.desk, "v", position="")
        with pytest.raises(RuleBroken) as refused:
            await adesk.run(lambda d: d.complaints.check(filed.id, "x", by=visitor, at=d.clock.now()))
        assert refused.value.rule.id == "KRN-13"
        kept = await adesk.run(lambda d: d.store.look(lambda unit: unit.session.refusals(filed.id)))
        assert [record.use_case for record in kept] == ["complaint.check"]

    with memory_desk() as desk:
        run(work, desk)


def test_no_more_calls_run_at_once_than_there_are_threads() -> None:
    lock, at_once, most = threading.Lock(), 0, 0
    met = threading.Barrier(3)

    def counted(_: Desk) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        met.wait(WAIT)  # three are here together, or nobody goes on
        with lock:
            at_once -= 1

    async def work(adesk: AsyncDesk) -> None:
        await asyncio.gather(*(adesk.run(counted) for _ in range(30)))

    with memory_desk() as desk:
        run(work, desk, threads=3)
    assert most == 3


@pytest.mark.parametrize("threads", [0, -1, True, 2.0, "3", None])
def test_a_number_of_threads_is_one(threads: Any) -> None:
    with memory_desk() as desk, pytest.raises(MalformedThreads) as refused:
        AsyncDesk(desk, threads=threads)
    assert refused.value.facts == {"field": "threads"}


def test_context_variables_are_carried_in_and_not_out() -> None:
    request: ContextVar[str] = ContextVar("request", default="none")

    def seen(_: Desk) -> str:
        found = request.get()
        request.set("changed")
        return found

    async def work(adesk: AsyncDesk) -> None:
        request.set("r-1")
        assert (await adesk.run(seen), await adesk.run(seen), request.get()) == ("r-1", "r-1", "r-1")

        async def other() -> str:
            request.set("r-2")
            return await adesk.run(seen)

        assert tuple(await asyncio.gather(other(), adesk.run(seen))) == ("r-2", "r-1")

    with memory_desk() as desk:
        run(work, desk, threads=1)


def test_who_is_cancelled_before_the_call_began_never_begins_it() -> None:
    first, second = Gate(), Gate()

    async def work(adesk: AsyncDesk) -> None:
        running = asyncio.create_task(adesk.run(first))
        await first.entered()
        waiting = asyncio.create_task(adesk.run(second))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        first.open.set()
        await running
        assert await adesk.run(lambda _: "next") == "next"
        assert not second.begun.is_set()

    with memory_desk() as desk:
        run(work, desk, threads=1)


@pytest.mark.parametrize("times", [1, 3])
def test_who_is_cancelled_later_waits_for_the_end(times: int) -> None:
    """So that nothing goes on behind the task's back: when it is cancelled, the whole of the work has happened."""

    def two(desk: Desk) -> None:
        desk.together(lambda inner: [file(inner, desk), file(inner, desk)])

    gate = Gate(two)

    async def work(adesk: AsyncDesk) -> None:
        task = asyncio.create_task(adesk.run(gate))
        await gate.entered()
        for _ in range(times):
            task.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
        assert not task.done()
        gate.open.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert gate.ended
        assert numbers(adesk.desk) == ["0001", "0002"]

    with memory_desk() as desk:
        run(work, desk)


def test_work_that_fails_after_its_task_was_cancelled_is_cancelled_all_the_same() -> None:
    gate = Gate(lambda _: 1 / 0)

    async def work(adesk: AsyncDesk) -> None:
        task = asyncio.create_task(adesk.run(gate))
        await gate.entered()
        task.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    with memory_desk() as desk:
        run(work, desk)


def test_a_time_out_is_told_when_the_work_has_ended() -> None:
    gate = Gate(lambda desk: file(desk, desk, key="k"))

    limits: list[asyncio.Timeout] = []

    async def limited(adesk: AsyncDesk) -> None:
        async with asyncio.timeout(None) as limit:
            limits.append(limit)
            await adesk.run(gate)

    async def work(adesk: AsyncDesk) -> None:
        task = asyncio.create_task(limited(adesk))
        await gate.entered()
        limits[0].reschedule(asyncio.get_running_loop().time())
        while not limits[0].expired():
            await asyncio.sleep(0)
        assert not task.done()
        gate.open.set()
        with pytest.raises(TimeoutError):
            await task
        assert numbers(adesk.desk) == ["0001"]
        again = await adesk.run(lambda d: file(d, d, key="k"))
        assert again.number.endswith("-0001"), "under its key it may be sent again"

    with memory_desk() as desk:
        run(work, desk)


def test_the_end_of_an_iterator_in_the_work_does_not_hang() -> None:
    async def work(adesk: AsyncDesk) -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(adesk.run(lambda _: next(iter(()))), WAIT)

    with memory_desk() as desk:
        run(work, desk)


def test_closing_waits_for_what_has_begun_and_takes_nothing_more() -> None:
    first, second = Gate(lambda desk: file(desk, desk)), Gate()

    async def work(adesk: AsyncDesk) -> None:
        running = asyncio.create_task(adesk.run(first))
        await first.entered()
        waiting = asyncio.create_task(adesk.run(second))
        await asyncio.sleep(0)
        closing = asyncio.create_task(adesk.close())
        with pytest.raises(DeskClosed):
            await waiting
        assert not closing.done()
        first.open.set()
        assert (await running).number.endswith("-0001")
        await closing
        with pytest.raises(DeskClosed):
            await adesk.run(second)
        assert not second.begun.is_set()
        assert numbers(adesk.desk) == ["0001"], "the desk itself is open"

    with memory_desk() as desk:
        run(work, desk, threads=1)


def test_fifty_tasks_at_once_file_fifty_complaints(desks: Desks) -> None:
    async def work(adesk: AsyncDesk) -> None:
        await asyncio.gather(*(adesk.run(lambda d: file(d, d)) for _ in range(50)))

    desk = desks("sqlite")
    run(work, desk)
    assert sorted(numbers(desk)) == [f"{number:04}" for number in range(1, 51)]


# --- in the host's own transaction ------------------------------------------------------------------------------------


class Shop:
    """A host on an async engine: its orders, and our complaints."""

    def __init__(self, desk: Desk, url: str) -> None:
        self.desk = desk
        self.adesk = AsyncDesk(desk)
        scheme = url.partition(":")[0]
        self.url = url.replace(scheme, DRIVERS[scheme.partition("+")[0]], 1)

    def run(self, work: Callable[[AsyncEngine], Awaitable[None]]) -> None:
        @asynccontextmanager
        async def engine() -> AsyncIterator[AsyncEngine]:
            made = APP["make_engine"](self.url)
            try:
                async with made.begin() as connection:
                    await connection.run_sync(metadata.drop_all)
                    await connection.run_sync(metadata.create_all)
                yield made
                async with made.begin() as connection:
                    await connection.run_sync(metadata.drop_all)
            finally:
                await made.dispose()

        async def main() -> None:
            async with self.adesk, engine() as made:
                await work(made)

        asyncio.run(main())

    async def order(self, connection: AsyncConnection) -> None:
        """An order of the host's, with a complaint of ours about it."""
        filed = await self.adesk.within(connection, lambda inner: file(inner, self.desk))
        await connection.execute(orders.insert().values(complaint=filed.id))

    async def stored(self, engine: AsyncEngine) -> tuple[int, list[str]]:
        async with engine.connect() as connection:
            found = (await connection.execute(select(orders))).all()
        return len(found), numbers(self.desk)


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, desks: Desks, clean_url: Callable[[str], str]) -> Shop:
    url = clean_url(request.param)
    return Shop(desks.at(url), url)


def test_the_host_s_transaction_and_the_desk_s_unit_are_one(shop: Shop) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await shop.order(connection)
            assert numbers(shop.desk) == [], "seen by nobody before the commit"
            await shop.order(connection)
        assert await shop.stored(engine) == (2, ["0001", "0002"])
        with suppress(ZeroDivisionError):
            async with engine.begin() as connection:
                await shop.order(connection)
                raise ZeroDivisionError
        assert await shop.stored(engine) == (2, ["0001", "0002"])

    shop.run(work)


def test_a_unit_that_failed_leaves_nothing_where_the_host_goes_on(shop: Shop) -> None:
    def half(inner: Services) -> None:
        file(inner, shop.desk)
        raise ZeroDivisionError

    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            with suppress(ZeroDivisionError):
                await shop.adesk.within(connection, half)
            await shop.order(connection)
        assert await shop.stored(engine) == (1, ["0001"])

    shop.run(work)


@pytest.mark.rule(AUDITED)
def test_a_refusal_gives_its_record_to_the_host(shop: Shop) -> None:
    id = received(shop.desk).id
    visitor = agent(shop.desk, "v-1", position="")

    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            with pytest.raises(RuleBroken) as refused:
                await shop.adesk.within(
                    connection, lambda inner: inner.complaints.check(id, "x", by=visitor, at=shop.desk.clock.now())
                )
        record = refused.value.refusal
        assert record is not None
        assert (record.use_case, record.subject) == ("complaint.check", id)

    shop.run(work)


@pytest.mark.parametrize("swallows", [False, True], ids=["and leaves", "and goes on"])
def test_wherever_a_task_is_cancelled_no_half_of_a_unit_is_left(shop: Shop, swallows: bool) -> None:
    """Cancelled at one await after the other, until a task comes through."""
    inside = False

    async def order(engine: AsyncEngine) -> None:
        nonlocal inside
        async with engine.begin() as connection:
            try:
                inside = True
                await shop.adesk.within(connection, lambda inner: file(inner, shop.desk))
            except asyncio.CancelledError:
                if not swallows:
                    raise
            finally:
                inside = False

    async def work(engine: AsyncEngine) -> None:
        cancelled = 0
        while True:
            task = asyncio.create_task(order(engine))
            while not inside:
                await asyncio.sleep(0)
            for _ in range(cancelled):
                await asyncio.sleep(0)
            if not inside:
                await task
                break
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            cancelled += 1
            assert len(numbers(shop.desk)) == (cancelled if swallows else 0)
        assert cancelled > 10
        assert numbers(shop.desk)[-1] == f"{cancelled + 1 if swallows else 1:04}", "no number is lost"
        for case in shop.desk.complaints.find(Query(limit=5_000), by=agent(shop.desk)).items:
            trail = shop.desk.store.look(lambda unit: unit.trail(case.id))  # noqa: B023 - run at once
            assert [record.name for record in trail] == ["complaint_received"]

    shop.run(work)


def test_a_unit_that_fails_after_its_task_was_cancelled_is_cancelled_all_the_same(shop: Shop) -> None:
    async def work(engine: AsyncEngine) -> None:
        async def order() -> None:
            async with engine.begin() as connection:
                asyncio.get_running_loop().call_soon(task.cancel)
                await shop.adesk.within(connection, lambda inner: 1 // 0)

        task = asyncio.create_task(order())
        with pytest.raises(asyncio.CancelledError):
            await task
        assert numbers(shop.desk) == []

    shop.run(work)
