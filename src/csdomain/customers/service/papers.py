"""The use cases of health files and of papers about customers, one method each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Final, TypeVar, Unpack

import attrs

from csdomain.casework.authorities import Authorities, GivenPositions
from csdomain.customers import effects as f
from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.model.act import CustomerAct
from csdomain.customers.model.connection import (
    CONNECTION_OF,
    CONNECTIONS,
    OPENED_ON,
    SECRETS,
    Connection,
    SealedSecret,
    does_connection,
)
from csdomain.customers.model.correction import CORRECTION_OF, CORRECTIONS, Correction, does_correction
from csdomain.customers.model.customer import CUSTOMERS, ITSELF, Customer, does
from csdomain.customers.model.handover import HANDOVER_OF, HANDOVERS, Handover, does_handover
from csdomain.customers.model.health import HEALTH_FILES, OF_CUSTOMER, HealthFile, does_health
from csdomain.customers.model.lead import LEAD_OF, LEADS, Lead, does_lead
from csdomain.customers.model.release import RELEASE_OF, RELEASES, Release, does_release
from csdomain.customers.model.vehicle import IN_USE, VEHICLE_OF, VEHICLES, Vehicle, does_vehicle
from csdomain.customers.model.worklist import WORKLISTS, Worklist, does_worklist
from csdomain.customers.ports import AsWritten, Fold
from csdomain.customers.questions import finding as q
from csdomain.customers.values import CUSTOMER_RULES, CustomerRules, ListKind, Profile, Step, VehicleData
from csdomain.frame.acts import Events
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind, Query, Tally
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.store.registers import Register
from csdomain.kernel.values.actors import Action, Actor
from csdomain.rulebook import House

C = TypeVar("C", bound=Any)
_REASONS: Final = attrgetter("hold_reasons")
CUSTOMER_CASES: Final = CaseType(
    CUSTOMERS, does, f.EFFECTS, keeping=Keeping("customer", ITSELF, _REASONS, ((q.TERMS, "customer"),))
)


def _beside(
    kind: Kind[Any],
    commands: Any,
    effects: Any,
    whose: Field[Any, str] | None,
    rows: Sequence[tuple[Register[Any], str]] = (),
    more: Sequence[str] = (),
) -> CaseType:
    prefix = f"{kind.table.removesuffix('_file')}_"
    further = tuple(Action(f"customers.{prefix}{name}") for name in more)
    keeping = Keeping(kind.table, whose, _REASONS, rows)
    return CaseType(kind, commands, effects, keeping=keeping, prefix=prefix, more_actions=further)


HEALTH_CASES: Final = _beside(HEALTH_FILES, does_health, f.HEALTH_EFFECTS, OF_CUSTOMER)
HANDOVER_CASES: Final = _beside(HANDOVERS, does_handover, f.HANDOVER_EFFECTS, HANDOVER_OF)
RELEASE_CASES: Final = _beside(RELEASES, does_release, f.RELEASE_EFFECTS, RELEASE_OF, more=("give",))
CORRECTION_CASES: Final = _beside(CORRECTIONS, does_correction, f.CORRECTION_EFFECTS, CORRECTION_OF)
LEAD_CASES: Final = _beside(LEADS, does_lead, f.LEAD_EFFECTS, LEAD_OF)
VEHICLE_CASES: Final = _beside(VEHICLES, does_vehicle, f.VEHICLE_EFFECTS, VEHICLE_OF)
CONNECTION_CASES: Final = _beside(
    CONNECTIONS, does_connection, f.CONNECTION_EFFECTS, CONNECTION_OF, ((SECRETS, "connection"),), ("deliver",)
)
WORKLIST_CASES: Final = _beside(WORKLISTS, does_worklist, f.WORKLIST_EFFECTS, None)


@attrs.frozen
class RecordedFiles:
    """The customers of a unit of work. Satisfies :class:`~csdomain.customers.ports.Files`."""

    unit: Unit
    house: House
    fold: Fold

    def customer(self, id: str, /) -> Customer:
        found: Customer = self.unit.locked(CUSTOMERS, id)
        found.require_living()
        return found

    def keep(self, customer: Customer, events: Events, /) -> None:
        CUSTOMER_CASES.keep(self.unit, self.house, customer, events)
        put_found(self.unit, customer, events, self.house.rulebook[CUSTOMER_RULES], self.fold)

    def put_secret(self, secret: SealedSecret, /) -> None:
        self.unit.register(SECRETS).put([secret])

    def drop_secret(self, connection: str, /) -> int:
        return self.unit.register(SECRETS).drop(SECRETS["connection"].is_(connection))


def put_found(
    unit: Unit, customer: Customer, events: Events, rules: CustomerRules, fold: Fold, *, new: bool = False
) -> None:
    """Write what the customer is found by anew, where ``events`` changed it: of the frame's own (erased) too."""
    if any(getattr(event, "found_anew", True) for event in events):
        q.put_terms(unit, customer, rules, fold, new=new)


