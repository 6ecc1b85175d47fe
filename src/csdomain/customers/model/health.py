"""The health file and its commands."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs

from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.lifecycle import HEALTH_MOVES, HealthMove, HealthState
from csdomain.customers.values import CUSTOMER_ID, FIELDS, HEALTH_FILE_ID, HealthFileId, Past
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.frame.fields import LONG
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.personal import PersonalKind, personal

from .act import CustomerAct

does_health: Final = Commands(HEALTH_MOVES)


@attrs.define(kw_only=True)
class HealthFile(Record):
    """What is known of a customer's health, apart from the record: it has other readers.

    ``owner`` is the doctor. [CUS-02]
    """

    id: HealthFileId = attrs.field(on_setattr=attrs.setters.frozen)
    state: HealthState = HealthState.KEPT
    customer: str
    history: str = personal(PersonalKind.MEDICAL, default="")
    family: str = personal(PersonalKind.MEDICAL, default="")
    habits: str = personal(PersonalKind.MEDICAL, default="")
    past: tuple[Past, ...] = ()
    number: ClassVar[str] = ""

    @staticmethod
    @does_health.opens(HealthMove.OPEN)
    def open(
        act: CustomerAct, customer: str, doctor: str, history: str, family: str = "", habits: str = ""
    ) -> tuple["HealthFile", Events]:
        CUSTOMER_ID.check(customer)
        file = HealthFile(
            id=act.new(HEALTH_FILE_ID),
            branch=act.by.branch,
            owner=FIELDS.check_id(doctor, "doctor"),
            rulebook=act.rulebook,
            moved_at=act.at,
            customer=customer,
            **_health(history, family, habits),
        )
        return file, act.opened(file, e.HealthFileOpened())

    @does_health(HealthMove.WRITE)
    def write(self, act: CustomerAct, history: str, family: str = "", habits: str = "") -> Events:
        found = _health(history, family, habits)
        before = {name: getattr(self, name) for name, value in found.items() if getattr(self, name) != value}
        require(bool(before), r.CORRECTION, accepted=Text("a file that differs", "与原内容不同的档案"))
        self.past = (*self.past, Past(act.at, act.by.id, before))
        for name, value in found.items():
            setattr(self, name, value)
        return act.done(e.HealthFileWritten(fields=tuple(before)))


def _health(history: str, family: str, habits: str) -> Mapping[str, Any]:
    given = {"history": history, "family": family, "habits": habits}
    return {name: FIELDS.check_text(value, name, LONG, empty=True) for name, value in given.items()}


OF_CUSTOMER: Final[Field[HealthFile, str]] = Field("customer", str, lambda f: f.customer, unique=True)
HEALTH_FILES: Final = Kind(
    HealthFile, HEALTH_FILE_ID, "health_file", (OF_CUSTOMER, Field("state", str, lambda f: f.state.value))
)
