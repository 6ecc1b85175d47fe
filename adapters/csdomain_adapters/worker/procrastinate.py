"""Ticks by ``procrastinate`` on PostgreSQL, for an app that has its workers on many hosts (extra ``procrastinate``).

A tick does a job of the desk. Ticks carry no data: what is to be done lies in the tables of csdomain and is claimed
there, so that a lost tick is made up for by the next one. Nothing is deferred inside a unit of work, and ticks have no
``lock``: where a worker dies in one, the others go on.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from procrastinate import Blueprint, JobContext
from procrastinate.jobs import Status

from csdomain.kernel.store.jobs import Job

QUEUE: Final = "csdomain"
#: Shorter ticks cost the database more than they gain; hosts that want less run a poller beside it.
SHORTEST: Final = timedelta(seconds=5)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
#: Cron in procrastinate has its seconds last.
_JANITOR: Final = "* * * * * 30"
#: A worker that has not been heard of for so long is dead.
_SILENT: Final = 30.0


def cron(every: timedelta) -> str:
    """A cron line for an interval: 5 seconds or more, rounded down to what divides a minute or an hour evenly."""
    every = max(every, SHORTEST)
    if every < _MINUTE:
        return f"* * * * * */{_even(int(every.total_seconds()))}"
    if every < _HOUR:
        return f"*/{_even(every // _MINUTE)} * * * *"
    return f"0 */{min(every // _HOUR, 23)} * * *" if every < timedelta(days=1) else "0 3 * * *"


def _even(number: int) -> int:
    return max(step for step in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30) if step <= number)


def blueprint(jobs: Iterable[Job], *, queue: str = QUEUE) -> Blueprint:
    """The jobs of a desk as periodic tasks, and a janitor that takes away the ticks of workers that died.

    Add it to the app: ``app.add_tasks_from(blueprint(desk.jobs(notifier)), namespace="csdomain")``, and let a worker
    work on the queue. The jobs run in threads of the worker.
    """
    found = Blueprint()
    for job in jobs:
        _tick(found, job, queue)

    @found.periodic(cron=_JANITOR, periodic_id="janitor")
    @found.task(name="janitor", queue=queue, queueing_lock="csdomain:janitor", pass_context=True)
    async def janitor(context: JobContext, timestamp: int) -> None:
        """Delete ticks whose worker died: the next tick does the work."""
        manager = context.app.job_manager
        await manager.prune_stalled_workers(_SILENT)
        for stalled in await manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=_SILENT):
            await manager.finish_job(stalled, Status.FAILED, delete_job=True)

    return found


def _tick(found: Blueprint, job: Job, queue: str) -> None:
    @found.periodic(cron=cron(job.every), periodic_id=job.name)
    @found.task(name=job.name, queue=queue, queueing_lock=f"csdomain:{job.name}")
    def tick(timestamp: int) -> None:
        """Do what is there to be done of the job."""
        job.run(lambda _count: None)
