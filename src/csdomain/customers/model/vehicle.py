"""A customer's vehicle and its commands (CUS-01, CUS-20)."""

import unicodedata
from typing import Any, ClassVar, Final

import attrs

from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.lifecycle import VEHICLE_MOVES, VehicleMove, VehicleState
from csdomain.customers.values import FIELDS, VEHICLE_ID, CustomerRules, MalformedCustomer, VehicleData, VehicleId
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.personal import PersonalKind, personal

from .act import CustomerAct
from .columns import customer_of

_M: Final = VehicleMove
does_vehicle: Final = Commands(VEHICLE_MOVES)


def _key(data: VehicleData, rules: CustomerRules) -> str:
    """What no other vehicle in use has, however it is written. Raises MalformedCustomer where it says nothing."""
    name = rules.vehicle_key.value
    found = "".join(c for c in unicodedata.normalize("NFKC", getattr(data, name)).upper() if c.isalnum())
    if not found:
        raise MalformedCustomer(field=name, accepted=Text("letters or digits", "字母或数字"))
    return found


@attrs.define(kw_only=True)
class Vehicle(Record):
    """A vehicle of a customer. ``key`` is its plate or its unit, as the house tells vehicles apart. [CUS-01]"""

    id: VehicleId = attrs.field(on_setattr=attrs.setters.frozen)
    state: VehicleState = VehicleState.IN_USE
    customer: str
    data: VehicleData
    key: str = personal(PersonalKind.ID_NUMBER)
    number: ClassVar[str] = ""

    @staticmethod
    @does_vehicle.opens(_M.ADD)
    def add(act: CustomerAct, customer: str, data: VehicleData) -> tuple["Vehicle", Events]:
        key, whose = _key(data, act.rules), act.files.customer(customer)
        about = {**act.filed(VEHICLE_ID, whose.branch), "owner": whose.owner}
        vehicle = Vehicle(**about, customer=whose.id, data=data, key=key)
        return vehicle, act.opened(vehicle, e.VehicleAdded())

    @does_vehicle(_M.CHANGE)
    def change(self, act: CustomerAct, data: VehicleData) -> Events:
        key = _key(data, act.rules)
        require(data != self.data, r.CORRECTION, accepted=Text("a vehicle that differs", "与原内容不同的车辆资料"))
        self.data, self.key = data, key
        return act.done(e.VehicleChanged())

    def follow(self, act: CustomerAct, representative: str) -> Events:
        """What follows when somebody else represents the customer. [CUS-08]"""
        self.owner = representative
        return act.beside(does_vehicle, self, _M.FOLLOW, e.VehicleFollowed())

    @does_vehicle(_M.REMOVE)
    def remove(self, act: CustomerAct, reason: str) -> Events:
        return act.done(e.VehicleRemoved(reason=FIELDS.check_text(reason, "reason")))


VEHICLE_OF: Final[Field[Vehicle, str]] = customer_of()
IN_USE: Final[Field[Vehicle, str]] = Field("state", str, lambda vehicle: vehicle.state.value)
_VEHICLE: Final[tuple[Field[Vehicle, Any], ...]] = (
    VEHICLE_OF,
    IN_USE,
    Field("vehicle_key", str, lambda v: v.key or None if v.state is VehicleState.IN_USE else None, unique=True),
)
VEHICLES: Final = Kind(Vehicle, VEHICLE_ID, "vehicle", _VEHICLE)