@attrs.frozen
class AboutCustomers(CaseService[C, CustomerAct]):
    """What every service of customers has at hand."""

    _authorities: Authorities = attrs.field(factory=GivenPositions, kw_only=True)
    _fold: Fold = attrs.field(factory=AsWritten, kw_only=True)

    def _hand(self, unit: Unit, **given: Any) -> CustomerAct:
        works = partial(self._authorities.works, unit)
        return CustomerAct(files=RecordedFiles(unit, self._house, self._fold), works=works, **given)


@attrs.frozen
class HealthFiles(AboutCustomers[HealthFile]):
    """Health files: one for each customer, for those who may read health. Commands raise as those of customers."""

    _cases: ClassVar = HEALTH_CASES

    def open(
        self, customer: str, doctor: str, history: str, family: str = "", habits: str = "", **call: Unpack[OpenOptions]
    ) -> Receipt:
        """Open the file of a customer, the own of ``doctor``. Raises MalformedCustomer, Conflict. [CUS-02]"""
        return self._begin(HealthFile.open, call, customer, doctor, history, family, habits)

    def write(self, id: str, history: str, family: str = "", habits: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Write the file anew; what it said stays in it. Raises MalformedCustomer, RuleBroken. [CUS-02, CUS-11]"""
        return self._do(HealthFile.write, id, call, history, family, habits)


@attrs.frozen
class Handovers(AboutCustomers[Handover]):
    """Handovers of customers between representatives. Commands raise as those of customers."""

    _cases: ClassVar = HANDOVER_CASES

    def file(self, customer: str, reason: str, entries: Mapping[str, str], **call: Unpack[OpenOptions]) -> Receipt:
        """Give a customer up, by the house's form; one open handover a customer. Raises Incomplete, Merged. [CUS-08]"""
        return self._begin(Handover.file, call, customer, reason, entries)

    def sign(self, id: str, to: str, **call: Unpack[CallOptions]) -> Receipt:
        """Agree, and name who takes over. Raises OwnRequest, RuleBroken for somebody unknown. [CUS-08]"""
        return self._do(Handover.sign, id, call, to)

    def transfer(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Change the representative, as signed. Raises Merged, Tampered, RuleBroken. [CUS-08]"""
        return self._do(Handover.transfer, id, call)

    def contact(self, id: str, said: str, **call: Unpack[CallOptions]) -> Receipt:
        """The new representative has contacted the customer. [CUS-08]"""
        return self._do(Handover.contact, id, call, said)

    def refuse(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Do not agree. Raises OwnRequest. [CUS-08]"""
        return self._do(Handover.refuse, id, call, reason)

    def withdraw(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Take the form back before it is carried out. [CUS-08]"""
        return self._do(Handover.withdraw, id, call, reason)


@attrs.frozen
class Releases(AboutCustomers[Release]):
    """Records given outside their scope, on the manager's instruction. Commands raise as those of customers."""

    _cases: ClassVar = RELEASE_CASES

    def ask(
        self, customer: str, fields: Sequence[str], to: str, why: str, until: datetime, **call: Unpack[OpenOptions]
    ) -> Receipt:
        """Ask that ``fields`` of a record may be given to ``to`` until an aware instant. Raises Merged. [CUS-10]"""
        return self._begin(Release.ask, call, customer, fields, to, why, until)

    def sign(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Instruct that it may be given. Raises OwnRequest. [CUS-10]"""
        return self._do(Release.sign, id, call)

    def refuse(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Do not instruct it. Raises OwnRequest. [CUS-10]"""
        return self._do(Release.refuse, id, call, reason)

    def revoke(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """From now on nothing is given any more. [CUS-10]"""
        return self._do(Release.revoke, id, call, reason)

    def give(self, id: str, *, by: Actor, at: datetime) -> Mapping[str, str]:
        """The fields, for who asked or whom it names; each time is on the trail. Raises RuleBroken. [CUS-10]"""
        given: list[Mapping[str, str]] = []

        def command(release: Release, actor: Actor, unit: Unit) -> Events:
            found = RecordedFiles(unit, self._house, self._fold).customer(release.customer)
            fields, events = release.give(found, actor.id, utc(at))
            given.append(fields)
            return events

        self._change("give", self._cases.action("give"), id, command, CallOptions(by=by, at=at))
        return given[-1]


@attrs.frozen
class Corrections(AboutCustomers[Correction]):
    """Reports of wrong data, and what becomes of them. Commands raise as those of customers."""

    _cases: ClassVar = CORRECTION_CASES

    def report(
        self,
        customer: str,
        field: str,
        says: str,
        should_be: str,
        asked_by: str = "",
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """Report that a field is wrong, for an office or dealer ``asked_by``. Raises MalformedCustomer. [CUS-11]"""
        return self._begin(Correction.report, call, customer, field, says, should_be, asked_by)

    def order(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Have the clerk mend it. [CUS-11]"""
        return self._do(Correction.order, id, call)

    def mend(self, id: str, profile: Profile, **call: Unpack[CallOptions]) -> Receipt:
        """Write the record anew; what it said stays in it. Raises as ``Customers.edit``, Merged. [CUS-11]"""
        return self._do(Correction.mend, id, call, profile)

    def refuse(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Leave the record as it is. [CUS-11]"""
        return self._do(Correction.refuse, id, call, reason)


@attrs.frozen
class Leads(AboutCustomers[Lead]):
    """Wishes that sales follow up. Commands raise as those of customers."""

    _cases: ClassVar = LEAD_CASES

    def note(
        self, wish: str, customer: str = "", caller: str = "", met_in: str = "", **call: Unpack[OpenOptions]
    ) -> Receipt:
        """Note a wish of a customer or a caller, heard in a case ``met_in``; sales are told. Raises Merged. [CUS-16]"""
        return self._begin(Lead.note, call, wish, customer, caller, met_in)

    def take(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Follow it up. [CUS-16]"""
        return self._do(Lead.take, id, call)

    def win(self, id: str, outcome: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer buys. [CUS-16]"""
        return self._do(Lead.win, id, call, outcome)

    def lose(self, id: str, outcome: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer does not buy. [CUS-16]"""
        return self._do(Lead.lose, id, call, outcome)

    def drop(self, id: str, outcome: str, **call: Unpack[CallOptions]) -> Receipt:
        """There is nothing to follow up. [CUS-16]"""
        return self._do(Lead.drop, id, call, outcome)


@attrs.frozen
class Vehicles(AboutCustomers[Vehicle]):
    """Customers' vehicles: no two in use have the same plate, or unit. Commands raise as those of customers."""

    _cases: ClassVar = VEHICLE_CASES

    def add(self, customer: str, data: VehicleData, **call: Unpack[OpenOptions]) -> Receipt:
        """Add a vehicle. Raises MalformedCustomer, Merged, Conflict where another in use has its key. [CUS-01]"""
        return self._begin(Vehicle.add, call, customer, data)

    def change(self, id: str, data: VehicleData, **call: Unpack[CallOptions]) -> Receipt:
        """Write anew what is known of it. Raises as :meth:`add`. [CUS-01]"""
        return self._do(Vehicle.change, id, call, data)

    def remove(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer has it no more: its key is free again. [CUS-01]"""
        return self._do(Vehicle.remove, id, call, reason)

    def at_least(self, vehicles: int, *, by: Actor) -> Mapping[str, int]:
        """Of the 200 customers with the most vehicles in use those with so many, and how many. [CUS-06]"""
        found: Tally[Any] = Tally((IN_USE.is_("in_use"),), group_by=("customer",), top=("count", 200))
        return {str(row.group[0]): row.count for row in self.tally(found, by=by) if row.count >= vehicles}


@attrs.frozen
class Connections(AboutCustomers[Connection]):
    """New customers are connected: forms, account, first contact. Commands raise as those of customers."""

    _cases: ClassVar = CONNECTION_CASES

    def receive(
        self, customer: str, region: str, registration: str, agreement: str, **call: Unpack[OpenOptions]
    ) -> Receipt:
        """Receive the forms of a new customer, by their numbers; the manager is told. Raises Merged. [CUS-15]"""
        return self._begin(Connection.receive, call, customer, region, registration, agreement)

    def order_account(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Order the account, or another secret: one that was not delivered is destroyed. [CUS-12]"""
        return self._do(Connection.order_account, id, call)

    def open_account(self, id: str, account: str, sealed: str, **call: Unpack[CallOptions]) -> Receipt:
        """The answer of the provisioning: the account's name, its secret as the host's key sealed it. [CUS-12]"""
        return self._do(Connection.open_account, id, call, account, sealed)

    def tick(self, id: str, step: Step, **call: Unpack[CallOptions]) -> Receipt:
        """A step is done; with the last one the customer is connected. Raises RuleBroken. [CUS-20]"""
        return self._do(Connection.tick, id, call, step)

    def file(self, id: str, folder: str, **call: Unpack[CallOptions]) -> Receipt:
        """File the forms, once. Raises RuleBroken. [CUS-15]"""
        return self._do(Connection.file, id, call, folder)

    def cancel(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer is not connected; a secret that was not delivered is destroyed. [CUS-20]"""
        return self._do(Connection.cancel, id, call, reason)

    def deliver(self, id: str, *, by: Actor, at: datetime) -> str:
        """Take the sealed secret, to send it: it is destroyed with that, so that it is delivered at most once.

        Who dies before it is sent orders another one. Raises RuleBroken where there is none, or none any more. [CUS-12]
        """
        taken: list[str] = []

        def command(connection: Connection, actor: Actor, unit: Unit) -> Events:
            row = unit.register(SECRETS).get((connection.id,), lock=True)
            there = row is not None and utc(at) < row.until
            require(there, r.ACCOUNT, accepted=Text("a secret that was not delivered", "尚未送达的初始密码"))
            assert row is not None  # noqa: S101 - required above
            RecordedFiles(unit, self._house, self._fold).drop_secret(connection.id)
            taken.append(row.sealed.decode())
            whose, nth = connection.customer, connection.ordered
            return (e.SecretDelivered(subject=connection.id, by=actor.id, at=utc(at), customer=whose, ordered=nth),)

        self._change("deliver", self._cases.action("deliver"), id, command, CallOptions(by=by, at=at))
        return taken[-1]

    def accounts(self, on: date, *, by: Actor) -> Mapping[str, str]:
        """The accounts opened on a day, the first 1000, each with its connection. Raises as ``find``. [CUS-12]"""
        found: Query[Connection] = Query((OPENED_ON.is_(on),), limit=1000)
        return {connection.account: connection.id for connection in self.find(found, by=by).items}


@attrs.frozen
class Worklists(AboutCustomers[Worklist]):
    """Lists of customers that the clerk selected and the manager works off. Commands raise as those of customers."""

    _cases: ClassVar = WORKLIST_CASES

    def hand(self, kind: ListKind, customers: Sequence[str], **call: Unpack[OpenOptions]) -> Receipt:
        """Hand at most 1000 customers to the manager: new ones to assign, lapsed to set apart. [CUS-09, CUS-18]"""
        return self._begin(Worklist.hand, call, kind, customers)

    def work(self, id: str, customer: str, representative: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Assign a customer of the list, or set the customer apart. Raises Merged, RuleBroken. [CUS-09, CUS-18]"""
        return self._do(Worklist.work, id, call, customer, representative)

    def skip(self, id: str, customer: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Pass over a customer of the list. Raises RuleBroken. [CUS-09]"""
        return self._do(Worklist.skip, id, call, customer, reason)
