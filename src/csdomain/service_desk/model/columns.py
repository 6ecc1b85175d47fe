"""The columns of jobs."""

from datetime import datetime
from typing import Any, Final

from csdomain.frame.cases import usual
from csdomain.frame.fields import amount
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.service_desk.lifecycle import JOB_MOVES, State
from csdomain.service_desk.values import JOB_ID

from .job import Job

OF_JOB: Final[Field[Job, str]] = Field("customer", str, lambda j: j.customer or None)
TECHNICIAN: Final[Field[Job, str]] = Field("technician", str, lambda j: j.technician or None)
WAITING: Final[Field[Job, datetime]] = Field("waiting_since", datetime, lambda j: j.waiting_since)
VOUCHER: Final[Field[Job, str]] = Field("voucher", str, lambda j: j.voucher or None, unique=True)
_USUAL: Final = usual(JOB_MOVES)
STATE: Final[Field[Job, str]] = _USUAL[1]
_FIELDS: Final[tuple[Field[Job, Any], ...]] = (
    OF_JOB,
    VOUCHER,
    TECHNICIAN,
    WAITING,
    Field("kind", str, lambda j: j.kind.value, index=False),
    Field("received_at", datetime, lambda j: j.received_at),
    amount("fee", lambda j: None if j.fee is None or not j.bill else j.fee.minor),
    amount("cost", lambda j: j.cost.minor),
    Field("minutes", int, lambda j: j.minutes, index=False),
    *_USUAL,
)
JOBS: Final = Kind(
    Job,
    JOB_ID,
    "job",
    _FIELDS,
    queue=_FIELDS[-1],
    indexes=(("branch", "waiting_since"), ("branch", "state")),
    owners=(TECHNICIAN,),
)
#: Jobs whose vouchers are not archived or filed away.
OUT: Final = tuple(
    state.value
    for state in State
    if state not in (State.ARCHIVED, State.CLOSED_UNSIGNED, State.ANSWERED, State.CANCELLED)
)
