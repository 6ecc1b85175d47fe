"""FastAPI over an async engine, and over threads: the app of the how-to under load, in failure, and refused (D11)."""

import asyncio
import runpy
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.harness import Desks
from csdomain import Desk, DomainError, RuleBroken
from csdomain.complaints.values import MalformedForm
from csdomain.kernel.rules import AUDITED, ONE_WRITER, PERMITTED, PORTS
from csdomain.kernel.rules.errors import (
    Conflict,
    ConnectionLost,
    KeyReused,
    MissingBackend,
    MoveRefused,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    StoreBusy,
    StoreFailure,
)
from csdomain.kernel.store.kinds import Query
from csdomain.testing import agent, received
from csdomain_adapters.aio import AsyncDesk

APP = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "12_fastapi.py"), run_name="example")
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
FORM = {"customer": "c-2041", "demand": "refund", "reason": "cracked"}
AGENT = {"X-User": "agent-1", "X-Position": "sales"}
pytestmark = pytest.mark.rule(PORTS)


class Site:
    """The app of the how-to on a database, and what is stored there."""

    def __init__(self, url: str, desk: Desk, kind: str) -> None:
        scheme = url.partition(":")[0].partition("+")[0]
        self.url = url.replace(url.partition(":")[0], DRIVERS[scheme], 1)
        self.desk = desk
        self.kind = kind

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        engine: AsyncEngine = APP["make_engine"](self.url)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(APP["metadata"].drop_all)
                await connection.run_sync(APP["metadata"].create_all)
            adesk = AsyncDesk(self.desk)
            apps: dict[str, Callable[[], FastAPI]] = {
                "engine": lambda: APP["make_app"](adesk, engine),
                "async": lambda: APP["make_async_app"](adesk),
                "simple": lambda: APP["make_simple_app"](self.desk),
            }
            app = apps[self.kind]()
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://desk", headers=AGENT, timeout=60
            ) as client:
                yield client
                self.tickets = await self._tickets(engine)
            await adesk.close()
        finally:
            async with engine.begin() as connection:
                await connection.run_sync(APP["metadata"].drop_all)
            await engine.dispose()

    async def _tickets(self, engine: AsyncEngine) -> list[str]:
        async with engine.connect() as connection:
            if not await connection.run_sync(lambda c: c.dialect.has_table(c, "ticket")):
                return []
            return [row[0] for row in await connection.execute(APP["tickets"].select())]

    def run(self, work: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
        async def main() -> None:
            async with self.client() as client:
                await work(client)

        asyncio.run(main())

    @property
    def filed(self) -> list[str]:
        found = self.desk.complaints.find(Query(limit=200), by=agent(self.desk, position="sales")).items
        return sorted(case.number[-4:] for case in found)

    def refusals(self, id: str) -> list[str]:
        return [kept.rule for kept in self.desk.store.look(lambda unit: unit.session.refusals(id))]


@pytest.fixture(params=[(backend, kind) for backend in DRIVERS for kind in ("engine", "async", "simple")], ids="-".join)
def site(request: pytest.FixtureRequest, desks: Desks, clean_url: Callable[[str], str]) -> Site:
    backend, kind = request.param
    url = clean_url(backend)
    return Site(url, desks.at(url), kind)


#: Where the app has a transaction of its own; elsewhere it is the desk's.
only_engine = pytest.mark.parametrize("site", [(backend, "engine") for backend in DRIVERS], ids="-".join, indirect=True)


@pytest.mark.rule(ONE_WRITER)
def test_fifty_requests_at_once_under_one_key_are_one_complaint(site: Site) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        key = {"Idempotency-Key": "9f2c"}
        answers = await asyncio.gather(*(client.post("/complaints", json=FORM, headers=key) for _ in range(50)))
        assert Counter(answer.status_code for answer in answers) == {201: 50}
        assert len({answer.text for answer in answers}) == 1
        other = await client.post("/complaints", json={**FORM, "reason": "torn"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "key_reused")

    site.run(work)
    assert site.filed == ["0001"]
    if site.kind == "engine":
        assert len(site.tickets) == 1


@pytest.mark.rule(ONE_WRITER)
def test_fifty_requests_at_once_without_a_key_are_fifty_complaints_without_a_gap(site: Site) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*(client.post("/complaints", json=FORM) for _ in range(50)))
        assert Counter(answer.status_code for answer in answers) == {201: 50}

    site.run(work)
    assert site.filed == [f"{number:04}" for number in range(1, 51)]
    if site.kind == "engine":
        assert len(set(site.tickets)) == 50


@pytest.mark.rule(PERMITTED, AUDITED)
def test_what_the_rules_refuse_comes_as_http_and_is_on_record(site: Site) -> None:
    id = received(site.desk).id

    async def work(client: httpx.AsyncClient) -> None:
        async def check(id: str, position: str = "sales", **query: Any) -> tuple[int, str, str]:
            answer = await client.post(f"/complaints/{id}/check", headers={"X-Position": position}, params=query)
            said = answer.json()
            return answer.status_code, said.get("code", said.get("state")), said.get("rule", "")

        assert await check(id, "finance") == (403, "not_permitted", "KRN-13")
        assert await check("cmp_01k9w3v7q8d3m6y2r5t0x4n1ab") == (404, "not_found", "KRN-15")
        assert (await check("cmp_1"))[:2] == (422, "malformed_id")
        assert await check(id, expected=9) == (409, "conflict", "KRN-12")
        assert await check(id, expected=1) == (200, "checked", "")
        assert await check(id) == (409, "move_refused", "KRN-07")

        phone = "13812345678"
        answer = await client.post("/complaints", json={**FORM, "customer": f"{phone}\n"})
        assert (answer.status_code, answer.json()["rule"]) == (422, "CMP-01")
        assert answer.json()["facts"] == {"field": "customer"}
        assert phone not in answer.text
        assert set(answer.json()["message"]) == {"en", "zh"}
        long = await client.post("/complaints", json=FORM, headers={"Idempotency-Key": "k" * 121})
        assert (long.status_code, long.json()["code"]) == (422, "malformed_key")

    site.run(work)
    assert site.refusals(id) == ["KRN-13", "KRN-07"]
    assert site.filed == ["0001"]


@only_engine
def test_the_host_s_rows_and_ours_roll_back_together(site: Site) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        with site.desk.store.engine.begin() as connection:  # type: ignore[attr-defined]
            connection.execute(text("drop table ticket"))
        with pytest.raises(Exception, match="ticket"):
            await client.post("/complaints", json=FORM, headers={"Idempotency-Key": "k"})

    site.run(work)
    assert site.filed == []
    assert received(site.desk, key="k").number.endswith("-0001"), "key and number were given back"


@only_engine
@pytest.mark.rule(ONE_WRITER)
def test_a_busy_database_is_waited_for_or_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is let go is waited for; one that stays is 503, and when to come again."""
    monkeypatch.setitem(APP["Transactions"].run.__globals__, "ATTEMPTS", 4)
    id = received(site.desk).id

    async def work(client: httpx.AsyncClient) -> None:
        with site.desk.store.engine.connect() as holder:  # type: ignore[attr-defined]
            transaction = holder.begin()
            site.desk.within(holder).complaints.get(id, by=agent(site.desk, position="sales"))
            if holder.dialect.name == "postgresql":
                holder.execute(text("select id from csd_complaint for update"))
            answer = await client.post(f"/complaints/{id}/check")
            assert (answer.status_code, answer.json()["code"]) == (503, "store_busy")
            assert answer.headers["Retry-After"] == "1"
            assert answer.json()["retryable"] is True
            waiting = asyncio.create_task(client.post(f"/complaints/{id}/check"))
            await asyncio.sleep(0.05)
            transaction.rollback()
            answer = await waiting
            assert (answer.status_code, answer.json()["version"]) == (200, 2)

    options = "?timeout=0.02" if "sqlite" in site.url else "&options=-c%20lock_timeout%3D20ms"
    site.url += options
    site.run(work)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotPermitted(), 403),
        (NotFound(), 404),
        (Conflict(), 409),
        (MoveRefused(), 409),
        (RuleBroken(), 422),
        (KeyReused(), 422),
        (MalformedForm(), 422),
        (StoreBusy(), 503),
        (ConnectionLost(), 503),
        (OutcomeUnknown(), 503),
        (StoreFailure(), 500),
        (MissingBackend(), 500),
    ],
    ids=lambda value: value.code if isinstance(value, DomainError) else str(value),
)
def test_every_error_has_a_status(error: DomainError, status: int) -> None:
    assert APP["status_of"](error) == status
