"""The desk: everything put together over one store. ``csdomain.open`` makes one (the composition root)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar, cast

from csdomain.contexts import HOUSE, LOCK_ORDER, context, contexts
from csdomain.contexts import kinds as kinds
from csdomain.contexts import lifecycles as lifecycles
from csdomain.contexts import pinnings as pinnings
from csdomain.contexts import projections as projections
from csdomain.contexts import sections as sections
from csdomain.contexts import stored as stored
from csdomain.flows import CONSEQUENCES, SOURCES
from csdomain.frame.contexts import Context, timer_handlers
from csdomain.frame.customers import AnyCustomer, CustomerBook
from csdomain.frame.service import CaseService, derived_of, with_further
from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.cases.delivery import RelayPolicy
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import MissingBackend, NotFound, RuleBroken, typed_in
from csdomain.kernel.store.at_once import AtOnce, Following
from csdomain.kernel.store.consequences import (
    Consequence,
    ConsequenceReport,
    Parked,
    begin,
    carry_out,
    parked,
    run_again,
)
from csdomain.kernel.store.health import Health, health
from csdomain.kernel.store.jobs import Job
from csdomain.kernel.store.kinds import ColumnValue
from csdomain.kernel.store.locks import LockRanks
from csdomain.kernel.store.planning import PlanReport, Source, plan
from csdomain.kernel.store.ports import AuditRecord, Clock, Notifier, Observer, OpenStore, Store, TimerHandler, Unit
from csdomain.kernel.store.projections import Derived, RebuildReport, by_event, rebuild, unfinished
from csdomain.kernel.store.projections import begin as begin_projections
from csdomain.kernel.store.relaying import RelayReport, due, relay
from csdomain.kernel.store.sweeping import BATCH, Progress, SweepReport, follow, recount_published, sweep
from csdomain.kernel.store.unit import EVENT, Backstage, Joined, StandardUnit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.arguments import WrongArgument, unexpected_keyword
from csdomain.kernel.values.ids import IdSource
from csdomain.opening import STORES as STORES
from csdomain.opening import adapter as adapter
from csdomain.opening import house_of as house_of
from csdomain.opening import load_rulebook as load_rulebook
from csdomain.opening import scheme as scheme
from csdomain.opening import shipped as shipped
from csdomain.opening import shipped_names as shipped_names
from csdomain.opening import store_to_read as store_to_read
from csdomain.opening import stored_rulebook as stored_rulebook
from csdomain.rulebook import (
    House,
    Rulebook,
    RulebookDiff,
    RunningCases,
    RunningPage,
    Touched,
    Unpublished,
    running,
    running_page,
    touched,
)

if TYPE_CHECKING:
    from csdomain.complaints.service import Complaints
    from csdomain.customers.service import Customers
    from csdomain.flows.erase_customer import ErasureReport
    from csdomain.flows.rebase_cases import RebaseReport
    from csdomain.frame.descriptions import Description
    from csdomain.inventory.service import Inventory
    from csdomain.kernel.store.verify import Checkpoint, Verification
    from csdomain.messaging.service import Messages
    from csdomain.orders.ports import Supplies
    from csdomain.orders.service import Orders
    from csdomain.payments.service import Payments
    from csdomain.renewals.service import Renewals
    from csdomain.reporting.whatif_report import ChangedCase, WhatIfReport
    from csdomain.service_desk.service import ServiceDesk
    from csdomain.staff.service import Staff

R = TypeVar("R")
V = TypeVar("V")
NOTIFIERS: Final = "csdomain.notifiers"
FOLDS: Final = "csdomain.folds"
LUNAR: Final = "csdomain.lunar"
#: The word for a dry run of the relay, where the name of a notifier stands.
PRINT: Final = "print"


class Services:
    """The contexts over one store-shaped thing: a store, or a unit that is open already."""

    def __init__(self, store: Store, house: House, ids: IdSource) -> None:
        self._store = store
        self.house = house
        self._ids = ids

    def of(self, context: Context[V], **ports: Any) -> V:
        """The service of a context, with the ports that it needs: the house's own are properties as well."""
        return context.service(self._store, self.house, self._ids, **ports)

    @cached_property
    def complaints(self) -> "Complaints":
        """Complaints (CMP)."""
        from csdomain.complaints.context import CONTEXT
        from csdomain.flows.ask_who_decides import RecordedAuthorities

        return self.of(CONTEXT, authorities=RecordedAuthorities(), customers=self._known_customers)

    def running(self, ref: str | None = None) -> tuple[RunningCases, ...]:
        """How many cases run under which rulebook, by kind and state; under ``ref`` alone where given (KRN-01).

        It is a question about the operation, like :meth:`Desk.sweep`: no actor asks it, the host says who may see it.
        """
        return self._store.look(lambda unit: running(unit, pinnings(), ref))

    def running_page(
        self, kind: str, ref: str | None = None, *, after: tuple[ColumnValue, str] | None = None, limit: int = 200
    ) -> RunningPage:
        """One page of the ids of the running cases of a kind (``complaint``). Raises NotFound, MalformedQuery."""
        known = {pinning.name: pinning for pinning in pinnings()}
        if kind not in known:
            names = ", ".join(sorted(known)) or "-"
            raise NotFound(kind=kind, accepted=Text(names, names))
        return self._store.look(lambda unit: running_page(unit, known[kind], ref, after=after, limit=limit))

    def touched(self, diff: RulebookDiff) -> Touched:
        """The running cases that a change of house rules touches: at once, or once they are rebased (KRN-01)."""
        return self._store.look(lambda unit: touched(unit, pinnings(), diff))

    @cached_property
    def messages(self) -> "Messages":
        """Messages (MSG): what waits, what was given up, what customers want to hear, campaigns."""
        from csdomain.flows.run_campaigns import audiences_of
        from csdomain.messaging.context import CONTEXT

        return self.of(CONTEXT, customers=self._known_customers, audiences=audiences_of(self.house))

    def rebase(self, ref: str, *, by: Actor, at: datetime, progress: Progress | None = None) -> "RebaseReport":
        """Move the cases that run under the rulebook ``ref`` to the current one, on purpose and audited (KRN-01)."""
        from csdomain.flows.rebase_cases import rebase_cases

        return rebase_cases(self.case_services, ref, by=by, at=at, progress=progress)

    @cached_property
    def orders(self) -> "Orders":
        """Product orders (ORD)."""
        from csdomain.flows.supply_orders import supplies_of

        return self.orders_from(supplies_of(self.house, self._ids))

    def orders_from(self, supplies: "Callable[[Unit], Supplies]") -> "Orders":
        """Product orders (ORD) that are sent from a stock of the host's own, by the unit of work."""
        from csdomain.flows.bill_orders import bills_of
        from csdomain.orders.context import CONTEXT

        billing = bills_of(self.house, self._ids)
        return self.of(CONTEXT, supplies=supplies, billing=billing, customers=self._known_customers)

    @cached_property
    def payments(self) -> "Payments":
        """Payments, and the bills that they are for (SVC-05, REN-06, REN-12, REN-13)."""
        from csdomain.payments.context import CONTEXT

        return self.of(CONTEXT, customers=self._known_customers)

    @cached_property
    def renewals(self) -> "Renewals":
        """Renewals, and the contracts that are renewed (REN)."""
        from csdomain.flows.bill_renewals import bills_of
        from csdomain.renewals.context import CONTEXT

        return self.of(CONTEXT, billing=bills_of(self.house, self._ids), customers=self._known_customers)

    @cached_property
    def service_desk(self) -> "ServiceDesk":
        """Service orders, the register and its vouchers, free trials (SVC)."""
        from csdomain.flows.ask_who_decides import RecordedAuthorities
        from csdomain.flows.charge_jobs import cover_of, till_of
        from csdomain.service_desk.context import CONTEXT

        ports = {"till": till_of(self.house, self._ids), "cover": cover_of(self.house)}
        return self.of(CONTEXT, authorities=RecordedAuthorities(), customers=self._known_customers, **ports)

    @cached_property
    def customers(self) -> "Customers":
        """Customers (CUS). With the extra ``find`` they are found by pinyin and in either script as well."""
        from csdomain.casework.chronicle import Chronicle
        from csdomain.customers.context import CONTEXT
        from csdomain.customers.ports import AsWritten
        from csdomain.flows.ask_who_decides import RecordedAuthorities

        fold, lunar = _extra(FOLDS, "find") or AsWritten(), _extra(LUNAR, "lunar")
        lines = tuple(one for one in projections(self.house.rulebook.parts) if isinstance(one, Chronicle))
        ports: dict[str, Any] = {
            "authorities": RecordedAuthorities(),
            "fold": fold,
            "lunar": lunar,
            "chronicles": lines,
        }
        if "messages" in self.house.rulebook.parts:
            from csdomain.messaging.values import MESSAGE_RULES

            ports["leap_day"] = self.house.rulebook[MESSAGE_RULES].leap_day  # the day on which they are greeted
        return self.of(CONTEXT, **ports)

    @cached_property
    def staff(self) -> "Staff":
        """Staff and delegations (PPL-01, KRN-08)."""
        from csdomain.staff.context import CONTEXT

        return self.of(CONTEXT)

    @cached_property
    def inventory(self) -> "Inventory":
        """The stock and its papers (INV)."""
        from csdomain.inventory.context import CONTEXT

        return self.of(CONTEXT)

    @property
    def case_services(self) -> tuple[CaseService[Any, Any], ...]:
        """The services of the contexts that the rulebook takes and whose cases keep their rulebook and hold something
        about people: each is rebased, erased and exported with the others."""
        found = (self.service(one.name) for one in contexts(self.house.rulebook.parts) if one.cases)
        return tuple(each for service in found for each in with_further(service))

    def service(self, name: str) -> Any:
        """The service of a context by the context's name. Raises KeyError where no such context is installed."""
        return getattr(self, name) if hasattr(type(self), name) else self.of(context(name))

    def describe(self) -> "Description":
        """The domain as data: every context that is installed, its cases, commands, permissions, events and settings.

        Settings have the values of the house's rulebook. ``csdomain.as_data`` makes JSON of it.
        """
        from csdomain.frame.describe import describe

        return describe(contexts(), self.house.rulebook)

    def erase_customer(
        self, customer: str, *, by: Actor, at: datetime, progress: Progress | None = None
    ) -> "ErasureReport":
        """Erase everything about a customer, restrict what law demands to keep; begun again, it goes on (KRN-14)."""
        from csdomain.flows.erase_customer import erase_customer, require_none_left_off

        ids = self._ids_of(customer)
        for id in ids:
            require_none_left_off(self._store, self.house, contexts(HOUSE), id)
        return erase_customer(self.case_services, ids, by=by, at=at, progress=progress)

    def export_customer(self, customer: str, *, by: Actor, at: datetime) -> dict[str, Any]:
        """Everything about a customer as plain data, in clear, for the customer; noted on the trails (KRN-14)."""
        from csdomain.flows.erase_customer import require_none_left_off
        from csdomain.flows.export_customer import export_customer

        ids = self._ids_of(customer)
        for id in ids:
            require_none_left_off(self._store, self.house, contexts(HOUSE), id)
        return export_customer(self.case_services, ids, by=by, at=at)

    @property
    def _known_customers(self) -> CustomerBook:
        if "customers" not in self.house.rulebook.parts:
            return AnyCustomer()
        from csdomain.customers.questions.finding import RecordedCustomers

        return RecordedCustomers()

    def _ids_of(self, customer: str) -> tuple[str, ...]:
        return self.customers.ids_of(customer) if "customers" in self.house.rulebook.parts else (customer,)

    def together(self, work: Callable[["Services"], R]) -> R:
        """One unit of work over several use cases: all of it happens, or none."""

        def joined(unit: Unit) -> R:
            return work(Services(Joined(cast("StandardUnit", unit)), self.house, self._ids))

        return self._store.run(joined)


