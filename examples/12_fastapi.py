"""FastAPI over an async engine: one transaction a request, keys from a header, refusals as HTTP; fifty at once."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import attrs
import httpx
from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Column, Connection, MetaData, String, Table, event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

import csdomain
from csdomain.kernel.rules.errors import (
    Conflict,
    ConnectionLost,
    DomainError,
    InvalidValue,
    KeyReused,
    MoveRefused,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    RuleBroken,
    StoreBusy,
)
from csdomain_adapters.aio import AsyncDesk
from csdomain_adapters.sql import transient

R = TypeVar("R")
ATTEMPTS = 8

# --- tables of the host's own
metadata = MetaData()
tickets = Table("ticket", metadata, Column("complaint", String(40), primary_key=True), Column("channel", String(20)))


# --- what the rules say, as HTTP
#: The first that fits.
STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (NotPermitted, 403),
    (NotFound, 404),
    (Conflict, 409),  # another was first: read again
    (MoveRefused, 409),  # not in the state it is in
    (RuleBroken, 422),
    (InvalidValue, 422),
    (KeyReused, 422),
    (StoreBusy, 503),
    (ConnectionLost, 503),
    (OutcomeUnknown, 503),  # retryable where the command has a key: sent again, it is done once
)


def status_of(error: DomainError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def answer(error: DomainError) -> JSONResponse:
    """Code, rule, facts, what would be accepted, and the message in two languages; nothing personal."""
    headers = {"Retry-After": "1"} if error.retryable else {}
    return JSONResponse(error.as_data(), status_of(error), headers)


class Filed(BaseModel):
    customer: str
    demand: str
    reason: str


def who(desk: csdomain.Desk) -> Callable[..., csdomain.Actor]:
    """Whoever your authentication says it is; here, two headers."""

    def actor(x_user: Annotated[str, Header()], x_position: Annotated[str, Header()]) -> csdomain.Actor:
        return desk.actor(x_user, branch="hq", positions=(x_position,))

    return actor


# --- plain functions, which FastAPI runs in threads
def make_simple_app(desk: csdomain.Desk) -> FastAPI:
    app = FastAPI()
    Who = Annotated[csdomain.Actor, Depends(who(desk))]  # noqa: N806 - a type

    @app.exception_handler(DomainError)
    async def refuse(request: Request, error: DomainError) -> JSONResponse:
        return answer(error)

    @app.post("/complaints", status_code=201)
    def receive(filed: Filed, by: Who, idempotency_key: Annotated[str | None, Header()] = None) -> dict[str, Any]:
        form = csdomain.ComplaintForm(**filed.model_dump())
        return attrs.asdict(desk.complaints.receive(form, by=by, at=desk.clock.now(), key=idempotency_key))

    @app.post("/complaints/{id}/check")
    def check(id: str, by: Who, expected: int | None = None) -> dict[str, Any]:
        return attrs.asdict(
            desk.complaints.check(id, "the order is ours", by=by, at=desk.clock.now(), expected_version=expected)
        )

    return app


# --- async functions, and the desk on threads of its own
def make_async_app(adesk: AsyncDesk) -> FastAPI:
    app = FastAPI()
    Who = Annotated[csdomain.Actor, Depends(who(adesk.desk))]  # noqa: N806 - a type

    @app.exception_handler(DomainError)
    async def refuse(request: Request, error: DomainError) -> JSONResponse:
        return answer(error)

    @app.post("/complaints", status_code=201)
    async def receive(filed: Filed, by: Who, idempotency_key: Annotated[str | None, Header()] = None) -> dict[str, Any]:
        form = csdomain.ComplaintForm(**filed.model_dump())
        receipt = await adesk.run(
            lambda desk: desk.complaints.receive(form, by=by, at=desk.clock.now(), key=idempotency_key)
        )
        return attrs.asdict(receipt)

    @app.post("/complaints/{id}/check")
    async def check(id: str, by: Who, expected: int | None = None) -> dict[str, Any]:
        return attrs.asdict(
            await adesk.run(
                lambda desk: desk.complaints.check(
                    id, "the order is ours", by=by, at=desk.clock.now(), expected_version=expected
                )
            )
        )

    return app


# --- the app on an async engine, with rows of its own
class Transactions:
    """One transaction a request, over the host's rows and csdomain's, tried again where the database is busy."""

    def __init__(self, adesk: AsyncDesk, engine: AsyncEngine) -> None:
        self.adesk = adesk
        self.engine = engine

    async def run(self, work: Callable[[AsyncConnection], Awaitable[R]]) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.engine.begin() as connection:
                    return await work(connection)
            except StoreBusy:
                pass
            except DBAPIError as error:  # of the host's own statements, of BEGIN, of COMMIT
                if not transient(error):
                    raise
            await asyncio.sleep(0.02 * attempt)
        raise StoreBusy

    async def keep(self, error: RuleBroken) -> None:
        """A refusal changes nothing, and is on record (KRN-11); the transaction that it ended could not do it."""
        record, store = error.refusal, self.adesk.desk.store
        if record is not None:
            async with self.engine.begin() as connection:
                await connection.run_sync(lambda c: store.within(c).run(lambda unit: unit.session.add_refusal(record)))


def make_app(adesk: AsyncDesk, engine: AsyncEngine) -> FastAPI:
    app = FastAPI()
    desk, transactions = adesk.desk, Transactions(adesk, engine)
    Who = Annotated[csdomain.Actor, Depends(who(desk))]  # noqa: N806 - a type

    @app.exception_handler(DomainError)
    async def refuse(request: Request, error: DomainError) -> JSONResponse:
        if isinstance(error, RuleBroken):
            await transactions.keep(error)
        return answer(error)

    @app.post("/complaints", status_code=201)
    async def receive(filed: Filed, by: Who, idempotency_key: Annotated[str | None, Header()] = None) -> dict[str, Any]:
        form = csdomain.ComplaintForm(**filed.model_dump())

        async def work(connection: AsyncConnection) -> dict[str, Any]:
            receipt = await adesk.within(
                connection,
                lambda inner: inner.complaints.receive(form, by=by, at=desk.clock.now(), key=idempotency_key),
            )
            mine = select(tickets).where(tickets.c.complaint == receipt.id)
            if (await connection.execute(mine)).first() is None:  # the same key: the same receipt, and no second row
                await connection.execute(tickets.insert().values(complaint=receipt.id, channel="web"))
            return attrs.asdict(receipt)

        return await transactions.run(work)

    @app.post("/complaints/{id}/check")
    async def check(id: str, by: Who, expected: int | None = None) -> dict[str, Any]:
        async def work(connection: AsyncConnection) -> dict[str, Any]:
            receipt = await adesk.within(
                connection,
                lambda inner: inner.complaints.check(
                    id, "the order is ours", by=by, at=desk.clock.now(), expected_version=expected
                ),
            )
            return attrs.asdict(receipt)

        return await transactions.run(work)

    @app.get("/complaints/{id}")
    async def get(id: str, by: Who) -> dict[str, Any]:
        case = await adesk.run(lambda desk: desk.complaints.get(id, by=by))
        return {"id": case.id, "number": case.number, "state": case.state.value, "version": case.version}

    return app


# --- the engine
def make_engine(url: str) -> AsyncEngine:
    """The host's engine. PostgreSQL needs nothing; SQLite has one writer, whose transactions begin as one."""
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def connect(connection: Any, _: object) -> None:
            connection.isolation_level = None

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


