"""Ticks by procrastinate on a real PostgreSQL: jobs have their turns, and a dead worker's tick is taken away."""

import asyncio
from datetime import timedelta

import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Status
from sqlalchemy import make_url

from csdomain.kernel.store.jobs import Job
from csdomain.testing.engines import Counted
from csdomain_adapters.worker.procrastinate import QUEUE, blueprint

TICK = timedelta(seconds=5)


@pytest.fixture
def app(postgresql_url: str) -> App:
    url = make_url(postgresql_url)
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return App(connector=PsycopgConnector(conninfo=conninfo))


def test_every_job_has_its_turns_also_beside_one_that_fails(app: App) -> None:
    counted = Counted("counted", every=TICK)
    counted.wanted = 2

    def fails(_progress: object) -> None:
        raise KeyError("broken")

    app.add_tasks_from(blueprint([counted.job, Job("failing", TICK, fails)]), namespace="csdomain")

    async def work() -> list[str]:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=2,
                    install_signal_handlers=False,
                    listen_notify=False,
                    fetch_job_polling_interval=0.2,
                )
            )
            async with asyncio.timeout(60):
                await asyncio.to_thread(counted.reached.wait, 60)
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            jobs = await app.job_manager.list_jobs_async(status=Status.FAILED.value)
            return sorted({job.task_name for job in jobs})

    assert asyncio.run(work()) == ["csdomain:failing"]
    assert counted.turns >= 2
