"""Jobs of another system, taken over in the state in which they are there (SVC-02)."""

from typing import Final

from csdomain.frame.acts import Events
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import Action, ActorId
from csdomain.service_desk import events as e
from csdomain.service_desk import rules as r
from csdomain.service_desk.lifecycle import State
from csdomain.service_desk.policies import check_fee
from csdomain.service_desk.values import JOB_ID, PastJob

from .act import JobAct
from .job import MANAGER, Job, does, new_job
from .parts import Visit

_ORDER: Final = Text(
    "received ≤ arrived ≤ began ≤ ended ≤ signed ≤ countersigned ≤ now",
    "受理 ≤ 到达 ≤ 开工 ≤ 完工 ≤ 签字 ≤ 会签 ≤ 现在",
)


@does.takes_over(Action("service_desk.import"))
def take_over(act: JobAct, past: PastJob) -> tuple[Job, Events]:
    """Takes over a job: signatures are those that were given there. [SVC-02, SVC-06]"""
    work, fee = past.work, past.fee
    did = (work.began, work.ended) if work is not None else ()
    asked = (past.received_at, past.arrived_at, *did, past.signed_at, past.countersigned_at, act.at)
    times = [utc(time) for time in asked if time is not None]
    require(times == sorted(times), r.INTAKE, accepted=_ORDER, given=past.received_at)
    if work is not None:
        check_fee(past.call.kind, fee, act.currency)
    id = act.new(JOB_ID)
    number = act.import_number(past.number, act.rules.number, id)
    voucher = act.import_number(past.voucher, act.rules.voucher, id)
    job = new_job(act, id, past.call, number, voucher, times[0])
    job.state, job.technician, job.work, job.fee, job.reason = past.stands, past.technician, work, fee, past.reason
    if past.stands is not State.RECEIVED:
        job.waiting_since = None
    if past.expected is not None:
        arrived = None if past.arrived_at is None else utc(past.arrived_at)
        job.visits = (Visit(technician=past.technician, expected=utc(past.expected), arrived_at=arrived),)
    if past.signed_at is not None:
        job.seal(past.signed_by, utc(past.signed_at))
        if fee is not None and not past.paid:
            job.bill = act.till.charge(act.by, act.at, id, job.customer, fee)
    if past.countersigned_at is not None:
        who, at = ActorId(past.countersigned_by), utc(past.countersigned_at)
        job.paper = job.form.sign(MANAGER, by=who, at=at, different_people=False)
    if past.stands is State.ARCHIVED:
        job.paper = job.form.distribute(by=act.by.id, at=act.at)
    told = e.JobTakenOver(
        kind=past.call.kind.value,
        voucher=voucher,
        visit=len(job.visits),
        technician=job.technician,
        expected=job.visits[0].expected if job.visits else None,
    )
    return job, act.took_over(job, told)
