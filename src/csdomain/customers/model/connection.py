"""A new customer is connected: forms, account, vehicles, first contact (CUS-09, CUS-12, CUS-15, CUS-20)."""

from datetime import date, datetime
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import attrs

from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.lifecycle import CONNECTION_MOVES, ConnectionMove, ConnectionState
from csdomain.customers.values import CONNECTION_ID, FIELDS, ConnectionId, Step
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.store.registers import Mode, Register

from .act import CustomerAct
from .columns import customer_of

_M, _S = ConnectionMove, ConnectionState
does_connection: Final = Commands(CONNECTION_MOVES)


@attrs.frozen(kw_only=True)
class SealedSecret:
    """An initial secret as the provisioning sealed it, until it is delivered: only the host's key opens it."""

    connection: str
    sealed: bytes = attrs.field(repr=False)
    until: datetime


#: At most one row a connection. It goes when it is delivered, lapses, is replaced, or its customer is erased.
SECRETS: Final = Register(SealedSecret, "customer_secret", Mode.DISPOSABLE, ("connection",))


@attrs.define(kw_only=True)
class Connection(Record):
    """The connection of a new customer, by ``registration`` form and ``agreement`` of a ``region``.

    ``account`` is its name on the platform; ``ordered`` counts the secrets that were ordered. ``done`` are the steps
    taken, ``folder`` where the forms are filed. It is connected when all of it is done. [CUS-12, CUS-15, CUS-20]
    """

    id: ConnectionId = attrs.field(on_setattr=attrs.setters.frozen)
    state: ConnectionState = ConnectionState.RECEIVED
    customer: str
    region: str
    registration: str
    agreement: str
    received_on: date
    account: str = ""
    opened_on: date | None = None
    ordered: int = 0
    done: tuple[Step, ...] = ()
    folder: str = ""
    number: ClassVar[str] = ""

    @staticmethod
    @does_connection.opens(_M.RECEIVE)
    def receive(
        act: CustomerAct, customer: str, region: str, registration: str, agreement: str
    ) -> tuple["Connection", Events]:
        given: dict[str, Any] = {"region": region, "registration": registration, "agreement": agreement}
        for name, value in given.items():
            FIELDS.check_id(value, name)
        whose = act.files.customer(customer)
        about = act.filed(CONNECTION_ID, whose.branch)
        if whose.owner:
            about["owner"] = whose.owner
        connection = Connection(**about, **given, customer=whose.id, received_on=_day(act))
        return connection, act.opened(connection, e.ConnectionReceived())

    @does_connection(_M.ORDER_ACCOUNT)
    def order_account(self, act: CustomerAct) -> Events:
        act.files.drop_secret(self.id)
        self.ordered += 1
        return act.done(e.AccountOrdered())

    @does_connection(_M.OPEN_ACCOUNT)
    def open_account(self, act: CustomerAct, account: str, sealed: str) -> Events:
        FIELDS.check_id(account, "account")
        FIELDS.check_text(sealed, "sealed")
        until = act.place.calendar.deadline(act.at, act.rules.sealed_for)
        act.files.put_secret(SealedSecret(connection=self.id, sealed=sealed.encode(), until=until))
        self.account, self.opened_on = account, _day(act)
        return act.done(e.AccountOpened())

    @does_connection(_M.TICK)
    def tick(self, act: CustomerAct, step: Step) -> Events:
        require(step not in self.done, r.CONNECTION, accepted=Text("a step that is open", "尚未完成的步骤"))
        self.done = (*self.done, step)
        told = act.done(e.StepTicked(step=step.value))
        if set(self.done) != set(Step):
            return told
        return (*told, *act.follows(does_connection, _M.CONNECT, e.CustomerConnected()))

    @does_connection(_M.FILE)
    def file(self, act: CustomerAct, folder: str) -> Events:
        require(not self.folder, r.PAPERS, accepted=Text("forms that are not filed", "尚未归档的表单"))
        self.folder = FIELDS.check_id(folder, "folder")
        return act.done(e.ConnectionFiled())

    def follow(self, act: CustomerAct, representative: str) -> Events:
        """What follows when somebody else represents the customer. [CUS-08]"""
        self.owner = representative
        return act.beside(does_connection, self, _M.FOLLOW, e.ConnectionFollowed())

    @does_connection(_M.CANCEL)
    def cancel(self, act: CustomerAct, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        act.files.drop_secret(self.id)
        return act.done(e.ConnectionCancelled(reason=reason))


def _day(act: CustomerAct) -> date:
    return act.at.astimezone(ZoneInfo(act.place.zone)).date()


def _waits(connection: Connection) -> str | None:
    filed = bool(connection.folder) or connection.state is _S.CANCELLED
    return None if filed and connection.state in CONNECTION_MOVES.final else f"={connection.owner}"


CONNECTION_OF: Final[Field[Connection, str]] = customer_of()
OPENED_ON: Final[Field[Connection, date]] = Field("opened_on", date, lambda c: c.opened_on)
_CONNECTION: Final[tuple[Field[Connection, Any], ...]] = (
    CONNECTION_OF,
    Field("state", str, lambda c: c.state.value),
    Field("region", str, lambda c: c.region),
    Field("received_on", date, lambda c: c.received_on),
    Field("account", str, lambda c: c.account or None, unique=True),
    OPENED_ON,
    Field("waits_for", str, _waits),
)
CONNECTIONS: Final = Kind(Connection, CONNECTION_ID, "connection", _CONNECTION, indexes=(("region", "received_on"),))
