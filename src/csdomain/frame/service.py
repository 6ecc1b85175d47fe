"""The service of a kind of case: a use case is one expression that names the command, the case and the arguments.

Load under the command's permission, one command, save, record; the idempotency key on the way (design decision D1).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Concatenate, Final, Generic, ParamSpec, Required, TypedDict, TypeVar, Unpack, cast

import attrs

from csdomain.kernel.cases.events import Event, Rebased, utc
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules import HOUSE_RULES, Text
from csdomain.kernel.rules.errors import NotPermitted, RuleBroken, require
from csdomain.kernel.store.kinds import ColumnValue, Page, Query
from csdomain.kernel.store.ports import Call, Receipt, Unit
from csdomain.kernel.store.projections import Derived
from csdomain.kernel.store.storable import Unreadable
from csdomain.kernel.values.actors import Action, Actor
from csdomain.kernel.values.codec import fingerprint
from csdomain.kernel.values.ids import I, IdKind, IdSource
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.kernel.values.personal import Erasure, exported
from csdomain.rulebook import House

from . import keeping
from .acts import Act, Events
from .commands import Command, command_of
from .customers import AnyCustomer, CustomerBook
from .questions import Questions

P = ParamSpec("P")
C = TypeVar("C", bound=Any)
A = TypeVar("A", bound=Act[Any])
Cursor = tuple[ColumnValue, str]
_PAGE: Final = 200


class OpenOptions(TypedDict, total=False):
    """What a command that opens a case takes besides its own arguments.

    ``by`` acts, with the positions held now; ``at`` is the aware instant of acting. ``key`` makes the command happen
    once however often it is sent.
    """

    by: Required[Actor]
    at: Required[datetime]
    key: str | None


class CallOptions(OpenOptions, total=False):
    """What a command of a case takes besides its own arguments: as :class:`OpenOptions`, and ``expected_version``,
    which refuses the command where the case is at another version than the caller has read."""

    expected_version: int | None


@attrs.frozen
class _Drawn:
    """Numbers, ids and timers of a unit of work. Satisfies :class:`~csdomain.frame.acts.Draws`."""

    unit: Unit
    house: House
    ids: IdSource
    kind: str

    def number(self, pattern: NumberPattern, at: datetime, branch: str, subject: str, /) -> str:
        zone = self.house.zone(branch)
        return self.unit.number(pattern, at, zone=zone, branch=branch, kind=self.kind, subject=subject)

    def import_number(self, number: str, pattern: NumberPattern, branch: str, subject: str, /) -> None:
        self.unit.import_number(number, pattern, branch=branch, kind=self.kind, subject=subject)

    def new(self, kind: IdKind[I], /) -> I:
        return self.ids.new(kind)

    def timers_of(self, subject: str, /) -> Sequence[Timer]:
        return self.unit.timers_of(subject)


@attrs.frozen
class Service(Questions[C], Generic[C, A]):
    """Commands and questions of a kind of case. A context gives its :class:`~csdomain.frame.cases.CaseType` and one
    method a command; where its acts need more than :class:`~csdomain.frame.acts.Act` holds, ``_hand``. ``customers``
    are asked before a case of a customer is opened."""

    _customers: CustomerBook = attrs.field(factory=AnyCustomer, kw_only=True)

    def _hand(self, unit: Unit, **given: Any) -> A:
        """The act that a command gets: :class:`~csdomain.frame.acts.Act`, or a subclass with ports of the context."""
        return cast("A", Act(**given))

    def _do(
        self,
        command: Callable[Concatenate[C, A, P], Events],
        id: str,
        call: CallOptions,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Receipt:
        """One command of one case. One that told nothing changed nothing, and nothing is saved."""
        marked, cases, house = command_of(command), self._cases, self._house
        by, at, expected = call["by"], utc(call["at"]), call.get("expected_version")

        def work(unit: Unit) -> Receipt:
            actor = house.resolve(by)
            other = self._also(unit, marked, id, args, actor)
            try:
                case = unit.load(cases.kind, id, may=marked.action, by=actor, expected_version=expected)
            except NotPermitted:
                # Only where there is something to decide: elsewhere a delegation carries nothing.
                if not marked.carried or not cases.commands.leads(case := unit.of(cases.kind).get(id), marked.move):
                    raise
                actor = self._standing_in(unit, case, actor, at)
                case = unit.load(cases.kind, id, may=marked.action, by=actor, expected_version=expected)
            rules = cases.effects.rules_of(case, house, unit)
            act = self._act(unit, actor, at, rules, self._book(case), case.branch, **other())
            events = command(case, act, *args, **kwargs)
            if events:
                self._keep(unit, case, events)
                unit.record(events, cases.effects.of(events, case, rules, act.place))
            return Receipt(id=id, version=case.version, state=case.state.value, number=act.drawn or case.number)

        return self._run(work, self._call(marked, call, id, args, kwargs), by)

    def _also(
        self, unit: Unit, marked: Command, id: str, args: tuple[Any, ...], actor: Actor
    ) -> Callable[[], Mapping[str, Any]]:
        """The other case that a command names, locked: at once where it comes before the first, else when called."""
        if not marked.also:
            return dict
        named = args[marked.arguments.index(marked.also)]

        def load() -> Mapping[str, Any]:
            return {"other": unit.load(self._cases.kind, named, may=marked.action, by=actor)}

        if named >= id:
            return load
        first = load()
        return lambda: first

    def _keep(self, unit: Unit, case: C, events: Sequence[Event], *, new: bool = False) -> None:
        """Store a case to which ``events`` happened: a context overrides it where rows follow from the case."""
        (unit.of(self._cases.kind).add if new else unit.of(self._cases.kind).save)(case)

    def _run(self, work: Callable[[Unit], Receipt], call: Call, by: Actor) -> Receipt:
        try:
            return self._store.run(work, call)
        except NotPermitted as error:
            self._raise(error, by, call.subject)

    def _begin(
        self,
        command: Callable[Concatenate[A, P], tuple[C, Events]],
        call: OpenOptions,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Receipt:
        """A command that opens a case, by the current house rules."""
        marked, cases, house = command_of(command), self._cases, self._house
        by, at = call["by"], utc(call["at"])

        def work(unit: Unit) -> Receipt:
            actor = house.resolve(by)
            rules = house.rulebook[cases.section]
            act = self._act(unit, actor, at, rules, house.rulebook.ref, actor.branch)
            case, events = command(act, *args, **kwargs)
            whose = None if cases.keeping is None else cases.keeping.customer
            if whose is not None and (customer := whose.of(case)):
                self._customers.require_living(unit, customer)
            self._keep(unit, case, events, new=True)
            unit.record(events, cases.effects.of(events, case, rules, act.place))
            return Receipt(id=case.id, version=case.version, state=case.state.value, number=case.number)

        return self._store.run(work, self._call(marked, call, "", args, kwargs))

    def _act(self, unit: Unit, actor: Actor, at: datetime, rules: object, rulebook: str, branch: str, **more: Any) -> A:
        house = self._house
        draws, place = _Drawn(unit, house, self._ids, self._cases.kind.table), house.place(branch)
        return self._hand(unit, by=actor, at=at, rules=rules, place=place, draws=draws, rulebook=rulebook, **more)

    def _asking(self, unit: Unit, case: C, actor: Actor, at: datetime) -> A:
        rules = self._cases.effects.rules_of(case, self._house, unit)
        return self._act(unit, actor, at, rules, self._book(case), case.branch)

    def _book(self, case: C) -> str:
        return case.rulebook if self._cases.section.pinned else self._house.rulebook.ref

    def _call(
        self, marked: Command, call: CallOptions | OpenOptions, subject: str, args: tuple[Any, ...], kwargs: Any
    ) -> Call:
        name, key = f"{self._cases.kind.table}.{marked.name}", call.get("key")
        mark = ""
        if key is not None:
            given = {**dict(zip(marked.arguments, args, strict=False)), **kwargs}
            mark = fingerprint(name, {"subject": subject, **given})
        return Call(name, call["by"].id, call["at"], subject, key, mark)

    def _change(
        self,
        name: str,
        action: Action,
        id: str,
        command: Callable[[C, Actor, Unit], Sequence[Event]],
        call: CallOptions,
        **arguments: object,
    ) -> Receipt:
        """A use case of the frame's own that is no move of the lifecycle: erase, hold, rebase."""
        cases, house, key = self._cases, self._house, call.get("key")
        use_case = f"{cases.kind.table}.{name}"
        mark = "" if key is None else fingerprint(use_case, {"subject": id, **arguments})

        def work(unit: Unit) -> Receipt:
            expected, actor = call.get("expected_version"), house.resolve(call["by"])
            case = unit.load(cases.kind, id, may=action, by=actor, expected_version=expected)
            events = command(case, actor, unit)
            if events:
                self._keep(unit, case, events)
                rules = cases.effects.rules_of(case, house, unit)
                unit.record(events, cases.effects.of(events, case, rules, house.place(case.branch)))
            return Receipt(id=id, version=case.version, state=case.state.value, number=case.number)

        return self._run(work, Call(use_case, call["by"].id, utc(call["at"]), id, key, mark), call["by"])