class Desk(Services):
    """A customer-service desk: the contexts as attributes, and the jobs that run beside them.

    Use it as a context manager, or :meth:`close` it. Two desks in one process do not know of each other.
    """

    def __init__(
        self,
        url: str,
        house: House,
        *,
        clock: Clock,
        ids: IdSource,
        observer: Observer | None = None,
        handlers: Mapping[str, TimerHandler] | None = None,
        options: Mapping[str, object] | None = None,
        strict_locks: bool = False,
        following: Following = Following.BY_JOB,
    ) -> None:
        ruled = contexts(house.rulebook.parts)
        fired = {**timer_handlers(ruled, house), **(handlers or {})}
        self._projections = projections(house.rulebook.parts)
        locks, rows = LockRanks(LOCK_ORDER, strict=strict_locks), by_event(self._projections)
        backstage = Backstage(house.calendar, ids, fired, observer, locks, rows)
        kept = stored(house.rulebook.parts)
        self.store: OpenStore = adapter(STORES, scheme(url))(url, kept, backstage, options or {})
        self.clock = clock
        at_once = AtOnce(self.store, lambda: self.consequences, clock)
        super().__init__(at_once if following is Following.AT_ONCE else self.store, house, ids)
        self._consequences = _of(ruled, CONSEQUENCES, "consequence")
        self._sources = _of(ruled, SOURCES, "source")
        getattr(self.store, "opening", self.store.run)(self._begin)

    def _begin(self, unit: Unit) -> None:
        self.house.remember(unit)
        begin(unit, self._consequences)
        begin_projections(unit, self._projections)

    @cached_property
    def consequences(self) -> tuple[Consequence, ...]:
        """What follows elsewhere from events, of the contexts that the rulebook takes (D20)."""
        return tuple(make(self.house) for make in self._consequences.values())

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """What comes due by the calendar, of the contexts that the rulebook takes (D21)."""
        found = tuple(make(self.house) for make in self._sources.values())
        if "customers" not in self.house.rulebook.parts:
            return found
        if "messages" in self.house.rulebook.parts:
            from csdomain.flows import greet_customers

            found = (*found, *greet_customers.sources(self.house, _extra(LUNAR, "lunar")))
        from csdomain.flows import retain_customers

        kept = [case for one in contexts(self.house.rulebook.parts) for case in one.cases]
        return (*found, retain_customers.source(self.house, kept))

    def actor(self, id: str, *, branch: str, positions: tuple[str, ...] | frozenset[str]) -> Actor:
        """Someone who acts: the host's id for them, the branch, and the positions held.

        Raises UnknownPosition; MalformedActor, also for a branch that the rulebook lists in other letters (``HQ`` for
        ``hq``); one that it does not list is the organisation's. [KRN-13]
        """
        return self.house.actor(id, branch, positions)

    def calendar(self, name: str) -> WorkCalendar:
        """A working calendar of the house by name."""
        return self.house.calendar(name)

    def sweep(
        self, until: datetime | None = None, *, batch: int = BATCH, progress: Progress | None = None
    ) -> SweepReport:
        """Fire the timers that are due up to ``until`` (now). Any number of processes may do it at once (KRN-06).

        Where the holidays of a year have become known, provisional deadlines are counted anew first (KRN-04).
        """
        until = until or self.clock.now()
        recount_published(self._store, self.house.calendars, until)
        return sweep(self._store, until, batch=batch, progress=progress)

    def unpublished(self, at: datetime | None = None) -> tuple[Unpublished, ...]:
        """The calendars and years up to 60 days after ``at`` (now) whose holidays are not known (KRN-04)."""
        return self.house.unpublished(at or self.clock.now())

    def relay(
        self,
        notifier: Notifier | str,
        *,
        policy: RelayPolicy = RelayPolicy(),  # noqa: B008 - frozen
        progress: Progress | None = None,
    ) -> RelayReport:
        """Send the messages that are due, by a notifier or by the name of one that is installed (MSG-09, KRN-11).

        ``print`` is a dry run: the report has the messages that are due (the first 1000), and nothing is marked.
        """
        if notifier == PRINT:
            return RelayReport(due=tuple(due(self.store, self.clock.now(), BATCH * 10)))
        deliver = adapter(NOTIFIERS, notifier)() if isinstance(notifier, str) else notifier
        return relay(self._store, deliver, self.clock, policy=policy, progress=progress)

    def plan(self, *, progress: Progress | None = None) -> PlanReport:
        """Carry out what has come due by the calendar since the last call, each once (D21).

        Any number of processes may do it at once. On a store that it is new to, it begins at the present instant.
        """
        worker = self._ids.new(EVENT)
        return plan(self._store, self.sources, self.clock, worker=worker, progress=progress)

    def carry_out(self, *, progress: Progress | None = None) -> ConsequenceReport:
        """Bring about what follows elsewhere from the events since the last call, exactly once and in order (D20)."""
        return carry_out(self.store, self.consequences, self.clock, progress=progress)

    def parked(self, *, limit: int = BATCH) -> tuple[Parked, ...]:
        """The events that consequences gave up after they had refused several times, oldest first."""
        return parked(self.store, limit=limit)

    def run_again(self, consequence: str, event: str) -> None:
        """Carry out a parked event, after what kept it from being done was put right. Raises NotFound, and what the
        consequence raises."""
        run_again(self._store, self.consequences, consequence, event, self.clock)

    @property
    def _derived(self) -> dict[str, Derived[Any]]:
        services = (self.service(one.name) for one in contexts(self.house.rulebook.parts) if one.cases)
        found = [*(one.derived for one in self._projections), *(d for each in services for d in derived_of(each))]
        return {one.name: one for one in found}

    def rebuild(self, name: str = "", *, progress: Progress | None = None) -> tuple[RebuildReport, ...]:
        """Make rows that follow from what is stored again: what is missing is added, what is wrong is dropped (D20).

        ``name`` is that of their register (``chronicle``), or with a kind (``chronicle.complaint``); empty for all. It
        works beside all else, in small units of work, and goes on where one that was cut short ended; ``progress`` is
        told of each how many cases more. Raises NotFound that names what there is.
        """
        known = self._derived
        wanted = [one for one in known.values() if name in ("", one.name, one.register.table)]
        if not wanted:
            names = ", ".join(known)
            raise NotFound(kind="projection", name=name, accepted=Text(names, names))
        return tuple(rebuild(self.store, one, progress=progress) for one in wanted)

    def _go_on_rebuilding(self, progress: Progress) -> None:
        """Make the rows that are not made yet: those of projections that came with a release, and of a rebuild that was
        cut short."""
        known = self._derived
        for name in self.store.look(unfinished):
            if name in known:
                rebuild(self.store, known[name], anew=False, progress=progress)

    def jobs(self, notifier: Notifier | str | None = None) -> tuple[Job, ...]:
        """The work that comes back: for an engine, such as ``csdomain work`` or a blueprint of procrastinate (D23).

        Without a ``notifier`` no messages leave.
        """
        found = [
            Job("sweep", timedelta(seconds=10), lambda told: self.sweep(progress=told)),
            Job("consequences", timedelta(seconds=2), lambda told: self.carry_out(progress=told)),
            Job("plan", timedelta(minutes=1), lambda told: self.plan(progress=told)),
            Job("rebuild", timedelta(minutes=1), self._go_on_rebuilding),
        ]
        if notifier is not None:
            found.append(Job("relay", timedelta(seconds=2), lambda told: self.relay(notifier, progress=told)))
        return tuple(found)

    def health(self) -> Health:
        """How the work beside the use cases fares: what is overdue since when, what was given up (D23)."""
        return health_of(self.store, self.house, self.clock.now())

    def keep_refusal(self, refused: RuleBroken) -> None:
        """Put on the audit what was refused inside a transaction of the host's own, after it (KRN-11, KRN-13).

        Everywhere else a refusal is on the audit already, and nothing is written.
        """
        refusal = refused.refusal
        if refusal is not None:
            self.store.run(lambda unit: unit.session.add_refusal(refusal))

    def follow(self, consumer: str, handle: Callable[[AuditRecord], object]) -> int:
        """Give ``consumer`` every event since the last call, in order, at least once; how many (KRN-11)."""
        return follow(self.store, consumer, handle)

    def verify(
        self, checkpoint: "Checkpoint | None" = None, *, key: bytes = b"", progress: Progress | None = None
    ) -> "Verification":
        """Read the whole store and name what is not what its trail says; nothing is written. [KRN-11]

        With a ``checkpoint`` and the ``key`` that signed it, also whether events that it knew are gone. Like
        :meth:`sweep` it asks about the operation: no actor, the host says who may see it. Raises CheckpointInvalid.
        """
        from csdomain.kernel.store.verify import verify

        return verify(self.store, kinds(), checkpoint=checkpoint, key=key, progress=progress)

    def checkpoint(self, key: bytes, *, progress: Progress | None = None) -> "Checkpoint":
        """A signed head of the trail, to be kept where who changes the database cannot reach it. [KRN-11]

        ``key`` is the host's, at least 16 bytes. Raises Untrustworthy where the store does not verify,
        CheckpointInvalid.
        """
        from csdomain.kernel.store.verify import make_checkpoint

        return make_checkpoint(self.store, kinds(), key, self.clock.now(), progress=progress)

    def what_if(
        self,
        rulebook: str | Path | Rulebook,
        *,
        on_change: "Callable[[ChangedCase], object] | None" = None,
        progress: Progress | None = None,
    ) -> "WhatIfReport":
        """What another rulebook would have made of every complaint closed so far; nothing is written. [KRN-01]

        Like :meth:`sweep` it asks about the operation: no actor, the host says who may see it.

        Raises RulebookInvalid, NotFound, CurrencyMismatch.
        """
        from csdomain.reporting.whatif import what_if

        house = self.house.under(load_rulebook(rulebook))
        return what_if(self.store, house, on_change=on_change, progress=progress)

    def forget_keys(self, before: datetime) -> int:
        """Forget idempotency keys used before an instant; how many. The host chooses how long to keep them (D10)."""
        return self.store.run(lambda unit: unit.session.forget_keys(before))

    def within(self, connection: Any) -> Services:
        """The contexts in a transaction that the host began on ``connection`` and will end (design decision D11)."""
        return self.over(self.store.within(connection))

    def over(self, store: Store) -> Services:
        """The contexts over another store-shaped thing: for an adapter that puts something of its own around one."""
        return Services(store, self.house, self._ids)

    def close(self) -> None:
        """Give back what the store holds."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def health_of(store: Store, house: House, at: datetime) -> Health:
    """What :meth:`Desk.health` says, of a store that is only read, such as :func:`store_to_read` opens."""
    names = _of(contexts(house.rulebook.parts), CONSEQUENCES, "consequence")
    return health(store, names, at, [f"{one.calendar} {one.year}" for one in house.unpublished(at)])


def _of(
    ruled: Iterable[Context[Any]], flows: Mapping[str, tuple[str, tuple[str, ...]]], what: str
) -> dict[str, Callable[[House], Any]]:
    """By name, what makes the consequences or sources of these contexts and of the flows between them. No flow is
    imported before it is used."""
    contexts = {one.name: one for one in ruled}

    def make(module: str, house: House) -> Any:
        return getattr(import_module(module), what)(house)

    found = {name: partial(make, module) for name, (module, about) in flows.items() if contexts.keys() >= set(about)}
    own = (getattr(one, f"{what}s") for one in contexts.values())
    return {**found, **{name: maker for makers in own for name, maker in makers.items()}}


def _extra(group: str, name: str) -> Any:
    """What an extra brings, made; None where it is not installed."""
    try:
        return adapter(group, name)()
    except MissingBackend:
        return None


_OPEN: Final = ("rulebook", "clock", "ids", "holidays", "observer", "handlers", "strict_locks", "consequences")


def open(
    url: str,
    rulebook: str | Path | Rulebook = "after_sales",
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    holidays: Mapping[str, Holidays] | None = None,
    observer: Observer | None = None,
    handlers: Mapping[str, TimerHandler] | None = None,
    strict_locks: bool = False,
    consequences: Literal["by_job", "at_once"] = "by_job",
    **options: object,
) -> Desk:
    """A desk over the store at ``url``, by the house rules of ``rulebook``.

    ``url``: ``memory:``, ``sqlite:///desk.db``, ``postgresql+psycopg://host/database``. ``holidays`` are public
    holidays by the name that calendars use for them, before those that are installed. ``observer`` is told of every
    unit of work; ``handlers`` are further handlers of timers by rule. ``strict_locks`` is for tests: a unit that locks
    records out of order raises :class:`~csdomain.kernel.store.locks.LockOrder`, which otherwise is logged.
    ``consequences`` are carried out by a job (:meth:`Desk.carry_out`), or ``at_once``, in the call whose commit caused
    them: for hosts of one process without a worker. ``options`` go to the store.

    Raises WrongArgument, MissingBackend, RulebookInvalid, NotFound, TypeError for an option that the store does not
    take, and what the store raises.
    """
    for name in options:
        if get_close_matches(name, _OPEN, 1, 0.75):
            raise unexpected_keyword("csdomain.open", name, _OPEN)
    if consequences not in (names := [each.value for each in Following]):
        accepted = Text(" | ".join(names), " | ".join(names))
        raise WrongArgument(field="consequences", given=typed_in(consequences), accepted=accepted)
    house = house_of(rulebook, holidays)
    if clock is None or ids is None:
        system = adapter("csdomain.system", "system")()
        clock, ids = clock or system.clock, ids or system.ids
    more: dict[str, Any] = {"handlers": handlers, "options": options, "strict_locks": strict_locks}
    more["following"] = Following(consequences)
    return Desk(url, house, clock=clock, ids=ids, observer=observer, **more)
