"""Jobs of another system, taken over in the state in which they are there (SVC-02)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs
from attrs.validators import optional

from csdomain.frame.acts import Events
from csdomain.frame.fields import SHORT
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import Action, ActorId
from csdomain.kernel.values.arguments import checked
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import PersonalKind, personal
from csdomain.service_desk import events as e
from csdomain.service_desk import rules as r
from csdomain.service_desk.lifecycle import State
from csdomain.service_desk.policies import check_fee
from csdomain.service_desk.values import FIELDS, JOB_ID, Call, MalformedJob, Work, aware

from .act import JobAct
from .job import MANAGER, Job, does, new_job
from .parts import Visit

_SENT: Final = ("technician", "expected")
_WORKED: Final = (*_SENT, "arrived_at", "work")
_SIGNED: Final = (*_WORKED, "signed_by", "signed_at")
_BOTH: Final = (*_SIGNED, "countersigned_by", "countersigned_at")
#: What a job of another system has in each state, and in no other.
PAST: Final[Mapping[State, tuple[str, ...]]] = {
    State.RECEIVED: (),
    State.CANCELLED: ("reason",),
    State.DISPATCHED: _SENT,
    State.ON_SITE: (*_SENT, "arrived_at"),
    State.UNSIGNED: (*_WORKED, "reason"),
    State.CLOSED_UNSIGNED: (*_WORKED, "reason"),
    State.SETTLED: _SIGNED,
    State.COUNTERSIGNED: _BOTH,
    State.ARCHIVED: _BOTH,
}


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedJob))
class PastJob:
    """A job of another system, in the ``state`` in which it is there: received, or with a ``technician`` on the way,
    unless another is said. What it has then, :data:`PAST` says; a paid service has its ``fee`` once there is work.

    ``signed_by`` signed the voucher for the customer, ``countersigned_by`` is the id of who did for the house; of a
    ``paid`` fee nothing is owed any more, any other is billed here. (SVC-02)
    """

    call: Call
    number: str = attrs.field(validator=FIELDS.id)
    voucher: str = attrs.field(validator=FIELDS.id)
    received_at: datetime = attrs.field(validator=aware)
    state: State | None = None
    technician: str = ""
    expected: datetime | None = attrs.field(default=None, validator=optional(aware))
    arrived_at: datetime | None = attrs.field(default=None, validator=optional(aware))
    work: Work | None = None
    fee: Money | None = None
    paid: bool = False
    signed_by: str = personal(PersonalKind.NAME, default="", validator=FIELDS.text(SHORT, empty=True))
    signed_at: datetime | None = attrs.field(default=None, validator=optional(aware))
    countersigned_by: str = ""
    countersigned_at: datetime | None = attrs.field(default=None, validator=optional(aware))
    reason: str = FIELDS.remarks()

    def __attrs_post_init__(self) -> None:
        for name in ("technician", "countersigned_by"):
            FIELDS.check_id(getattr(self, name) or "-", name)
        if self.stands not in PAST:
            known = ", ".join(state.value for state in PAST)
            raise MalformedJob(field="state", given=self.stands.value, accepted=Text(known, known))
        for name in dict.fromkeys(name for names in PAST.values() for name in names):
            states = ", ".join(state.value for state in PAST if name in PAST[state])
            if bool(getattr(self, name)) is not (name in PAST[self.stands]):
                raise MalformedJob(
                    field=name, state=self.stands.value, accepted=Text(f"with {states}", f"仅限 {states}")
                )
        if (self.fee is not None and self.work is None) or (self.paid and not (self.fee and self.signed_by)):
            owed = Text("a fee with the work, paid once it is signed", "费用与工作一并填写，签字后方可付清")
            raise MalformedJob(field="fee", state=self.stands.value, accepted=owed)

    @property
    def stands(self) -> State:
        """The state in which it is."""
        return self.state or (State.DISPATCHED if self.technician else State.RECEIVED)


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
