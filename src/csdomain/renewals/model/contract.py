"""The contract and its commands."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.frame.fields import amount, words
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import Action
from csdomain.kernel.values.arguments import MOST, checked
from csdomain.kernel.values.money import Money
from csdomain.renewals import events as e
from csdomain.renewals import rules as r
from csdomain.renewals.lifecycle import CONTRACT_MOVES, ContractMove, ContractState
from csdomain.renewals.policies.periods import Extension, Service, Standing, extend, first_period, months_after
from csdomain.renewals.policies.pricing import Quote, check_vehicles, quote
from csdomain.renewals.policies.revenue import AlreadyCovered, NotCovered, PaidTerm, VehicleChange, paid_term
from csdomain.renewals.policies.revenue import add_vehicles as priced_in
from csdomain.renewals.policies.revenue import remove_vehicles as priced_out
from csdomain.renewals.ports import Charge
from csdomain.renewals.values import (
    CONTRACT_ID,
    FIELDS,
    AlreadyOpen,
    ContractId,
    MalformedRenewal,
    Period,
    RenewalRules,
)

from .act import RenewalAct

_M: Final = ContractMove
contracts: Final = Commands(CONTRACT_MOVES)
_STANDS: Final = {
    Standing.RUNNING: ContractState.RUNNING,
    Standing.IN_GRACE: ContractState.IN_GRACE,
    Standing.LAPSED: ContractState.LAPSED,
}


@attrs.frozen(kw_only=True, field_transformer=checked(MalformedRenewal))
class PastContract:
    """A contract of another system: its present term has ``paid_months`` of ``plan``, at its list price.

    ``anchor`` is the first day of its first term, ``served_months`` are those of the terms before, gifts included.
    """

    number: str = attrs.field(validator=FIELDS.id)
    customer: str = attrs.field(validator=FIELDS.id)
    device: str = attrs.field(validator=FIELDS.id)
    vehicles: tuple[str, ...]
    plan: str = attrs.field(validator=FIELDS.id)
    anchor: date
    served_months: int = 0
    paid_months: int = 12
    paid_on: date
    representative: str = attrs.field(validator=FIELDS.id)


def _is_not_renewed(contract: "Contract", act: RenewalAct) -> None:
    AlreadyOpen.check(contract.id, act.contracts.under_way(contract.id))


@attrs.define(kw_only=True)
class Contract(Record):
    """A contract of a customer for vehicles with devices of one kind. ``owner`` is the representative who renews it.

    ``terms`` are so many paid terms; ``service`` is how far they reach; ``paid`` are those of which days are still to
    come, and before them what has not been cleared away yet; ``price`` is what the last one cost. [REN-05, REN-10]
    """

    id: ContractId = attrs.field(on_setattr=attrs.setters.frozen)
    state: ContractState = ContractState.SIGNED
    number: str
    customer: str
    device: str
    vehicles: tuple[str, ...]
    starts_on: date
    service: Service | None = None
    terms: int = 0
    plan: str = ""
    price: Money | None = None
    paid: tuple[PaidTerm, ...] = ()
    changes: int = 0
    lines: int = 0
    reason: str = words(default="")

    # --- what it is
    @property
    def ends_on(self) -> date | None:
        """The first day without paid service; None before the first term, and when the contract is over."""
        return None if self.service is None or self.state is ContractState.ENDED else self.service.end

    def reminder_on(self, rules: RenewalRules) -> date | None:
        """From when on who renews it is reminded: some months before the end, not before the term begins. [REN-03]"""
        if self.service is None:
            return None
        early = months_after(self.service.anchor, max(self.service.months - rules.watch_months, 0))
        return max(early, self.paid[-1].period.start) if self.paid else early

    def require_open(self) -> None:
        """Refuse a contract that is over for good. Raises MoveRefused."""
        CONTRACT_MOVES.consequence(self, _M.RENEW)

    def extension(self, priced: Quote, paid_on: date, rules: RenewalRules) -> Extension:
        """The term that paying a quote on that day gives: the first begins when all is signed for. [REN-05]"""
        months = priced.paid_months, priced.gift_months
        if self.service is None:
            return first_period(max(self.starts_on, paid_on), *months, paid_on=paid_on)
        return extend(self.service, *months, paid_on=paid_on, rules=rules)

    # --- commands
    @staticmethod
    @contracts.opens(_M.SIGN)
    def sign(
        act: RenewalAct, customer: str, device: str, vehicles: Sequence[str], starts_on: date, representative: str
    ) -> tuple["Contract", Events]:
        FIELDS.check_id(customer, "customer")
        known = sorted({plan.device for plan in act.rules.plans.values()})
        FIELDS.check_known(device, known, "device", named=True)
        there = _vehicles(vehicles)
        owner = FIELDS.check_id(representative or act.by.id, "representative")
        id = act.new(CONTRACT_ID)
        contract = Contract(
            **act.about(id) | {"owner": owner},
            number=act.number(act.rules.number, id),
            customer=customer,
            device=device,
            vehicles=there,
            starts_on=starts_on,
        )
        return contract, act.opened(contract, e.ContractSigned(vehicles=len(there)))

    @staticmethod
    @contracts.takes_over(Action("renewals.import"))
    def take_over(act: RenewalAct, past: PastContract) -> tuple["Contract", Events]:
        there, plan = _vehicles(past.vehicles), act.rules.plan(past.plan)
        FIELDS.check_known(past.device, [plan.device], "device", named=True)
        priced = quote(act.rules, past.plan, there, past.paid_months, tax_on=past.paid_on)
        today, until_now = act.today(), Text("a day up to today", "不晚于今日")
        require(past.paid_on <= today, r.EXTENSION, accepted=until_now, given=past.paid_on)
        before = Service(past.anchor, past.served_months)
        service = Service(past.anchor, past.served_months + priced.service_months)
        term = paid_term(priced, Period(before.end, service.end), paid_on=past.paid_on)
        id = act.new(CONTRACT_ID)
        contract = Contract(
            **act.about(id) | {"owner": past.representative},
            state=_STANDS[service.standing(today, act.rules)],
            number=act.import_number(past.number, act.rules.number, id),
            customer=past.customer,
            device=past.device,
            vehicles=there,
            starts_on=past.anchor,
        )
        told = e.ContractTakenOver(**contract._begin_term(act, past.plan, term, service))
        return contract, act.took_over(contract, told)

    @contracts(_M.ASSIGN)
    def assign(self, act: RenewalAct, representative: str) -> Events:
        FIELDS.check_id(representative, "representative")
        another = Text("another representative", "另一位客户代表")
        require(representative != self.owner, r.WATCH, accepted=another, given=representative)
        before, self.owner = self.owner, representative
        return act.done(e.RepresentativeChanged(before=before, coming=self._coming(act.today())))

    @contracts(_M.ADD, when=_is_not_renewed)
    def add_vehicles(self, act: RenewalAct, vehicles: Sequence[str]) -> Events:
        joining, today = _vehicles(vehicles), act.today()
        if again := set(joining) & set(self.vehicles):
            raise AlreadyCovered(quantity=len(again), accepted=Text("vehicles that are not in it", "未在合同内的车辆"))
        together = _vehicles((*self.vehicles, *joining))
        rest = self._unfinished(today)
        change = priced_in(rest, joining, today, rules=act.rules, tax_on=today) if rest else None
        if change is not None and change.total.gross.minor:
            purpose, price = f"vehicles.{self.changes + 1}", change.total.gross
            charge = Charge(self.id, purpose, self.customer, "vehicles", 1, price, r.VEHICLES_CHANGE.id)
            bill, old = act.billing.ask(act.by, act.at, charge), len(rest)
            billed = (attrs.evolve(term, bill=bill) for term in change.terms[old:])
            change = attrs.evolve(change, terms=(*change.terms[:old], *billed))
        if change is not None:
            self._earn(act, [(term, 1) for term in change.terms[len(rest) :]])
        return act.done(e.VehiclesAdded(**self._changed(together, change, today)))

    @contracts(_M.REMOVE, when=_is_not_renewed)
    def remove_vehicles(self, act: RenewalAct, vehicles: Sequence[str]) -> Events:
        leaving, today = _vehicles(vehicles), act.today()
        if foreign := set(leaving) - set(self.vehicles):
            raise NotCovered(quantity=len(foreign), accepted=Text("vehicles of the contract", "合同内的车辆"))
        rest = self._unfinished(today)
        change = priced_out(rest, leaving, today) if rest else None
        staying = tuple(vehicle for vehicle in self.vehicles if vehicle not in leaving)
        back: dict[str, Money] = {}
        for term in () if change is None else change.terms:
            if term.stop is not None:
                self._earn(act, [(term, 1), (attrs.evolve(term, stop=None), -1)])
                amount = term.stop.refund.gross
                back[term.bill] = back.get(term.bill, amount - amount) + amount
        back.pop("", None)
        done = act.billing.credit(act.by, act.at, back, f"vehicles.{self.changes + 1}") if back else ()
        credited = sum(back[bill].minor for bill in done)
        return act.done(e.VehiclesRemoved(credited=credited, **self._changed(staying, change, today)))

    def _changed(self, vehicles: tuple[str, ...], change: VehicleChange | None, today: date) -> dict[str, Any]:
        self.vehicles, self.changes = vehicles, self.changes + 1
        if change is not None:
            self.paid = change.terms
        amount = 0 if change is None else change.total.gross.minor
        coming = self._coming(today)
        return {"change": self.changes, "vehicles": len(vehicles), "amount": amount, "coming": coming}

    @contracts(_M.END, when=_is_not_renewed)
    def end(self, act: RenewalAct, reason: str) -> Events:
        self.reason = FIELDS.check_text(reason, "reason")
        return act.done(e.ContractEnded(reason=reason))

    # --- what follows from renewals
    def renewed(self, act: RenewalAct, plan: str, priced: Quote, extension: Extension, bill: str) -> Events:
        """A renewal of it is recorded: the next term begins where the extension says. [REN-05]"""
        self.require_open()
        term = paid_term(priced, extension.period, paid_on=extension.paid_on, bill=bill)
        told = e.TermBegan(**self._begin_term(act, plan, term, extension.service))
        return act.beside(contracts, self, _M.RENEW, told)

    def come_due(self, act: RenewalAct) -> Events:
        """What follows from the calendar: the term, and the days of grace after it, are over. [REN-09]"""
        standing = Standing.RUNNING if self.service is None else self.service.standing(act.today(), act.rules)
        events: Events = ()
        if self.state is ContractState.RUNNING and standing is not Standing.RUNNING:
            events += act.beside(contracts, self, _M.EXPIRE, e.ContractExpired(term=self.terms))
        if self.state is ContractState.IN_GRACE and standing is Standing.LAPSED:
            events += act.beside(contracts, self, _M.LAPSE, e.ContractLapsed(term=self.terms))
        return events

    def _begin_term(self, act: RenewalAct, plan: str, term: PaidTerm, service: Service) -> dict[str, Any]:
        cost = term.amount
        self.service, self.plan, self.price, self.terms = service, plan, cost.gross, self.terms + 1
        self.paid = (*self._unfinished(act.today()), term)
        self._earn(act, [(term, 1)])
        return {
            "term": self.terms,
            "plan": plan,
            "starts_on": term.period.start,
            "ends_on": term.period.end,
            "paid_on": term.paid_on,
            "vehicles": len(term.shares),
            "amount": cost.gross.minor,
            "tax": cost.tax.minor,
        }

    def _earn(self, act: RenewalAct, terms: Sequence[tuple[PaidTerm, int]]) -> None:
        act.contracts.earn(self, terms)
        self.lines += len(terms)

    def _coming(self, today: date) -> int:
        """The term that is still to come due; 0 where there is none."""
        return self.terms if self.service is not None and self.service.end > today else 0

    def _unfinished(self, today: date) -> tuple[PaidTerm, ...]:
        return tuple(term for term in self.paid if term.period.end > today and term.stop is None)


def _vehicles(given: Sequence[str]) -> tuple[str, ...]:
    there = check_vehicles(given)
    if len(there) > MOST:
        raise MalformedRenewal(field="vehicles", given=len(there), maximum=MOST)
    for vehicle in there:
        FIELDS.check_id(vehicle, "vehicles")
    return there


OF_CONTRACT: Final[Field[Contract, str]] = Field("customer", str, lambda c: c.customer)
ENDS_ON: Final[Field[Contract, date]] = Field("ends_on", date, lambda c: c.ends_on)
_USUAL: Final = usual(CONTRACT_MOVES)
STATE: Final[Field[Contract, str]] = _USUAL[1]
_FIELDS: Final[tuple[Field[Contract, Any], ...]] = (
    OF_CONTRACT,
    ENDS_ON,
    Field("ends_month", str, lambda c: None if c.ends_on is None else f"{c.ends_on:%Y-%m}", index=False),
    Field("plan", str, lambda c: c.plan or None, index=False),
    Field("vehicles", int, lambda c: len(c.vehicles), index=False),
    amount("price", lambda c: None if c.price is None else c.price.minor),
    *_USUAL,
)
CONTRACTS: Final = Kind(Contract, CONTRACT_ID, "contract", _FIELDS, queue=_FIELDS[-1], indexes=(("owner", "ends_on"),))
