"""The use cases of customers' records, one method each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final, TypeVar, Unpack

import attrs

from csdomain.casework.chronicle import Chronicle, Moment, timeline
from csdomain.customers import rules as r
from csdomain.customers.model.customer import BORN, CUSTOMERS, OFFERED, REGISTERED, Customer, imported
from csdomain.customers.policies import check_columns, instant_of, profile_of
from csdomain.customers.questions import finding as q
from csdomain.customers.values import CUSTOMER_ID, CUSTOMER_RULES, FIELDS, CustomerRules, MalformedCustomer, Profile
from csdomain.frame.questions import cases_of
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, InvalidValue, NotFound, NotPermitted
from csdomain.kernel.store.kinds import Comparison, Page, Query, Where
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.store.projections import Derived
from csdomain.kernel.store.registers import RowPage
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.arguments import MOST
from csdomain.kernel.values.birthdays import LeapDay, LunarCalendar, celebrants
from csdomain.kernel.values.personal import covered

from .papers import (
    CUSTOMER_CASES,
    AboutCustomers,
    Connections,
    Corrections,
    Handovers,
    HealthFiles,
    Leads,
    Releases,
    Vehicles,
    Worklists,
    put_found,
)

S = TypeVar("S", bound=AboutCustomers[Any])
Progress = Callable[[int], None]
#: A longer text is no search.
SEARCH_LONGEST: Final = 120
_LONGEST_PERIOD: Final = 62


@attrs.frozen
class RowFault:
    """A row that was refused, counted from 1, and why."""

    row: int
    error: DomainError


@attrs.frozen
class ImportReport:
    """How many customers are new, how many were there already, and the rows that were refused."""

    new: int
    there: int
    failed: tuple[RowFault, ...]


@attrs.frozen
class Customers(AboutCustomers[Customer]):
    """Customers' records, from the registration to the merging: one method a use case.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused; what else it refuses, its docstring says. Others keep a customer by the record's id.
    """

    _cases: ClassVar = CUSTOMER_CASES
    _lunar: LunarCalendar | None = attrs.field(default=None, kw_only=True)
    _chronicles: tuple[Chronicle, ...] = attrs.field(default=(), kw_only=True)
    _leap_day: LeapDay = attrs.field(default=LeapDay.FEB28, kw_only=True)

    def _beside(self, service: type[S], **ports: Any) -> S:
        return service(self._store, self._house, self._ids, authorities=self._authorities, fold=self._fold, **ports)

    @property
    def health(self) -> HealthFiles:
        """The health files, with permissions of their own (``customers.health_read``). [CUS-02]"""
        return self._beside(HealthFiles, customers=q.RecordedCustomers())

    @property
    def handovers(self) -> Handovers:
        """Handovers of customers between representatives. [CUS-08]"""
        return self._beside(Handovers)

    @property
    def releases(self) -> Releases:
        """Records given outside their scope, on the manager's instruction. [CUS-10]"""
        return self._beside(Releases)

    @property
    def corrections(self) -> Corrections:
        """Reports of wrong data. [CUS-11]"""
        return self._beside(Corrections)

    @property
    def leads(self) -> Leads:
        """Wishes that sales follow up. [CUS-16]"""
        return self._beside(Leads)

    @property
    def vehicles(self) -> Vehicles:
        """Customers' vehicles. [CUS-01]"""
        return self._beside(Vehicles)

    @property
    def connections(self) -> Connections:
        """New customers are connected: forms, account, first contact. [CUS-12, CUS-15, CUS-20]"""
        return self._beside(Connections)

    @property
    def worklists(self) -> Worklists:
        """Lists of customers for the manager to work off. [CUS-09, CUS-18]"""
        return self._beside(Worklists)

    @property
    def _further(self) -> tuple[CaseService[Any, Any], ...]:
        """The health files and the papers."""
        return (self.health, self.vehicles, *self._papers)

    @property
    def _papers(self) -> tuple[AboutCustomers[Any], ...]:
        return (self.handovers, self.releases, self.connections, self.leads, self.corrections, self.worklists)

    # --- commands
    def register(self, profile: Profile, **call: Unpack[OpenOptions]) -> Receipt:
        """Register a customer. Raises Incomplete that names every missing field, MalformedCustomer. [CUS-01]"""
        return self._begin(Customer.register, call, profile)

    def take_over(
        self,
        ref: str,
        profile: Profile,
        registered_at: datetime | None = None,
        representative: str = "",
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """Take over a customer who was ``ref`` in another system, once. Raises as :meth:`register`. [CUS-01]"""
        return self._begin(Customer.take_over, call, ref, profile, registered_at, representative)

    def import_rows(
        self, rows: Iterable[Mapping[str, str]], *, by: Actor, at: datetime, progress: Progress | None = None
    ) -> ImportReport:
        """Take over each row of a table, by a unit of work of its own: begun again, it goes on where it ended.

        Columns are ``ref``, the names of fields, ``extra.<name>``, ``registered_at``, ``representative``. A row that is
        refused is named by its number, from 1, and the others go on; one whose ``ref`` is there stays as it is. Rows
        come as a stream (``csv.DictReader``); a list holds at most 1000. Raises
        MalformedCustomer for columns that there are not, NotPermitted. [CUS-01]
        """
        new, there, failed = 0, 0, list[RowFault]()
        for number, row in enumerate(rows, 1):
            if number == 1:
                check_columns(tuple(row), self._rules)
            try:
                if self._is_there(row["ref"]):
                    there += 1
                    continue
                since = row.get("registered_at") or None
                registered = None if since is None else instant_of(since, self._house.zone(by.branch))
                self.take_over(row["ref"], profile_of(row), registered, row.get("representative", ""), by=by, at=at)
            except NotPermitted:
                raise
            except DomainError as error:
                failed.append(RowFault(number, error))
            else:
                new += 1
            if progress is not None:
                progress(1)
        return ImportReport(new, there, tuple(failed))

    def _is_there(self, ref: str) -> bool:
        id = imported(ref)
        return self._store.look(lambda unit: unit.session.fetch(CUSTOMERS, id, lock=False)) is not None

    def edit(self, id: str, profile: Profile, **call: Unpack[CallOptions]) -> Receipt:
        """Replace the profile; what changed fields said stays. Raises as :meth:`register`, RuleBroken. [CUS-11]"""
        return self._do(Customer.edit, id, call, profile)

    def issue_file_number(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Issue the file number, once. Raises RuleBroken. [CUS-03]"""
        return self._do(Customer.issue_file_number, id, call)

    def assign(self, id: str, representative: str, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Give the customer another representative, who works in the branch, from ``at`` on. [CUS-08]"""
        return self._do(Customer.assign, id, call, representative, reason)

    def offer(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Release the customer to the pool; the representative stays until another takes over. [CUS-08]"""
        return self._do(Customer.offer, id, call, reason)

    def claim(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Take a customer from the pool: ``by`` represents the customer from ``at`` on. Raises RuleBroken. [CUS-08]"""
        return self._do(Customer.claim, id, call)

    def set_apart(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Take a lapsed customer off the active list. [CUS-18]"""
        return self._do(Customer.set_apart, id, call)

    def lose(self, id: str, code: str, why: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Record that the customer left, by a code of the house. Raises MalformedCustomer. [CUS-14]"""
        return self._do(Customer.lose, id, call, code, why)

    def rejoin(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer is active again. [CUS-18]"""
        return self._do(Customer.rejoin, id, call)

    def grade(self, id: str, grade: str, **call: Unpack[CallOptions]) -> Receipt:
        """Grade an active customer for the month of ``at``. Raises MalformedCustomer. [CUS-07]"""
        return self._do(Customer.assess, id, call, grade)

    def note_intention(self, id: str, intention: str, **call: Unpack[CallOptions]) -> Receipt:
        """Class the customer's intention. Raises MalformedCustomer. [CUS-19]"""
        return self._do(Customer.note_intention, id, call, intention)

    def merge(self, id: str, into: str, **call: Unpack[CallOptions]) -> Receipt:
        """Let the record point to that of the same person; nothing else changes. Raises Merged, RuleBroken. [CUS-13]"""
        return self._do(Customer.merge, id, call, into)

    def split(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Take the pointer back: the record stands for itself, in the state in which it was merged. [CUS-13]"""
        return self._do(Customer.split, id, call)

    # --- questions
    def registered(self, since: datetime, until: datetime, *, by: Actor) -> Sequence[Customer]:
        """The customers registered from ``since`` up to, and without, ``until``: the first 1000. [CUS-06, CUS-09]"""
        wanted = (REGISTERED.at_least(utc(since)), REGISTERED.below(utc(until)))
        return self.find(Query(wanted, order_by="registered_at", limit=MOST), by=by).items

    def birthdays(self, since: date, until: date, *, by: Actor) -> Sequence[Customer]:
        """The customers with a birthday from ``since`` to ``until``, both included, each by the calendar of the birth:
        the first 1000. 29 February is celebrated in other years as ``[messages] leap_day`` says, on the 28th where the
        house has no messages. Lunar ones are found where the extra ``lunar`` is installed. Raises MalformedCustomer for
        more than 62 days, BeyondLunarYears. [CUS-06]"""
        days = (until - since).days + 1
        if not 0 < days <= _LONGEST_PERIOD:
            raise MalformedCustomer(r.LISTS, field="until", accepted=Text("1 to 62 days", "1 到 62 天"))
        of = (celebrants(since + timedelta(n), self._leap_day, self._lunar) for n in range(days))
        keys = sorted(frozenset[str]().union(*of))
        return self.find(Query((BORN.among(keys),), limit=MOST), by=by).items

    def pool(self, query: Query[Customer] = Query(), *, by: Actor) -> Page[Customer]:  # noqa: B008 - frozen
        """One page of the customers that were released to the pool. Raises as ``find``. [CUS-08]"""
        return self.find(attrs.evolve(query, where=(*query.where, OFFERED.present())), by=by)

    def waiting(self, *, by: Actor) -> Sequence[Any]:
        """The open papers that wait for ``by``, as a person or by a position, of those that ``by`` may read: of each
        kind the first 200. [CUS-08]"""
        names, who = (f"={by.id}", *sorted(by.positions)), self._house.resolve(by)
        query: Query[Any] = Query((Where("waits_for", Comparison.AMONG, names),))
        papers = (each for each in self._papers if cases_of(each).read in who.grants)
        return [paper for each in papers for paper in each.find(query, by=by).items]

    def search(self, text: str, *, by: Actor, limit: int = 20) -> Sequence[q.Hit]:
        """The customers that ``by`` may read and that any one field finds, whole or in part, the best match first.

        ``text`` is part of a name (also in pinyin), phone, address, e-mail, card or file number, remark, or of a field
        of the house's own. Raises MalformedCustomer for an empty or a long one, NotPermitted. [CUS-04]
        """
        FIELDS.check_text(text, "text", SEARCH_LONGEST)

        def work(unit: Unit, actor: Actor) -> Sequence[q.Hit]:
            scope = self._scope(actor)
            return tuple(q.search(unit, text, self._fold, self._rules, scope, self._reads(actor), limit))

        return self._read(work, by)

    def likely_duplicates(self, id: str, *, by: Actor) -> Sequence[Customer]:
        """Records that ``by`` may read and that may be the same person's. Raises NotFound, NotPermitted. [CUS-13]"""

        def work(unit: Unit, actor: Actor) -> Sequence[Customer]:
            customer, _ = self._found(unit, id, actor)
            return q.likely_duplicates(unit, customer, self._fold, self._rules, self._scope(actor), self._reads(actor))

        return self._read(work, by, id)

    def family(self, id: str, *, by: Actor) -> Sequence[Customer]:
        """Every record of the person whose record ``id`` is, the living one first. Raises NotFound, NotPermitted.
        [CUS-13]"""

        def work(unit: Unit, actor: Actor) -> Sequence[Customer]:
            self._found(unit, id, actor)
            reads = self._reads(actor)
            members = (each for each in q.family(unit, id) if reads(each))
            return tuple(covered(each) if self._is_masked(each, actor) else each for each in members)

        return self._read(work, by, id)

    def timeline(
        self, id: str, *, by: Actor, limit: int = 50, after: tuple[datetime, str] | None = None
    ) -> RowPage[Moment]:
        """What happened to the customer in every context, the newest first, a page at a time.

        ``after`` is the ``next`` of the page before. Merged records have one timeline. What ``by`` may not read, or
        would see masked, is left out, so that a page may be shorter. Raises NotFound, NotPermitted, MalformedQuery,
        NaiveTime. [CUS-05]
        """

        def work(unit: Unit, actor: Actor) -> RowPage[Moment]:
            _, who = self._found(unit, id, actor)
            reads, currency = self._reads(actor), self._house.organisation.currency
            theirs = [each.id for each in q.family(unit, id) if reads(each) and not self._is_masked(each, who)]
            return timeline(unit, self._chronicles, theirs, actor, currency, limit=limit, after=after)

        return self._read(work, by, id)

    def ids_of(self, id: str) -> tuple[str, ...]:
        """Every id under which others may keep the customer, ``id`` first: several where records were merged.

        ``id`` alone where the house has no such record. It tells nothing else, and no actor asks it. [CUS-13]
        """
        try:
            found = self._store.look(lambda unit: q.family(unit, CUSTOMER_ID.check(id)))
        except (NotFound, InvalidValue):
            return (id,)
        return tuple(dict.fromkeys((id, *(each.id for each in found))))

    # --- how it is kept
    @property
    def _derived(self) -> tuple[Derived[Any], ...]:
        """What customers are found by."""
        return (Derived(CUSTOMERS, q.TERMS, lambda case, _: q.rows_of(case, self._rules, self._fold), "customer"),)

    @property
    def _rules(self) -> CustomerRules:
        return self._house.rulebook[CUSTOMER_RULES]

    def _reads(self, actor: Actor) -> Callable[[Customer], bool]:
        read, each = self._cases.read, (actor, *actor.others)

        def reads(customer: Customer) -> bool:
            owners, branches = CUSTOMERS.owned_by(customer), CUSTOMERS.branches_of(customer)
            return any(one.reaches(read, owners, branches) for one in each)

        return reads

    def _keep(self, unit: Unit, case: Customer, events: Sequence[Event], *, new: bool = False) -> None:
        (super()._keep)(unit, case, events, new=new)
        put_found(unit, case, tuple(events), self._rules, self._fold, new=new)
