"""The use cases of contracts and renewals, one method each."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from operator import attrgetter
from typing import Any, ClassVar, Final, TypeVar, Unpack

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.cases.events import Event
from csdomain.kernel.rules.errors import InvalidValue, NotFound
from csdomain.kernel.store.kinds import Page, Query, Tally
from csdomain.kernel.store.ports import Call, Receipt, Unit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.rulebook import House

from .effects import CONTRACT_EFFECTS, EFFECTS
from .lifecycle import RENEWAL_MOVES, RenewalMove
from .model.act import RenewalAct
from .model.contract import CONTRACTS, OF_CONTRACT, Contract, PastContract, contracts
from .model.renewal import OF_RENEWAL, OPEN_KEY, RENEWALS, Renewal, renews
from .model.terms import EARNINGS, Earning, follow
from .policies.revenue import Basis, Earned, PaidTerm
from .ports import Billing
from .questions import figures as q
from .values import CONTRACT_RULES

C = TypeVar("C", Contract, Renewal)
_REASONS: Final = attrgetter("hold_reasons")
CONTRACT_CASES: Final = CaseType(CONTRACTS, contracts, CONTRACT_EFFECTS, (), Keeping("contract", OF_CONTRACT, _REASONS))
RENEWAL_CASES: Final = CaseType(RENEWALS, renews, EFFECTS, (), Keeping("renewal", OF_RENEWAL, _REASONS))


@attrs.frozen
class _Contracts:
    """The contracts of a unit of work. Satisfies :class:`~csdomain.renewals.ports.Contracts`."""

    unit: Unit
    house: House

    def contract(self, id: str, /, by: Actor | None = None) -> Contract:
        if by is not None:
            return self.unit.load(CONTRACTS, id, may=RENEWAL_MOVES.actions[RenewalMove.ASK], by=by)
        return self.unit.locked(CONTRACTS, id)

    def under_way(self, contract: str, /) -> str | None:
        there = self.unit.of(RENEWALS).find(Query((OPEN_KEY.is_(contract),), limit=1)).items
        return there[0].id if there else None

    def earn(self, contract: Contract, terms: Sequence[tuple[PaidTerm, int]], /) -> None:
        rows = [Earning.of(contract, contract.lines + n, *term) for n, term in enumerate(terms, start=1)]
        self.unit.register(EARNINGS).put(rows)

    def keep(self, contract: Contract, events: Events, /) -> None:
        follow(self.unit, contract.branch, events)
        CONTRACT_CASES.keep(self.unit, self.house, contract, events)


@attrs.frozen
class _Terms(CaseService[C, RenewalAct]):
    _billing: Callable[[Unit], Billing]

    def _hand(self, unit: Unit, **given: Any) -> RenewalAct:
        return RenewalAct(contracts=_Contracts(unit, self._house), billing=self._billing(unit), **given)

    def _keep(self, unit: Unit, case: Any, events: Sequence[Event], *, new: bool = False) -> None:
        super()._keep(unit, case, events, new=new)
        follow(unit, case.branch, tuple(events))


#: Contracts in the order in which they end.
ENDING: Final = Query[Contract](order_by="ends_on")


@attrs.frozen
class ContractService(_Terms[Contract]):
    """Contracts for vehicles, and how far their service is paid. Commands are as :class:`Renewals` says."""

    _cases: ClassVar = CONTRACT_CASES

    def sign(
        self,
        customer: str,
        device: str,
        vehicles: Sequence[str],
        starts_on: date,
        representative: str = "",
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """A contract for vehicles by their ids; its service begins on ``starts_on`` at the earliest, once it is paid.

        Raises MalformedRenewal, NoVehicles, DuplicateVehicle. [REN-10]
        """
        return self._begin(Contract.sign, call, customer, device, vehicles, starts_on, representative)

    def take_over(self, past: PastContract, **call: Unpack[OpenOptions]) -> Receipt:
        """A contract of another system, in its present term. Raises as :meth:`sign`, Conflict for its number."""
        return self._begin(Contract.take_over, call, past)

    def assign(self, id: str, representative: str, **call: Unpack[CallOptions]) -> Receipt:
        """Somebody else renews it from now on. Raises RuleBroken. [REN-03, REN-08]"""
        return self._do(Contract.assign, id, call, representative)

    def add_vehicles(self, id: str, vehicles: Sequence[str], **call: Unpack[CallOptions]) -> Receipt:
        """Vehicles join today: billed for the days that are left. Raises AlreadyCovered, AlreadyOpen. [REN-10]"""
        return self._do(Contract.add_vehicles, id, call, vehicles)

    def remove_vehicles(self, id: str, vehicles: Sequence[str], **call: Unpack[CallOptions]) -> Receipt:
        """Vehicles leave today: what was paid for the days that are left is credit of the customer.

        Finance is told of what no bill here can give: that of a term taken over, of an invoiced bill. Raises
        NotCovered, AlreadyOpen. [REN-10]
        """
        return self._do(Contract.remove_vehicles, id, call, vehicles)

    def end(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The contract is over for good; a running one lapses first. Raises AlreadyOpen. [REN-09]"""
        return self._do(Contract.end, id, call, reason)

    # --- questions
    def due(self, until: date, query: Query[Contract] = ENDING, *, by: Actor) -> Page[Contract]:
        """One page of the contracts whose paid service ends before ``until``, those in grace too. [REN-03]"""
        return self.find(attrs.evolve(query, where=(*query.where, *q.due(until))), by=by)

    def due_by_month(self, until: date, *, by: Actor) -> Sequence[q.DueRow]:
        """The same by month and representative: how many contracts and vehicles, and what they cost last. [REN-03]"""
        months = self.tally(Tally(q.due(until), q.DUE_BY, ("vehicles", "price")), by=by)
        currency = self._house.rulebook[CONTRACT_RULES].currency
        return [q.DueRow.of(row, currency) for row in months]

    def rates(self, since: str, until: str, *, by: Actor) -> Sequence[q.Rate]:
        """What of the terms due in the months ``since`` to ``until`` (``2026-03``, both in) was renewed so far, by
        representative and plan, with each one's target. Raises MalformedRenewal. [REN-08]"""
        rules = self._house.rulebook[CONTRACT_RULES]
        return self._read(lambda unit, actor: q.rates(unit, self._scope(actor), since, until, rules), by)

    def revenue(self, on: date, basis: Basis = Basis.GROSS, *, by: Actor) -> Earned:
        """What is paid and what of it is earned at the end of the day ``on``. [REN-11]"""
        currency = self._house.rulebook[CONTRACT_RULES].currency
        return self._read(lambda unit, actor: q.revenue(unit, self._scope(actor), on, currency, basis), by)