async def main(folder: Path) -> None:
    desk = csdomain.open(f"sqlite:///{folder / 'desk.db'}", rulebook="after_sales")  # makes the tables
    engine = make_engine(f"sqlite+aiosqlite:///{folder / 'desk.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    adesk = AsyncDesk(desk)
    apps = {"simple": make_simple_app(desk), "async": make_async_app(adesk), "engine": make_app(adesk, engine)}
    for name, app in apps.items():
        agent = {"X-User": "u-17", "X-Position": "sales"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk", headers=agent) as client:
            body = {"customer": "c-2041", "demand": "refund", "reason": "cracked"}
            key = {"Idempotency-Key": f"{name}-9f2c"}
            answers = await asyncio.gather(*(client.post("/complaints", json=body, headers=key) for _ in range(50)))
            assert {a.status_code for a in answers} == {201}
            [receipt] = {a.text for a in answers}
            print(name.ljust(8), "fifty requests under one key:", receipt)
            id = answers[0].json()["id"]

            assert (await client.post(f"/complaints/{id}/check", params={"expected": 1})).status_code == 200
            late = await client.post(f"/complaints/{id}/check")
            print(name.ljust(8), late.status_code, late.json()["message"]["en"])
            assert (late.status_code, late.json()["code"]) == (409, "move_refused")
            other = await client.post(f"/complaints/{id}/check", headers={"X-Position": "finance"})
            assert (other.status_code, other.json()["rule"]) == (403, "KRN-13")
            refusals = desk.store.look(lambda unit: unit.session.refusals(id))  # noqa: B023 - run at once
            assert [kept.rule for kept in refusals] == ["KRN-07", "KRN-13"]
    async with engine.connect() as connection:
        assert len((await connection.execute(select(tickets))).all()) == 1
    await engine.dispose()
    await adesk.close()
    desk.close()


if __name__ == "__main__":
    asyncio.run(main(Path(tempfile.mkdtemp())))
