"""The use cases of the service desk, one method each."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Final, TypeVar, Unpack

import attrs

from csdomain.casework.authorities import Authorities, GivenPositions
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.cases.events import utc
from csdomain.kernel.store.kinds import Comparison, Page, Query, Where
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money

from .effects import CHECK_EFFECTS, EFFECTS, TRIAL_EFFECTS
from .model.act import JobAct
from .model.check import CHECKS, RegisterCheck, checks
from .model.columns import JOBS, OF_JOB, OUT, STATE, VOUCHER, WAITING
from .model.job import TRIPS, Job, does
from .model.past import PastJob, take_over
from .model.trial import OF_TRIAL, TRIALS, Trial, trials
from .policies import differences
from .ports import AnyContract, Cover, Till
from .values import Call, Contact, Difference, Entry, InHand, Kind, Trip, Work

C = TypeVar("C", Job, RegisterCheck, Trial)
_REASONS: Final = attrgetter("hold_reasons")
JOB_CASES: Final = CaseType(JOBS, does, EFFECTS, (TRIPS,), Keeping("job", OF_JOB, _REASONS))
CHECK_CASES: Final = CaseType(CHECKS, checks, CHECK_EFFECTS)
TRIAL_CASES: Final = CaseType(TRIALS, trials, TRIAL_EFFECTS, (), Keeping("trial", OF_TRIAL, _REASONS))
#: Jobs in the order in which they are dispatched.
WAITING_LONGEST: Final = Query[Job](order_by="waiting_since")


@attrs.frozen
class _Jobs:
    """The register in a unit of work. Satisfies :class:`~csdomain.service_desk.ports.Jobs`."""

    unit: Unit

    def waiting(self, branch: str, before: datetime, /) -> str | None:
        where = (_of(branch), WAITING.present(), WAITING.below(before))
        found = self.unit.of(JOBS).find(Query(where, order_by="waiting_since", limit=1)).items
        return found[0].number if found else None

    def entries(self, branch: str, /) -> Sequence[Entry]:
        return tuple(job.entry for job in self._out(branch))

    def _out(self, branch: str) -> Iterator[Job]:
        query = Query((_of(branch), STATE.among(OUT), VOUCHER.present()), limit=200)
        while True:
            page = self.unit.of(JOBS).find(query)
            yield from page.items
            if page.next is None:
                return
            query = attrs.evolve(query, after=page.next)


def _of(branch: str) -> Where[Job]:
    return Where("branch", Comparison.IS, branch)


@attrs.frozen
class _Desk(CaseService[C, JobAct]):
    _till: Callable[[Unit], Till]
    _cover: Callable[[Unit], Cover] = attrs.field(default=lambda _: AnyContract(), kw_only=True)
    _authorities: Authorities = attrs.field(factory=GivenPositions, kw_only=True)

    def _hand(self, unit: Unit, **given: Any) -> JobAct:
        works = partial(self._authorities.works, unit)
        return JobAct(till=self._till(unit), cover=self._cover(unit), jobs=_Jobs(unit), works=works, **given)

    def _of(self, service: type[Any]) -> Any:
        ports = {"cover": self._cover, "authorities": self._authorities, "customers": self._customers}
        return service(self._store, self._house, self._ids, self._till, **ports)


@attrs.frozen
class Checks(_Desk[RegisterCheck]):
    """Daily checks of the register against the vouchers in hand. Commands are as :class:`ServiceDesk` says."""

    _cases: ClassVar = CHECK_CASES

    def check(self, in_hand: Sequence[InHand], **call: Unpack[OpenOptions]) -> Receipt:
        """Compare the register of the actor's branch with the vouchers on the desk; the manager is told. [SVC-07]"""
        return self._begin(RegisterCheck.check, call, in_hand)

    def clear(self, id: str, difference: int, how: str, **call: Unpack[CallOptions]) -> Receipt:
        """Explain a difference, counted from 1; after the last the check is closed. Raises RuleBroken. [SVC-07]"""
        return self._do(RegisterCheck.clear, id, call, difference, how)

    def differences(self, in_hand: Sequence[InHand], *, by: Actor) -> tuple[Difference, ...]:
        """As :meth:`check`, and nothing is kept. [SVC-07]"""
        return self._read(lambda unit, actor: differences(_Jobs(unit).entries(actor.branch), in_hand), by)


