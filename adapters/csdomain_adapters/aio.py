"""A desk in async code: its calls on threads of their own, or in a transaction of SQLAlchemy's that is async (D11)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from csdomain.desk import Desk, Services
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import DomainError, InvalidValue

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

R = TypeVar("R")
#: As many as SQLAlchemy's pool has connections for without waiting, its overflow aside.
THREADS: Final = 5


class MalformedThreads(InvalidValue):
    """A number of threads that no desk can work with."""

    default_rule = PORTS
    problem = Text("This number of threads cannot be used.", "线程数不可用。")


class DeskClosed(DomainError):
    """A call for an async desk that was closed, or was closed while the call waited for its turn: it never began."""

    default_rule = PORTS
    problem = Text("The desk was closed before this call began.", "调用开始前工作台已关闭。")


class AsyncDesk:
    """A desk for async code. It may serve any number of tasks, of one event loop or of several.

    Use it as an async context manager, or :meth:`close` it; the desk inside stays open, whoever opened it closes it.
    """

    def __init__(self, desk: Desk, *, threads: int = THREADS) -> None:
        """``threads`` is how many calls run at once; further ones wait for their turn. Raises MalformedThreads."""
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise MalformedThreads(field="threads", accepted=Text("an integer ≥ 1", "≥ 1 的整数"))
        self.desk = desk
        self._closed = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="csdomain")

    async def run(self, work: Callable[[Desk], R], /) -> R:
        """What ``work`` answers, run on a thread: ``await adesk.run(lambda desk: desk.complaints.accept(…))``.

        It sees the context variables of the task; what it sets there stays there. A task that is cancelled before
        ``work`` has begun never begins it. One that is cancelled later waits for its end, which no thread can be kept
        from, and is cancelled then: nothing of ``work`` goes on behind the task's back. What came of it is not told;
        under a key the same command may be sent again.

        Raises what ``work`` raises; DeskClosed.
        """
        context = copy_context()
        if self._closed:
            raise DeskClosed
        future = self._pool.submit(lambda: context.run(_whole, work, self.desk))
        waiting = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if self._closed and future.cancelled():
                raise DeskClosed from None
            if not future.cancel():
                await _end_of(waiting)
            raise

    async def within(self, connection: "AsyncConnection", work: Callable[[Services], R], /) -> R:
        """What ``work`` answers, run in the transaction that is open on an async connection of SQLAlchemy's (D11).

        The host commits it with its own rows, or rolls back both. ``work`` is a savepoint in it: where it fails nothing
        of it is left, also where the host goes on. A task that is cancelled meanwhile is cancelled at its end, so that
        a host that goes on all the same has the whole of it.

        Raises what ``work`` raises; where that is a refusal, ``error.refusal`` is its record, for the host to keep
        (KRN-11).
        """

        async def whole() -> R:
            async with connection.begin_nested():
                return await connection.run_sync(lambda sync: work(self.desk.within(sync)))

        waiting = asyncio.ensure_future(whole())
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await _end_of(waiting)
            raise

    async def close(self) -> None:
        """Take no further calls, and wait for the end of those that have begun; those that wait raise DeskClosed."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._pool.shutdown)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _whole(work: Callable[[Desk], R], desk: Desk) -> R:
    try:
        return work(desk)
    except StopIteration as error:  # a future of asyncio cannot carry it, and would never be done
        raise RuntimeError("the work of a desk raised StopIteration") from error


async def _end_of(waiting: "asyncio.Future[Any]") -> None:
    """Wait until the thread is done, however often this task is cancelled meanwhile."""
    while not waiting.done():
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            continue
        except BaseException:  # noqa: BLE001 - its end is all that is waited for: the task is cancelled
            return
