"""Sixteen clerks on PostgreSQL, with procrastinate's workers beside them and without.

    python benchmarks/bench_engines.py [--json] [--quick]

Sixteen threads register customers, as fast as they can, so many a round. Beside them, in every second round, two
processes work as `csdomain_adapters.worker.procrastinate` is meant to be used: the jobs of the same desk (sweep,
consequences, plan, rebuild, relay) as periodic ticks of 5 s, on the same database. The workers are started before the
round's clock runs, and have done a tick by then; after the round they are ended. Rounds alternate; the figure is the
median of the rounds' own ratios. Target: >= 0.9 x of without, median of ten rounds of each.
"""

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime
from statistics import median
from time import perf_counter, sleep
from typing import Final

import common
from procrastinate import App, PsycopgConnector
from sqlalchemy import create_engine, make_url, text

import csdomain
from csdomain.customers.values import Profile
from csdomain.testing import no_holidays
from csdomain_adapters.notify import CollectingNotifier
from csdomain_adapters.worker.procrastinate import QUEUE, blueprint

LEAST: Final = 0.9
CLERKS, WORKERS = 16, 2
WITH, WITHOUT = "with workers", "without"
TICK_SECONDS: Final = 60
NOW: Final = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
PROFILE: Final = Profile(name="王小明", phones=("13812345678",), addresses=("北京市朝阳区1号",))


def opened(url: str) -> csdomain.Desk:
    return csdomain.open(url, holidays=no_holidays(), upgrade=True, pool_size=CLERKS)


def application(url: str) -> App:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return App(connector=PsycopgConnector(conninfo=plain))


def work(url: str) -> None:
    """What a worker's process does until it is ended."""
    app = application(url)
    with opened(url) as desk:
        app.add_tasks_from(blueprint(desk.jobs(CollectingNotifier())), namespace="csdomain")

        async def run() -> None:
            async with app.open_async():
                await app.run_worker_async(queues=[QUEUE], concurrency=2)

        asyncio.run(run())


class Workers:
    """Processes that work beside the clerks."""

    def __init__(self, url: str) -> None:
        self.url, self.running = url, list[subprocess.Popen[bytes]]()
        self.engine = create_engine(url)

    def ticks(self) -> int:
        """How many ticks are done."""
        done = text("select count(*) from procrastinate_jobs where status = 'succeeded'")
        with self.engine.connect() as connection:
            return int(connection.execute(done).scalar_one())

    def start(self) -> None:
        before, until = self.ticks(), perf_counter() + TICK_SECONDS
        for _ in range(WORKERS):
            argv = [sys.executable, __file__, "--work", self.url]
            self.running.append(subprocess.Popen(argv, stderr=subprocess.DEVNULL))
        while self.ticks() == before:
            assert perf_counter() < until, "the workers do nothing"
            assert all(process.poll() is None for process in self.running), "a worker died"
            sleep(0.2)

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait()
        self.running.clear()


def clerks(desk: csdomain.Desk, times: int) -> float:
    """Seconds of sixteen threads that register so many customers each."""
    start, errors = threading.Barrier(CLERKS + 1), list[BaseException]()

    def register(nth: int) -> None:
        by = desk.actor(f"clerk-{nth}", branch="hq", positions=("service_agent",))
        try:
            start.wait()
            for _ in range(times):
                desk.customers.register(PROFILE, by=by, at=NOW)
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=register, args=(nth,)) for nth in range(CLERKS)]
    for thread in threads:
        thread.start()
    start.wait()
    began = perf_counter()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return perf_counter() - began


def measure(url: str, rounds: int, times: int) -> tuple[common.Row, list[str]]:
    async def prepare() -> None:
        app = application(url)
        async with app.open_async():
            await app.schema_manager.apply_schema_async()

    with opened(url) as desk:
        asyncio.run(prepare())
        workers, taken = Workers(url), dict[str, list[float]]({WITH: [], WITHOUT: []})
        clerks(desk, times)
        ticks = 0
        for turn in range(rounds):
            sides = (WITH, WITHOUT) if turn % 2 else (WITHOUT, WITH)
            for side in sides:
                if side == WITHOUT:
                    taken[side].append(clerks(desk, times))
                    continue
                workers.start()
                try:
                    before = workers.ticks()
                    taken[side].append(clerks(desk, times))
                    ticks += workers.ticks() - before
                finally:
                    workers.stop()
        workers.engine.dispose()
    share = 1 / common.ratio(taken, WITH, WITHOUT)
    made = CLERKS * times
    rates = {f"{side}, units/s": made / median(taken[side]) for side in taken}
    row: common.Row = {**rates, "share": share, "spread": common.spread(taken[WITHOUT]), "ticks": ticks}
    return row, [f"{share:.2f} x of without, not {LEAST}"] if share < LEAST else []


def main() -> int:
    given = common.options(__doc__)
    rounds, times = (4, 60) if given.quick else (10, 200)
    with common.postgresql() as fresh:
        row, faults = measure(fresh(), rounds, times)
    return common.report("engines", [{"store": "postgresql", **row}], faults, as_json=given.json)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2])
        raise SystemExit
    raise SystemExit(main())