#: The use cases of a renewal that read or change its contract, which is locked before it (ADR 25).
_OF_BOTH: Final = frozenset(
    f"renewal.{move}" for move in ("decline", "fill", "propose", "approve", "confirm", "record", "reverse")
)


@attrs.frozen
class Renewals(_Terms[Renewal]):
    """Renewals of contracts, from the customer's consent to the record: one method a use case.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused, MalformedRenewal; what else it refuses, its docstring says.
    """

    _cases: ClassVar = RENEWAL_CASES

    @property
    def contracts(self) -> ContractService:
        """The contracts that are renewed (REN-05, REN-09, REN-10)."""
        return ContractService(self._store, self._house, self._ids, self._billing, customers=self._customers)

    @property
    def _further(self) -> tuple[CaseService[Any, Any], ...]:
        return (self.contracts,)

    def ask(self, contract: str, **call: Unpack[OpenOptions]) -> Receipt:
        """Ask a customer to renew a contract: one renewal of it at a time. Raises AlreadyOpen, MoveRefused. [REN-04]"""
        return self._begin(Renewal.ask, call, contract)

    def agree(self, id: str, bank: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """The customer renews, and pays in cash or by transfer to our account at ``bank``. [REN-04, REN-13]"""
        return self._do(Renewal.agree, id, call, bank)

    def decline(self, id: str, code: str, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """The customer does not renew, by a code of the house. [REN-07]"""
        return self._do(Renewal.decline, id, call, code, reason)

    def fill(self, id: str, plan: str, months: int, **call: Unpack[CallOptions]) -> Receipt:
        """Fill in the form at the list price: gives its number, opens the bill, tells finance.

        ``months`` are those paid, for each vehicle of the contract. Raises NoSuchPlan, TermNotOffered. [REN-02, REN-04]
        """
        return self._do(Renewal.fill, id, call, plan, months)

    def propose(self, id: str, plan: str, months: int, price: Money, **call: Unpack[CallOptions]) -> Receipt:
        """As :meth:`fill` with another ``price`` for a vehicle and a block of the plan, once somebody grants it.

        Raises as :meth:`fill`, DiscountNotOffered, PriceBelowFloor, TermBelowMinimum, DiscountOutOfRange. [REN-01]
        """
        return self._do(Renewal.propose, id, call, plan, months, price)

    def approve(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Grant the discount: the form is drawn up. Raises BeyondAuthority, OwnRequest. [REN-02, KRN-08]"""
        return self._do(Renewal.approve, id, call)

    def reject(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Do not grant the discount: the form is filled in otherwise. Raises OwnRequest. [REN-02]"""
        return self._do(Renewal.reject, id, call, reason)

    def confirm(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Finance has all of the money and signs: the service is ordered to be extended.

        Raises NotPaid with what is missing and what credit there is, OwnRequest. [REN-04, REN-06]
        """
        return self._do(Renewal.confirm, id, call)

    def extend(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The administrator has extended the service and signs. Raises NotPaid, SignedTwice, Tampered. [REN-04]"""
        return self._do(Renewal.extend, id, call)

    def record(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """On the strength of both signatures the contract has its next term, and the customer is told.

        Raises NotPaid, Unsigned, Tampered. [REN-04, REN-05]
        """
        return self._do(Renewal.record, id, call)

    def tell(self, id: str, note: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """The customer was told by phone as well. [REN-04]"""
        return self._do(Renewal.tell, id, call, note)

    def abandon(self, id: str, code: str, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Nothing comes of it before finance has signed: what was paid is credit. Raises RuleBroken. [REN-07]"""
        return self._do(Renewal.abandon, id, call, code, reason)

    def reverse(self, id: str, code: str, reason: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Nothing comes of it, although finance has signed: as :meth:`abandon`, by finance. [REN-07]"""
        return self._do(Renewal.reverse, id, call, code, reason)

    def _run(self, work: Callable[[Unit], Receipt], call: Call, by: Actor) -> Receipt:
        def in_order(unit: Unit) -> Receipt:
            with suppress(NotFound, InvalidValue):  # ``work`` refuses those
                _Contracts(unit, self._house).contract(unit.of(RENEWALS).get(call.subject).contract)
            return work(unit)

        return super()._run(in_order if call.use_case in _OF_BOTH else work, call, by)
