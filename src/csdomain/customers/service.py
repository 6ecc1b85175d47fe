"""The use cases of customers, one method each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Unpack

import attrs

from csdomain.casework.chronicle import Chronicle, Moment, timeline
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.cases.events import Event
from csdomain.kernel.rules.errors import InvalidValue, NotFound
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.store.projections import Derived
from csdomain.kernel.store.registers import RowPage
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.personal import covered

from .effects import EFFECTS, HEALTH_EFFECTS
from .model import CUSTOMERS, HEALTH_FILES, ITSELF, OF_CUSTOMER, Customer, CustomerAct, HealthFile, does, does_health
from .ports import Fold
from .questions import finding as q
from .values import CUSTOMER_ID, CUSTOMER_RULES, FIELDS, CustomerRules, Profile

#: A longer text is no search.
SEARCH_LONGEST: Final = 120
CUSTOMER_CASES: Final = CaseType(
    CUSTOMERS,
    does,
    EFFECTS,
    keeping=Keeping("customer", ITSELF, lambda rules: rules.hold_reasons, ((q.TERMS, "customer"),)),
)
HEALTH_CASES: Final = CaseType(
    HEALTH_FILES,
    does_health,
    HEALTH_EFFECTS,
    keeping=Keeping("health_file", OF_CUSTOMER, lambda rules: rules.hold_reasons),
    prefix="health_",
)


@attrs.frozen
class HealthFiles(CaseService[HealthFile, CustomerAct]):
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
class Customers(CaseService[Customer, CustomerAct]):
    """Customers' records, from the registration to the merging: one method a use case.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused; what else it refuses, its docstring says. Others keep a customer by the record's id.
    """

    _cases: ClassVar = CUSTOMER_CASES
    _fold: Fold
    _chronicles: tuple[Chronicle, ...] = ()

    @property
    def health(self) -> HealthFiles:
        """The health files, with permissions of their own (``customers.health_read``). [CUS-02]"""
        return HealthFiles(self._store, self._house, self._ids, customers=q.RecordedCustomers())

    @property
    def _further(self) -> tuple[CaseService[Any, Any], ...]:
        """The health files."""
        return (self.health,)

    # --- commands
    def register(self, profile: Profile, **call: Unpack[OpenOptions]) -> Receipt:
        """Register a customer. Raises Incomplete that names every missing field, MalformedCustomer. [CUS-01]"""
        return self._begin(Customer.register, call, profile)

    def edit(self, id: str, profile: Profile, **call: Unpack[CallOptions]) -> Receipt:
        """Replace the profile; what changed fields said stays. Raises as :meth:`register`, RuleBroken. [CUS-11]"""
        return self._do(Customer.edit, id, call, profile)

    def issue_file_number(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Issue the file number, once. Raises RuleBroken. [CUS-03]"""
        return self._do(Customer.issue_file_number, id, call)

    def assign(self, id: str, representative: str, **call: Unpack[CallOptions]) -> Receipt:
        """Give the customer another representative from ``at`` on. Raises MalformedCustomer, RuleBroken. [CUS-08]"""
        return self._do(Customer.assign, id, call, representative)

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
    def search(self, text: str, *, by: Actor, limit: int = 20) -> Sequence[q.Hit]:
        """The customers that ``by`` may read and that any one field finds, whole or in part, the best match first.

        ``text`` is part of a name (also in pinyin), phone, address, e-mail, card or file number, remark, or of a field
        of the house's own. Raises MalformedCustomer for an empty or a long one, NotPermitted. [CUS-04]
        """
        FIELDS.check_text(text, "text", SEARCH_LONGEST)

        def work(unit: Unit, actor: Actor) -> Sequence[q.Hit]:
            found = q.search(unit, text, self._fold, self._rules, self._scope(actor), self._reads(actor))
            return tuple(found[:limit])

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
    def _rules(self) -> CustomerRules:
        return self._house.rulebook[CUSTOMER_RULES]

    @property
    def _derived(self) -> tuple[Derived[Any], ...]:
        """What customers are found by."""
        return (Derived(CUSTOMERS, q.TERMS, lambda case, _: q.rows_of(case, self._rules, self._fold), "customer"),)

    def _reads(self, actor: Actor) -> Any:
        return lambda customer: self._reaching(actor, customer).may(self._cases.read)

    def _keep(self, unit: Unit, case: Customer, events: Sequence[Event], *, new: bool = False) -> None:
        # Of the frame's own events (erased, released) too what the customer is found by follows.
        (super()._keep)(unit, case, events, new=new)
        if any(getattr(event, "found_anew", True) for event in events):
            q.put_terms(unit, case, self._rules, self._fold, new=new)
