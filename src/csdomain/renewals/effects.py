"""What follows from what happens to contracts and renewals: a table, event by event (design decision D8)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, cast

from csdomain.frame.effects import Effects, Scene, timer
from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import TimerFired, TimerReminded
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import system_actor
from csdomain.kernel.values.money import Money
from csdomain.rulebook import House

from . import events as e
from . import rules as r
from .lifecycle import CONTRACT_MOVES, ContractMove, ContractState
from .model.act import RenewalAct
from .model.contract import CONTRACTS, Contract
from .model.renewal import FINANCE, OPEN_KEY, RENEWALS, SIGNED_FOR, granted_by
from .model.terms import follow
from .ports import PROVISIONING
from .values import CONTRACT_RULES, RENEWAL_RULES, RenewalRules

CONTRACT_EFFECTS: Final = Effects(CONTRACTS, CONTRACT_RULES)
EFFECTS: Final = Effects(RENEWALS, RENEWAL_RULES)
#: What the end of the days of grace is called after the term that ended.
GRACE: Final = "grace"
S = Scene[RenewalRules]


def _clocks(term: int) -> tuple[str, str, str]:
    """The timers of a term: the reminder before its end, the end, the end of grace."""
    return timer(r.WATCH, term), timer(r.LAPSE, term), timer(r.LAPSE, f"{term}.{GRACE}")


# --- contracts
@CONTRACT_EFFECTS.on(e.TermBegan, e.ContractTakenOver)
def _began(event: e.TermBegan, s: S) -> Iterable[Effect]:
    for name in _clocks(event.term - 1) if event.term > 1 else ():
        yield s.stop(event, name, cancelled=True)
    reminder, end, grace = _clocks(event.term)
    over = event.ends_on + timedelta(days=s.rules.grace_days)
    if s.case.state is ContractState.RUNNING:
        yield s.until(event, reminder, s.morning(s.case.reminder_on(s.rules)), reminder=True)
        yield s.until(event, end, s.morning(event.ends_on), reminder=True)
    if s.case.state is not ContractState.LAPSED:  # taken over when all was over
        yield s.until(event, grace, s.morning(over), reminder=True)


@CONTRACT_EFFECTS.fires(TimerReminded, r.WATCH)
def _watched(contract: Contract, fired: TimerReminded, s: S) -> Iterable[Effect]:
    facts: dict[str, Any] = {"on": contract.ends_on, "vehicles": len(contract.vehicles), "amount": contract.price}
    yield s.tell(fired, "expiring", contract.owner, number=contract.number, **facts)


def _over(unit: Unit, fired: TimerFired, house: House) -> Iterable[Effect]:
    """The end of a term, or of the days of grace after it, has come without another that is signed for. [REN-09]"""
    if not isinstance(fired, TimerReminded):
        return ()
    may = CONTRACT_MOVES.actions[ContractMove.LAPSE]
    system, nothing = system_actor((may,)), cast("Any", None)
    contract = unit.load(CONTRACTS, fired.subject, may=may, by=system)
    rules, place, at = house.rulebook[CONTRACT_RULES], house.place(contract.branch), fired.found_at
    act = RenewalAct(by=system, at=at, rules=rules, place=place, draws=nothing, contracts=nothing, billing=nothing)
    signed = unit.of(RENEWALS).find(Query((OPEN_KEY.is_(contract.id), SIGNED_FOR), limit=1)).items
    events = () if signed else contract.come_due(act)
    if events:
        unit.of(CONTRACTS).save(contract)
        follow(unit, contract.branch, events)
        unit.record(events, CONTRACT_EFFECTS.of(events, contract, rules, place))
    return ()


CONTRACT_EFFECTS.moves(r.LAPSE, _over)


@CONTRACT_EFFECTS.on(e.ContractExpired)
def _expired(event: e.ContractExpired, s: S) -> Iterable[Effect]:
    if not s.case.vehicles:  # all have left, and got back what was paid for them
        return
    yield s.tell(event, "expired", event.customer, event.term, on=s.case.ends_on, vehicles=len(s.case.vehicles))
    yield s.tell(event, "over", event.owner, event.term, on=s.case.ends_on)


@CONTRACT_EFFECTS.on(e.ContractLapsed)
def _lapsed(event: e.ContractLapsed, s: S) -> Iterable[Effect]:
    yield s.tell(event, "suspend", PROVISIONING, event.term)


@CONTRACT_EFFECTS.on(e.VehiclesAdded, e.VehiclesRemoved)
def _changed(event: e.VehiclesChanged, s: S) -> Iterable[Effect]:
    yield s.tell(event, "change", PROVISIONING, event.change, vehicles=event.vehicles)
    if isinstance(event, e.VehiclesRemoved) and event.amount > event.credited:
        money = Money(event.amount - event.credited, s.place.currency)
        yield s.tell(event, "to_refund", FINANCE, event.change, amount=money)


@CONTRACT_EFFECTS.on(e.ContractEnded)
def _ended(event: e.ContractEnded, s: S) -> Iterable[Effect]:
    yield s.cancel(event)


# --- renewals
@EFFECTS.on(e.DiscountProposed)
def _proposed(event: e.DiscountProposed, s: S) -> Iterable[Effect]:
    priced = s.case.priced
    for who in granted_by(priced, s.rules):
        yield s.tell(event, "to_approve", who, f"{event.nth}/{who}", amount=priced.total.gross, off=priced.discount)


@EFFECTS.on(e.DiscountRejected)
def _rejected(event: e.DiscountRejected, s: S) -> Iterable[Effect]:
    yield s.tell(event, "rejected", event.owner, event.nth, off=Money(event.off, s.place.currency))


@EFFECTS.on(e.RenewalFilled, e.DiscountApproved)
def _filled(event: e.RenewalFilled, s: S) -> Iterable[Effect]:
    total = s.case.priced.total.gross
    yield s.tell(event, "to_confirm", FINANCE, amount=total)
    if isinstance(event, e.DiscountApproved):
        yield s.tell(event, "approved", event.owner, amount=total)


@EFFECTS.on(e.PaymentSigned)
def _signed(event: e.PaymentSigned, s: S) -> Iterable[Effect]:
    contract, until = event.contract, event.until
    yield s.tell(event, "extend", PROVISIONING, contract=contract, since=event.since, until=until)
    yield s.tell(event, "to_extend", s.rules.extended_by, contract=contract, until=until)


@EFFECTS.on(e.ServiceExtended)
def _extended(event: e.ServiceExtended, s: S) -> Iterable[Effect]:
    yield s.tell(event, "to_record", s.rules.recorded_by, contract=event.contract)


@EFFECTS.on(e.RenewalRecorded)
def _recorded(event: e.RenewalRecorded, s: S) -> Iterable[Effect]:
    facts: dict[str, Any] = {"vehicles": len(s.case.priced.shares), "before": event.before, "until": event.until}
    yield s.tell(event, "done", event.customer, months=event.months, **facts)
    yield s.tell(event, "to_tell", event.owner, until=event.until)


@EFFECTS.on(e.RenewalReversed)
def _reversed(event: e.RenewalReversed, s: S) -> Iterable[Effect]:
    yield s.tell(event, "take_back", PROVISIONING, contract=event.contract, since=event.since)
    yield s.tell(event, "dropped", s.rules.extended_by)


@EFFECTS.on(e.RenewalAbandoned)
def _abandoned(event: e.RenewalAbandoned, s: S) -> Iterable[Effect]:
    if event.number:  # the form was drawn up, and finance waits for the money
        yield s.tell(event, "dropped", FINANCE)