@attrs.frozen
class CaseService(Service[C, A]):
    """The service of cases that are :class:`~csdomain.frame.cases.Record`: moved to another rulebook, erased, held,
    given to the customer, in every context alike."""

    @property
    def _further(self) -> "tuple[CaseService[Any, Any], ...]":
        """The services of the context's further kinds of case, where it has some: erased and exported with these."""
        return ()

    @property
    def _derived(self) -> tuple[Derived[Any], ...]:
        """The rows that the service keeps of its cases beside their projections, and how they are made again."""
        return ()

    def rebase(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Apply the current rulebook to a running case from now on; running timers keep their deadlines.

        Raises NotFound, NotPermitted, Conflict, and RuleBroken where the case goes by it already. [KRN-01]
        """

        def command(case: C, actor: Actor, unit: Unit) -> Sequence[Event]:
            before, after = case.rulebook, self._house.rulebook.ref
            require(before != after, HOUSE_RULES, accepted=Text("another rulebook", "另一版规则手册"), rulebook=before)
            if why := self._cases.against(case, self._house.rulebook):
                reason = "; ".join(one.en for one in why)
                raise RuleBroken(
                    HOUSE_RULES,
                    accepted=Text("a case that can go on under it", "可依其继续办理的案件"),
                    rulebook=after,
                    why=reason,
                )
            case.rulebook = after
            return (Rebased(subject=case.id, by=actor.id, at=call["at"], before=before, after=after),)

        return self._change("rebase", self._cases.rebase, id, command, call)

    # --- erasing (KRN-14)
    def erase(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """Erase what the case holds about people, on the trail and in refusals too; figures and seals stay.

        Under a hold it is restricted instead, and erased when the hold ends. [KRN-14]
        """
        return self._erase(id, [], call)

    def forget(self, id: str, *, by: Actor, at: datetime) -> Erasure:
        """Like :meth:`erase`, but returns whether the case was erased, restricted, or left unchanged. [KRN-14]"""
        outcome: list[Erasure] = []
        self._erase(id, outcome, CallOptions(by=by, at=at))
        return outcome[-1]

    def _erase(self, id: str, outcome: list[Erasure], call: CallOptions) -> Receipt:
        at, kept = call["at"], self._kept

        def command(case: C, actor: Actor, unit: Unit) -> Sequence[Event]:
            beside = keeping.held(case, at) is None and bool(kept.clear(unit, case.id))
            events = keeping.erase(kept, case, by=actor.id, at=at, beside=beside)
            outcome.append(
                Erasure.UNCHANGED
                if not events
                else Erasure.ERASED
                if isinstance(events[-1], keeping.Erased)
                else Erasure.RESTRICTED
            )
            return events

        return self._change("erase", self._cases.erase, id, command, call)

    def hold(self, id: str, code: str, until: datetime | None = None, **call: Unpack[CallOptions]) -> Receipt:
        """Keep the case from being erased, as law demands, ``until`` that instant or until it is released.

        ``code`` is one of the house's ``hold_reasons``. Another hold takes the place of one that stands. Raises
        RuleBroken, NaiveTime. [KRN-14]
        """
        at, rules, kept = call["at"], self._house.rulebook[self._cases.section], self._kept

        def command(case: C, actor: Actor, unit: Unit) -> Sequence[Event]:
            return keeping.hold(kept, case, code, until, rules, by=actor.id, at=at)

        return self._change("hold", self._cases.hold, id, command, call, code=code, until=until)

    def release(self, id: str, **call: Unpack[CallOptions]) -> Receipt:
        """End the hold: an erasure that waited for it is carried out. Raises RuleBroken where none stands. [KRN-14]"""
        at, kept = call["at"], self._kept

        def command(case: C, actor: Actor, unit: Unit) -> Sequence[Event]:
            events = keeping.release(kept, case, by=actor.id, at=at)
            if any(isinstance(event, keeping.Erased) for event in events):
                kept.clear(unit, case.id)
            return events

        return self._change("release", self._cases.hold, id, command, call)

    # --- everything of a customer
    def of_customer(
        self, customer: str, *, by: Actor, at: datetime, after: Cursor | None = None
    ) -> tuple[Sequence[str], Cursor | None]:
        """The ids of one page of a customer's cases of every branch, and where the next page begins.

        Raises NotPermitted unless ``by`` may erase them everywhere: part of a person is not erased. [KRN-14]
        """

        def work(unit: Unit) -> Page[C]:
            _require_everywhere(self._cases.erase, self._house.resolve(by))
            return self._page_of(customer, unit, after)

        page = self._store.run(work, self._of_customer("erase_customer", customer, by, at))
        return (*(case.id for case in page.items), *page.unreadable), page.next

    def export_of(self, customer: str, *, by: Actor, at: datetime) -> Iterator[Mapping[str, Any]]:
        """Everything that the cases of a customer hold, one case after the other, in clear, with their trails.

        It is noted on the trail of each case, and a refusal is kept. Raises NotPermitted unless ``by`` may export them
        everywhere, restricted ones included. [KRN-11, KRN-14]
        """
        after: Cursor | None = None
        call = self._of_customer("export_customer", customer, by, at)

        def work(unit: Unit) -> tuple[Page[C], list[Mapping[str, Any]]]:
            actor = self._house.resolve(by)
            _require_everywhere(self._cases.export, actor)
            page = self._page_of(customer, unit, after)
            for id in page.unreadable:  # an export with gaps would pass for whole
                raise Unreadable(kind=self._cases.kind.table, id=id)
            if any(case.restricted for case in page.items):
                _require_everywhere(self._cases.read_restricted, actor)
            found: list[Mapping[str, Any]] = [
                {"case": exported(case), "trail": exported(unit.trail(case.id))} for case in page.items
            ]
            unit.record([self._kept.exported(subject=case.id, by=by.id, at=call.at) for case in page.items])
            return page, found

        while True:
            page, found = self._store.run(work, call)
            yield from found
            after = page.next
            if after is None:
                return

    def _of_customer(self, name: str, customer: str, by: Actor, at: datetime) -> Call:
        return Call(f"{self._cases.kind.table}.{name}", by.id, utc(at))

    def _page_of(self, customer: str, unit: Unit, after: Cursor | None) -> Page[C]:
        whose = self._kept.customer
        if whose is None:
            return Page((), None)
        return unit.of(self._cases.kind).find(Query((whose.is_(customer),), limit=_PAGE, after=after))

    @property
    def _kept(self) -> keeping.Keeping:
        kept = self._cases.keeping
        assert kept is not None, f"{self._cases.kind.table}: its CaseType declares no keeping"  # noqa: S101
        return kept


def with_further(service: object) -> tuple[CaseService[Any, Any], ...]:
    """The services of a context's kinds of case, by the context's service: for jobs that go over every case of
    somebody. That service is one of them, or only has them beside it.
    """
    further: tuple[CaseService[Any, Any], ...] = getattr(service, "_further", ())
    return (service, *further) if isinstance(service, CaseService) else further


def derived_of(service: object) -> tuple[Derived[Any], ...]:
    """The rows that a service keeps of its cases, and how they are made again."""
    return service._derived if isinstance(service, CaseService) else ()  # noqa: SLF001 - as above


def _require_everywhere(action: Action, actor: Actor) -> None:
    # No record is nobody's and of no branch, so only the widest scope reaches it.
    actor.require(action, owner="", branch="")
