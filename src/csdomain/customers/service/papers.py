"""The use cases of health files and of papers about customers, one method each."""

from collections.abc import Mapping
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Final, TypeVar, Unpack

import attrs

from csdomain.casework.authorities import Authorities, GivenPositions
from csdomain.customers.effects import EFFECTS, HANDOVER_EFFECTS, HEALTH_EFFECTS
from csdomain.customers.model.act import CustomerAct
from csdomain.customers.model.customer import CUSTOMERS, ITSELF, Customer, does
from csdomain.customers.model.handover import HANDOVER_OF, HANDOVERS, Handover, does_handover
from csdomain.customers.model.health import HEALTH_FILES, OF_CUSTOMER, HealthFile, does_health
from csdomain.customers.ports import AsWritten, Fold
from csdomain.customers.questions import finding as q
from csdomain.customers.values import CUSTOMER_RULES, CustomerRules
from csdomain.frame.acts import Events
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.rulebook import House

C = TypeVar("C", bound=Any)
_REASONS: Final = attrgetter("hold_reasons")
CUSTOMER_CASES: Final = CaseType(
    CUSTOMERS, does, EFFECTS, keeping=Keeping("customer", ITSELF, _REASONS, ((q.TERMS, "customer"),))
)


def _beside(kind: Kind[Any], commands: Any, effects: Any, whose: Field[Any, str], prefix: str) -> CaseType:
    keeping = Keeping(kind.table, whose, _REASONS)
    return CaseType(kind, commands, effects, keeping=keeping, prefix=prefix)


HEALTH_CASES: Final = _beside(HEALTH_FILES, does_health, HEALTH_EFFECTS, OF_CUSTOMER, "health_")
HANDOVER_CASES: Final = _beside(HANDOVERS, does_handover, HANDOVER_EFFECTS, HANDOVER_OF, "handover_")


@attrs.frozen
class _Files:
    """The customers of a unit of work. Satisfies :class:`~csdomain.customers.ports.Files`."""

    unit: Unit
    house: House
    fold: Fold

    def customer(self, id: str, /) -> Customer:
        def missing() -> Customer:
            raise NotFound(kind=CUSTOMERS.table, id=id)

        found: Customer = self.unit.obtain(CUSTOMERS, id, missing)
        found.require_living()
        return found

    def keep(self, customer: Customer, events: Events, /) -> None:
        rules, place = self.house.rulebook[CUSTOMER_RULES], self.house.place(customer.branch)
        self.unit.of(CUSTOMERS).save(customer)
        self.unit.record(events, EFFECTS.of(events, customer, rules, place))
        put_found(self.unit, customer, events, rules, self.fold)


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
        return CustomerAct(files=_Files(unit, self._house, self._fold), works=works, **given)


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