@attrs.frozen
class Trials(_Desk[Trial]):
    """Free trials of products. Commands are as :class:`ServiceDesk` says."""

    _cases: ClassVar = TRIAL_CASES

    def grant(
        self,
        customer: str,
        product: str,
        since: date,
        until: date,
        tutorial_on: date | None = None,
        **call: Unpack[OpenOptions],
    ) -> Receipt:
        """A customer tries a product, both days in; ``by`` is reminded before the end. Raises RuleBroken. [SVC-12]"""
        return self._begin(Trial.grant, call, customer, product, since, until, tutorial_on)

    def extend(self, id: str, until: date, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Let the trial run longer: there is another reminder. Raises RuleBroken. [SVC-12]"""
        return self._do(Trial.extend, id, call, until, reason)

    def end(self, id: str, outcome: str, note: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """How it came out, by a code of the house. [SVC-12]"""
        return self._do(Trial.end, id, call, outcome, note)


@attrs.frozen
class ServiceDesk(_Desk[Job]):
    """Service orders, from the call to the archive: one method a use case.

    Every command takes ``by`` and ``at``, and optionally ``key`` and ``expected_version``: see
    :class:`~csdomain.frame.service.CallOptions`. Every command raises NotFound, NotPermitted, MoveRefused, NaiveTime,
    Conflict, KeyReused, MalformedJob; what else it refuses, its docstring says.
    """

    _cases: ClassVar = JOB_CASES

    @property
    def checks(self) -> Checks:
        """The daily checks of the register (SVC-07)."""
        found: Checks = self._of(Checks)
        return found

    @property
    def trials(self) -> Trials:
        """Free trials (SVC-12)."""
        found: Trials = self._of(Trials)
        return found

    @property
    def _further(self) -> tuple[CaseService[Any, Any], ...]:
        return (self.trials,)

    def _standing_in(self, unit: Unit, case: Job, actor: Actor, at: datetime) -> Actor:
        """With each manager for whom ``actor`` stands in, as far as countersigning goes. [KRN-08]"""
        manager = self._cases.effects.rules_of(case, self._house, unit).manager
        carried = {self._cases.read, *(does.table.actions[move] for move in does.carried)}
        standing = self._authorities.standing(unit, actor, [manager], at)
        return standing.standing_in(actor, at, carried, self._house.resolve)

    # --- taken in
    def receive(self, service: Call, **call: Unpack[OpenOptions]) -> Receipt:
        """Enter a call in the register of the actor's branch; its voucher is drawn, the manager told.

        Raises RuleBroken for a contract that is not in force, and a warranty that is over. [SVC-01, SVC-02]
        """
        return self._begin(Job.receive, call, service)

    def take_over(self, past: PastJob, **call: Unpack[OpenOptions]) -> Receipt:
        """A job of another system, in the state in which it is there, with its numbers: what is not paid is billed.

        Raises Conflict, RuleBroken, NotCharged. [SVC-02]
        """
        return self._begin(take_over, call, past)

    def classify(self, id: str, kind: Kind, cover: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """It is of another kind, before it is signed: work and fee are entered anew. Raises RuleBroken. [SVC-01]"""
        return self._do(Job.classify, id, call, kind, cover, reason)

    def cancel(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Nothing is done; a technician on the way is told. [SVC-02]"""
        return self._do(Job.cancel, id, call, reason)

    # --- dispatched
    def dispatch(
        self, id: str, technician: str, expected: datetime, reason: str = "", **call: Unpack[CallOptions]
    ) -> Receipt:
        """Send a technician, expected at the aware instant ``expected``; customer and technician are told.

        ``reason`` is why jobs carried over from an earlier day wait. Raises OutOfTurn, NotCleared, ApprovalVoid,
        RuleBroken. [SVC-03, SVC-07, SVC-08]
        """
        return self._do(Job.dispatch, id, call, technician, expected, reason)

    def call_off(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The technician does not go: it waits where it waited before. [SVC-03]"""
        return self._do(Job.call_off, id, call, reason)

    def arrive(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The technician is there. [SVC-03]"""
        return self._do(Job.arrive, id, call)

    def unsettle(
        self, id: str, reason: str, next_step: str, again_on: date | None = None, **call: Unpack[CallOptions]
    ) -> Receipt:
        """Not settled on the spot: it goes back to dispatch, not before ``again_on``. Raises RuleBroken. [SVC-04]"""
        return self._do(Job.unsettle, id, call, reason, next_step, again_on)

    # --- worked on, signed and paid
    def enter(self, id: str, work: Work, fee: Money | None = None, **call: Unpack[CallOptions]) -> Receipt:
        """Enter hours, work and fee, or enter them anew until the customer has signed.

        Raises NotCharged, CurrencyMismatch, RuleBroken. [SVC-05, SVC-06]
        """
        return self._do(Job.enter, id, call, work, fee)

    def settle(self, id: str, signed_by: str, cash: Money | None = None, **call: Unpack[CallOptions]) -> Receipt:
        """The customer has signed: the fee is billed, ``cash`` taken on the spot up to a small fee. Finance, manager
        and survey are told.

        Raises RuleBroken for a fee that is invoiced first. [SVC-04, SVC-05, SVC-10, SVC-11]
        """
        return self._do(Job.settle, id, call, signed_by, cash)

    def leave_unsigned(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The customer does not sign now: nothing is charged before they do. Raises RuleBroken. [SVC-06]"""
        return self._do(Job.leave_unsigned, id, call, reason)

    def close_unsigned(self, id: str, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """The manager ends it without the signature; nothing is charged. Raises OwnRequest. [SVC-06]"""
        return self._do(Job.close_unsigned, id, call, reason)

    def countersign(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """The manager, or a deputy, signs what the customer signed. Raises OwnRequest, Tampered. [SVC-06]"""
        return self._do(Job.countersign, id, call)

    def archive(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Both have signed what stands in the register: the copies go out. Raises Tampered. [SVC-06]"""
        return self._do(Job.archive, id, call)

    def collect(self, id: str, amount: Money, **call: Unpack[CallOptions]) -> Receipt:
        """Take cash on another visit; above a small fee once it is invoiced. Raises RuleBroken. [SVC-05]"""
        return self._do(Job.collect, id, call, amount)

    # --- beside the work
    def book_cost(self, id: str, what: str, amount: Money, note: str = "", **call: Unpack[CallOptions]) -> Receipt:
        """Book travel or an allowance of an approved trip; below zero takes back what was too much. [SVC-08]"""
        return self._do(Job.book_cost, id, call, what, amount, note)

    def request_purchase(self, id: str, what: str, amount: Money, **call: Unpack[CallOptions]) -> Receipt:
        """Ask finance to buy something for it. [SVC-10]"""
        return self._do(Job.request_purchase, id, call, what, amount)

    def ask_trip(self, id: str, trip: Trip, **call: Unpack[CallOptions]) -> Receipt:
        """Apply to go out of town. Raises RuleBroken. [SVC-08]"""
        return self._do(Job.ask_trip, id, call, trip)

    def change_trip(self, id: str, application: int, trip: Trip, **call: Unpack[CallOptions]) -> Receipt:
        """Ask for something else: what was decided is void. [SVC-08, KRN-08]"""
        return self._do(Job.change_trip, id, call, application, trip)

    def approve_trip(self, id: str, application: int, **call: Unpack[CallOptions]) -> Receipt:
        """Approve an application, counted from 1. Raises OwnRequest for who asked and who goes. [SVC-08, KRN-08]"""
        return self._do(Job.approve_trip, id, call, application)

    def refuse_trip(self, id: str, application: int, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """Refuse an application. Raises OwnRequest. [SVC-08]"""
        return self._do(Job.refuse_trip, id, call, application, reason)

    def withdraw_trip(self, id: str, application: int, reason: str, **call: Unpack[CallOptions]) -> Receipt:
        """An application is not wanted any more. [SVC-08]"""
        return self._do(Job.withdraw_trip, id, call, application, reason)

    # --- free advice
    def advise(self, contact: Contact, question: str, customer: str = "", **call: Unpack[OpenOptions]) -> Receipt:
        """Somebody asks something, a customer or not: it is answered in time, free of charge. [SVC-13]"""
        return self._begin(Job.advise, call, contact, question, customer)

    def answer(self, id: str, answer: str, **call: Unpack[CallOptions]) -> Receipt:
        """Answer the question. [SVC-13]"""
        return self._do(Job.give_answer, id, call, answer)

    # --- questions
    def waiting(self, query: Query[Job] = WAITING_LONGEST, *, by: Actor, at: datetime) -> Page[Job]:
        """One page of the jobs that wait to be dispatched at ``at``, the oldest first. [SVC-07]"""
        where = (WAITING.present(), WAITING.below(utc(at)))
        return self.find(attrs.evolve(query, where=(*query.where, *where)), by=by)
