"""Contract of a kind of case: what every context owes whatever its rules are, tried from its own declaration.

A context's tests give one sample of each command and hold only its rules; moves and permissions from every state,
refusals that change nothing, keys, versions, wrong arguments, texts, personal words, bodies, clocks, statements and
stores in lockstep are tried here. What a kind does not have (occasions, clocks, parts, a queue) is not asked for::

    class TestOrders(CaseContract):
        cases = ORDER_CASES
        samples = {"prescribe": by("functional_doctor", "customer-1", [FISH_OIL]), "sign": by("health_manager")}

        @pytest.fixture
        def open_desk(self, desks):
            return lambda backend: desks(backend, rulebook="medical_centre")

        def does(self, desk):
            return desk.orders

Where acts need ports, ``hand`` makes them with fakes, and ``asks`` says what the ports say to a store; where an opening
needs something to be there, ``prepare`` puts it onto every desk; where no two cases are opened alike, the opening's
sample is :func:`numbered`. A command may have several samples: ``improve/verify`` is another one of ``improve``.

How cases are led to where they are tried: :mod:`csdomain.testing.stands`.
"""

import inspect
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from itertools import cycle
from typing import Any, ClassVar, Final, get_args

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csdomain.desk import Desk, load_rulebook, shipped_names
from csdomain.frame.acts import Told
from csdomain.frame.cases import CaseType
from csdomain.frame.commands import Command
from csdomain.frame.service import CaseService
from csdomain.kernel.cases.effects import CancelTimers, Message, StartTimer
from csdomain.kernel.cases.timers import LIVE
from csdomain.kernel.rules.errors import (
    Conflict,
    DomainError,
    InvalidValue,
    KeyReused,
    MoveRefused,
    NaiveTime,
    NotFound,
    NotPermitted,
    RuleBroken,
)
from csdomain.kernel.store.kinds import Query, Tally
from csdomain.kernel.store.ports import Receipt
from csdomain.kernel.values.actors import Actor, ActorId, Scope
from csdomain.kernel.values.arguments import MOST, WrongArgument, holds, is_command
from csdomain.kernel.values.codec import make_converter, plain
from csdomain.kernel.values.ids import IdKind, MalformedId, WrongKind
from csdomain.kernel.values.personal import erased, exported

from .kit import MovableClock, memory_desk, snapshot, staff
from .stands import MARK, MINUTE, Bench, Model, Sample, Stand, by, numbered, said, slots, unchanged, use_of, with_case
from .values import check_fields, values_in

NAIVE: Final = datetime(2026, 3, 4, 2, 0)  # noqa: DTZ001 - naive on purpose
JUNK: Final[tuple[Any, ...]] = (
    None,
    "",
    1,
    True,
    1.5,
    b"x",
    [],
    ["x"],
    [None],
    {},
    {"a": 1},
    set(),
    object(),
    datetime,
)
#: Texts that not every database keeps, or only cut short.
BAD_TEXTS: Final = ("a\0b", "\ud800", "x" * 5000)
_LANGUAGES: Final = ("zh_hans", "zh_hant", "en")
_CONVERTER: Final = make_converter()
_OTHER: Final = IdKind[str]("oth")


def outcome(work: Callable[[], Any]) -> Any:
    """What a call came to: its answer, or all that an error says."""
    try:
        return work()
    except DomainError as error:
        return type(error), error.rule.id, dict(error.facts), error.render("en"), error.render("zh")


def reaching(who: Actor, case: Any, desk: Any, action: Any, kind: Any) -> bool:
    """Whether somebody's permission reaches a case."""
    scope = desk.house.resolve(who).grants.get(action)
    owners = [case.owner, *(field.of(case) for field in kind.owners)]
    branches = [case.branch, *(field.of(case) for field in kind.branches)]
    return scope is Scope.ALL or (scope is Scope.BRANCH and who.branch in branches) or who.id in owners


class CaseContract:
    """What a kind of case owes. Give ``cases``, ``samples`` (the opening first), ``open_desk`` and ``does``."""

    cases: ClassVar[CaseType]
    samples: ClassVar[Mapping[str, Sample]]
    rulebook: ClassVar[Any]
    backends: ClassVar[Sequence[str]] = ("memory",)
    #: Texts that commands take and that are no person's words: ids and numbers of the house's own.
    ids: ClassVar[frozenset[str]] = frozenset()
    #: The variant of the flow that the cases take; None where there is only one.
    path: ClassVar[str | None] = None
    #: Commands that this variant of the flow has no use for: they have no sample.
    absent: ClassVar[frozenset[str]] = frozenset()
    #: Steps of the table and commands of parts, by state and sample, that no case ever makes.
    never: ClassVar[frozenset[tuple[str, str]]] = frozenset()
    #: Commands after which others can be made in the same state; None: every one may be. See `stands`.
    prepares: ClassVar[frozenset[str] | None] = None
    #: Occasions that nobody is told of on this path; a book may leave out their texts.
    untold: ClassVar[frozenset[str]] = frozenset()
    #: Texts that the samples leave out, because the house has none: fields of its own, say.
    unfilled: ClassVar[frozenset[str]] = frozenset()
    #: Makes an act of the pure model, where the context's acts need ports: see :class:`Bench`.
    hand: ClassVar[Callable[..., Any] | None] = None
    #: What the ports of a command say to a store before anything is written, by use case, in order.
    asks: ClassVar[Mapping[str, Sequence[str]]] = {}
    #: Commands of another kind of case that the service has at hand as well.
    beside: ClassVar[frozenset[str]] = frozenset()
    #: Many hands work on it: an act that comes late is taken, and refused only where it is later than the house allows.
    shared: ClassVar[bool] = False
    #: Timers, by the beginning of their names, that may run on when a case is at its end.
    outlives: ClassVar[tuple[str, ...]] = ()
    _models: ClassVar[dict[type, Model]] = {}

    @pytest.fixture
    def open_desk(self) -> Callable[[str], Desk]:
        """Opens a desk on an empty store of a backend, with counting ids and a clock that is moved."""
        return lambda _: memory_desk(self.rulebook)

    @pytest.fixture
    def opened(self, open_desk: Callable[[str], Desk]) -> Callable[[str], Desk]:
        """Opens a desk that is prepared."""

        def opened(backend: str) -> Desk:
            desk = open_desk(backend)
            self.prepare(desk)
            return desk

        return opened

    def apart(self, case: Any) -> Hashable:
        """What else tells cases in the same state apart, by what can be done with them. See the module."""
        return None

    @classmethod
    def books(cls) -> list[Any]:
        """The rulebooks that are looked at, by name or loaded: the shipped ones that have the kind of case."""
        return [name for name in shipped_names() if cls.cases.section in load_rulebook(name)]

    @classmethod
    def states(cls) -> list[Enum]:
        """The states of the path."""
        table = cls.cases.commands.table
        there = {table.initial, *(step.dest for step in table.steps if step.on(cls.path))}
        return [state for state in table.states if state in there]

    def prepare(self, desk: Any) -> None:
        """Put onto a new desk what has to be there before a case is opened."""

    def does(self, desk: Any) -> Any:
        """The service at a desk."""
        raise NotImplementedError("say which service of the desk it is")

    def said_by(self, desk: Desk) -> Callable[[Callable[[], object]], list[str]] | None:
        """Hears the statements of a desk's store: ``INSERT INTO csd_audit``; None where it has none."""
        return None

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Each test for each backend, sample or state that it asks for; of samples on backends each on one, in turn.

        What a store does with a use case is not the use case's own: every backend sees all of them in lockstep.
        """
        names = list(self.samples)
        if {"backend", "use"} <= {*metafunc.fixturenames}:
            metafunc.parametrize(("backend", "use"), list(zip(cycle(self.backends), names, strict=False)))
            return
        for name, values in (
            ("backend", self.backends),
            ("use", names),
            ("state", self.states()),
            ("book", self.books()),
        ):
            if name in metafunc.fixturenames:
                metafunc.parametrize(
                    name,
                    values,
                    ids=[getattr(value, "value", None) or str(getattr(value, "ref", value)) for value in values],
                )

    @pytest.fixture
    def model(self) -> Model:
        """The pure model, explored once."""
        return self.model_of()

    def model_of(self) -> Model:
        """The pure model, explored once."""
        found = self._models.get(type(self))
        if found is None:
            service = self.does(memory_desk(self.rulebook))
            found = self._models[type(self)] = Model(
                self.cases, service, self.samples, self.hand, self.prepares, self.apart
            )
        return found

    # --- a case at a desk
    def at(self, desk: Any) -> datetime:
        """A minute later."""
        clock: MovableClock = desk.clock
        return clock.advance(MINUTE)

    def given(self, desk: Any, use: str, case: Any) -> dict[str, Any]:
        """What a use case is given at a desk by its sample, by name."""
        each = Tally[Any](group_by=("branch",))
        there = desk.store.look(lambda unit: unit.of(self.cases.kind).tally(each)) if case is None else ()
        return self.model_of().given(use, case, sum(row.count for row in there))

    def do(self, desk: Any, use: str, id: str, case: Any, **options: Any) -> Receipt:
        """A command with its sample, by who makes it, unless ``options`` say otherwise."""
        told = {"by": staff(desk)[self.samples[use].position], "at": self.at(desk)}
        first = {"id": id} if id else {}
        given = {} if options.keys() & self.model_of().taken(use).keys() else self.given(desk, use, case)
        done: Receipt = getattr(self.does(desk), use_of(use))(**first, **{**told, **given, **options})
        return done

    def stored(self, desk: Any, id: str) -> Any:
        """The case as it is stored."""
        return desk.store.look(lambda unit: unit.of(self.cases.kind).get(id))

    def led(self, desk: Any, way: Sequence[str]) -> str:
        """A case that went this way."""
        id = ""
        for use in way:
            id = self.do(desk, use, id, self.stored(desk, id) if id else None).id
        return id

    def everything(self, desk: Any) -> dict[str, Any]:
        """All that the store shows but refusals."""
        seen = snapshot(desk.store, (self.cases.kind,), subjects=("",))
        return {name: part for name, part in seen.items() if name != "refusals"}

    def refused(
        self, desk: Any, id: str, error: type[DomainError] | tuple[type[DomainError], ...], work: Callable[[], object]
    ) -> DomainError:
        """The error of a use case, after which all is as it was; a broken rule is on record."""
        before = self.everything(desk)
        caught = self._on_record(desk, id, error, work)
        assert self.everything(desk) == before
        return caught

    def _on_record(
        self, desk: Any, id: str, error: type[DomainError] | tuple[type[DomainError], ...], work: Callable[[], object]
    ) -> DomainError:
        """The error of a use case; a broken rule is on record."""
        kept = len(desk.store.look(lambda unit: unit.session.refusals(id)))
        with pytest.raises(error) as caught:
            work()
        told = desk.store.look(lambda unit: unit.session.refusals(id))[kept:]
        expected = [(caught.value.rule.id, caught.value.code)] if isinstance(caught.value, RuleBroken) else []
        assert [(refusal.rule, refusal.code) for refusal in told] == expected
        return caught.value

    # --- moves
    def test_every_command_has_a_sample_and_a_move(self, model: Model) -> None:
        service = type(model.service)
        own = {n for n, f in inspect.getmembers(service, inspect.isfunction) if f is not getattr(CaseService, n, None)}
        there = {n for n in own if is_command(getattr(service, n))}
        asked = {n for n in there if typing.get_type_hints(getattr(service, n)).get("return") is Receipt}
        assert asked - self.beside - self.absent == {use_of(name) for name in self.samples}
        assert self.beside | self.absent <= asked
        marked = [self._marked(model, use) for use in self.samples]
        made = {(m.table.name, m.move.value) for m in marked if m.table is not None and m.move is not None}
        commands = self.cases.commands
        parts = {name for name, _ in made}
        steps = [step for step in commands.table.steps if step.on(self.path) and step.trigger in commands.made]
        never = {(state, use_of(name)) for state, name in self.never}
        wanted = {
            (commands.table.name, step.trigger.value)
            for step in steps
            if step.source is None or (step.source.value, step.trigger.value) not in never
        }
        # A kind of part that no sample moves is none of this path: its commands are absent by name.
        wanted |= {(p.table.name, move.value) for p in self.cases.parts if p.table.name in parts for move in p.made}
        assert made == wanted

    def _marked(self, model: Model, use: str) -> Command:
        return model.marked(use, self._case_for(model, use))

    def test_each_state_takes_exactly_the_moves_of_its_table_by_who_may(self, model: Model, state: Enum) -> None:
        stands = model.in_state(state)
        assert stands, f"no sample leads to {state.value}"
        done: set[str] = set()
        for stand in stands:
            for use in model.later:
                there = model.step_there(use, stand.case)
                marked = model.marked(use, stand.case)
                tries: list[tuple[Actor, tuple[type[DomainError], ...]]] = [
                    (model.maker(use), self._refusing(marked)),
                    (model.maker(use, marked.action), self._refusing(marked)),
                ]
                if there:
                    tries = [
                        (model.maker(use, marked.action), (NotPermitted,)),
                        (Actor(ActorId("x"), "hq"), (NotPermitted,)),
                    ]
                for who, errors in tries:
                    case = attrs.evolve(stand.case)
                    with pytest.raises(errors):
                        model.make(use, case, who=who)
                    assert case == stand.case
                if there and self._moves(model, use, stand, only=marked.action):
                    done.add(use)
        for use in model.later:
            if any(model.step_there(use, stand.case) for stand in stands) and (state.value, use) not in self.never:
                assert use in done, f"{use} is in the table of {state.value}, and no sample makes it there"

    def _refusing(self, marked: Command) -> tuple[type[DomainError], ...]:
        """How a move is refused that is not there, or whose part is not."""
        named = [each for each in self.cases.parts if each.table is marked.table and each.missing is not None]
        return (MoveRefused, NotFound, *([RuleBroken] if named else []))

    def _moves(self, model: Model, use: str, stand: Stand, only: str) -> bool:
        """Whether the command is made by who may only that; refused by a rule, it has changed nothing."""
        case = attrs.evolve(stand.case)
        try:
            _, events = model.make(use, case, who=model.maker(use, only=only))
        except (RuleBroken, InvalidValue) as error:
            assert not isinstance(error, MoveRefused | NotPermitted), error  # noqa: PT017 - either may come
            assert case == stand.case
            assert error.accepted is not None, f"{use} does not say what it would accept"  # noqa: PT017
            return False
        event, at = events[0], stand.case.moved_at + MINUTE
        assert isinstance(event, Told)
        assert (event.subject, event.by, event.at) == (stand.case.id, self.samples[use].position, at)
        assert case.moved_at == (stand.case.moved_at if self.shared else at)
        marked = model.marked(use, stand.case)
        if not marked.of_part and marked.move is not None:
            path, table = self.cases.commands.path(stand.case), self.cases.commands.table
            (step,) = [
                s for s in table.steps if (s.trigger, s.source) == (marked.move, stand.case.state) and s.on(path)
            ]
            took = (step.trigger.value, stand.case.state.value, step.dest.value)
            assert took == (event.move, event.source, event.dest)
            assert case.state is step.dest or len(events) > 1  # another step followed by itself
        plain({field.name: getattr(event, field.name) for field in attrs.fields(type(event))})
        return True

    def test_nothing_happens_before_what_has_happened(self, model: Model) -> None:
        for use in model.later:
            stand = model.taking(use)
            assert stand is not None, use
            case = attrs.evolve(stand.case)
            if self.shared:
                assert model.make(use, case, at=stand.case.moved_at)[1], use
                continue
            with pytest.raises(RuleBroken):
                model.make(use, case, at=case.moved_at - MINUTE)
            assert case == stand.case, use

    # --- refusals, on every store
    def test_a_refusal_changes_nothing_and_is_kept(self, opened: Any, model: Model, backend: str) -> None:
        with opened(backend) as desk:
            stranger = desk.actor("stranger", branch="hq", positions=())
            for state in self.states():
                stand = model.in_state(state)[0]
                id = self.led(desk, stand.way)
                case, before = self.stored(desk, id), self.everything(desk)
                for use in model.later:
                    there, holder = model.step_there(use, case), staff(desk)[self.samples[use].position]
                    wrong = self._refusing(model.marked(use, case))
                    who, error = (stranger, (NotPermitted,)) if there else (holder, wrong)
                    self._on_record(desk, id, error, lambda: self.do(desk, use, id, case, by=who))  # noqa: B023 - at once
                    marked = model.marked(use, case)
                    opens_a_part = (
                        marked.of_part
                        and marked.table is not None
                        and any(step.source is None for step in marked.table.steps if step.trigger is marked.move)
                    )
                    if self.cases.read in desk.house.resolve(holder).grants and not opens_a_part:
                        listed = self._listed(desk, marked, id, holder)
                        assert there or not listed, use
                        if there and not listed:  # then it is refused
                            self._on_record(desk, id, (RuleBroken, InvalidValue), lambda: self.do(desk, use, id, case))  # noqa: B023
                # Once for all: what one of them had changed would still be there.
                assert self.everything(desk) == before, f"a refusal in {state.value} changed something"

    def _listed(self, desk: Any, marked: Command, id: str, who: Actor) -> bool:
        """Whether the moves that are listed for somebody have this one, and now."""
        does = self.does(desk)
        at = self.at(desk)
        parts = does.part_moves(id, by=who, at=at) if marked.of_part else ()
        lists = [each.moves for each in parts] if marked.of_part else [does.moves(id, by=who, at=at)]
        return any(one.move is marked.move and one.allowed for moves in lists for one in moves)

    def _reader(self, desk: Any) -> Actor:
        everywhere = (w for w in staff(desk).values() if desk.house.resolve(w).grants.get(self.cases.read) is Scope.ALL)
        return next(everywhere)

    def test_keys_versions_times_and_ids(self, opened: Any, model: Model, backend: str, use: str) -> None:
        with opened(backend) as desk:
            opening, stand = model.opens(use), model.taking(use)
            id = "" if stand is None else self.led(desk, stand.way)
            case = self.stored(desk, id) if id else None
            at = self.at(desk)
            self.refused(desk, id, NaiveTime, lambda: self.do(desk, use, id, case, at=NAIVE))
            if case is not None:
                version: int = case.version
                self.refused(
                    desk, id, Conflict, lambda: self.do(desk, use, id, case, at=at, expected_version=version + 1)
                )
                for wrong, error in (
                    ("", MalformedId),
                    (_OTHER.make(millis=0, randomness=1), WrongKind),
                    (self.cases.kind.id.make(millis=0, randomness=99), NotFound),
                ):
                    self.refused(desk, wrong, error, lambda: self._called(desk, use, wrong, case, at))  # noqa: B023
            given = self.given(desk, use, case)
            first = self.do(desk, use, id, case, at=at, key="k", **given)
            after = self.everything(desk)
            assert self.do(desk, use, id, case, at=at + MINUTE, key="k", **given) == first
            assert self.everything(desk) == after
            if not opening:
                other = self.led(desk, stand.way if stand else ())
                self.refused(
                    desk, other, KeyReused, lambda: self.do(desk, use, other, self.stored(desk, other), key="k")
                )

    def _called(self, desk: Any, use: str, id: str, case: Any, at: datetime) -> Any:
        who = staff(desk)[self.samples[use].position]
        return getattr(self.does(desk), use_of(use))(id, **self.given(desk, use, case), by=who, at=at)

    def test_a_wrong_argument_is_refused_by_name(self, opened: Any, model: Model, use: str) -> None:
        with opened("memory") as desk:
            stand = model.taking(use)
            id = "" if stand is None else self.led(desk, stand.way)
            given = self.given(desk, use, stand and stand.case)
            before = self.everything(desk)
            for name, hint in model.taken(use).items():
                assert not holds(hint)(object()), f"{use}: nothing is wrong for {name}"
                for junk in JUNK:
                    if holds(hint)(junk):
                        continue
                    by_rule = name in model.by_rule(use)
                    with pytest.raises(DomainError if by_rule else WrongArgument) as refused:
                        self.do(desk, use, id, None, **{**given, name: junk})
                    assert by_rule or refused.value.facts == {"field": name, "given": type(junk).__name__}
                if isinstance(given.get(name), list | tuple):
                    with pytest.raises(WrongArgument) as refused:
                        self.do(desk, use, id, None, **{**given, name: [*given[name][:1]] * (MOST + 1)})
                    assert refused.value.facts["field"] == name
                for value in values_in(given.get(name)):
                    check_fields(value)
            assert self.everything(desk) == before

    def test_no_text_gets_in_that_a_store_cannot_keep(self, model: Model, use: str) -> None:
        case = self._case_for(model, use)
        given, hints = model.given(use, case), model.taken(use)
        for name in given:
            for slot in set(slots(hints[name], f"{use_of(use)}.{name}")) - self.unfilled:
                for bad in BAD_TEXTS:
                    changed = said(given[name], hints[name], f"{use_of(use)}.{name}", slot, "-")
                    if changed == given[name] and self._filled(model, slot):
                        break
                    copy = case if case is None else attrs.evolve(case)
                    with pytest.raises((InvalidValue, RuleBroken, NotFound)) as refused:  # noqa: PT012 - made or made use of
                        changed = said(given[name], hints[name], f"{use_of(use)}.{name}", slot, bad)
                        model.make(use, copy, given={**given, name: changed})
                        pytest.fail(f"{slot} takes {bad[:9]!r}")
                    assert copy == case, f"{slot} changed something"
                    assert slot in self.ids or bad not in repr(refused.value.facts)

    def test_an_instant_without_a_zone_is_refused(self, model: Model, use: str) -> None:
        case = self._case_for(model, use)
        for name, hint in model.taken(use).items():
            if hint is datetime or datetime in get_args(hint):
                copy = case if case is None else attrs.evolve(case)
                with pytest.raises(NaiveTime):
                    model.make(use, copy, given={**model.given(use, case), name: NAIVE})
                assert copy == case, f"{name} changed something"

    @staticmethod
    def _case_for(model: Model, use: str) -> Any:
        stand = model.taking(use)
        return None if stand is None else stand.case

    def _filled(self, model: Model, slot: str) -> bool:
        """Whether the sample of another command holds a text there. Raises AssertionError where none does."""
        for other in self.samples:
            given = model.given(other, self._case_for(model, other))
            for name, value in given.items():
                hint, at = model.taken(other)[name], f"{use_of(other)}.{name}"
                if slot in slots(hint, at) and said(value, hint, at, slot) != value:
                    return True
        raise AssertionError(f"no sample holds a text for {slot}")

    # --- permissions and texts of the house
    def test_somebody_may_do_whatever_can_be_done(self, book: Any) -> None:
        permissions = memory_desk(book).house.permissions
        steps = self.cases.commands.table.steps
        off_path = {step.action for step in steps} - {step.action for step in steps if step.on(self.path)}
        nobodys = [a for a in self.cases.actions if a not in off_path and not permissions.holders(a)]
        unused = self.cases.section.always and len(nobodys) == len(self.cases.actions)  # the book only has it
        assert nobodys == [] or unused

    def test_every_occasion_has_its_text_in_every_language(self, book: Any) -> None:
        messages = content_of(book).get("messages", {}).get("templates", {})
        for occasion in self.cases.section.occasions:
            texts = messages.get(occasion.name)
            if occasion.name in self.untold and not texts:
                continue
            assert texts, f"{book} has no text for {occasion.name}"
            for channel, said_in in texts.items():
                assert set(said_in) == set(_LANGUAGES), (occasion.name, channel)

    def test_a_message_carries_every_fact_of_its_occasion_and_no_other(self, opened: Any, model: Model) -> None:
        with opened("memory") as desk:
            for use in self.samples:
                stand = model.taking(use)
                self.led(desk, (use,) if stand is None else (*stand.way, use))
            desk.clock.advance(timedelta(days=400))
            desk.sweep()
            queued = desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=10_000))
            declared = {occasion.name: set(occasion.placeholders) for occasion in self.cases.section.occasions}
            told = {message.occasion for message in queued}
            assert told == declared.keys() - self.untold, sorted(told ^ (declared.keys() - self.untold))
            for message in queued:
                assert set(message.facts) == declared[message.occasion], message

    # --- bodies and words
    def test_a_case_is_read_as_it_was_stored(self, model: Model) -> None:
        for stand in model.stands:
            body = _CONVERTER.unstructure(stand.case)
            back = _CONVERTER.structure(body, self.cases.kind.type)
            assert back == stand.case
            self.cases.kind.row(stand.case)

    def test_what_people_say_is_erased(self, model: Model, use: str) -> None:
        case = self._case_for(model, use)
        given, hints = model.given(use, case), model.taken(use)
        for name in given:
            for slot in set(slots(hints[name], f"{use_of(use)}.{name}")) - self.ids - self.unfilled:
                told = {n: said(v, hints[n], f"{use_of(use)}.{n}", slot) for n, v in given.items()}
                if told == given and self._filled(model, slot):
                    continue
                done, events = model.make(use, case if case is None else attrs.evolve(case), given=told)
                assert MARK in repr(exported(done)) or any(MARK in getattr(e, "reason", "") for e in events), (
                    f"{slot} is nowhere"
                )
                assert MARK not in repr(exported(erased(done))), f"{slot} outlives erasing: mark its field personal"
                for event in events:
                    facts = {f.name: getattr(event, f.name) for f in attrs.fields(type(event)) if f.name != "reason"}
                    assert MARK not in repr(facts), f"{slot} is a fact of {event.name}"

    def test_a_queue_holds_what_is_not_at_its_end_or_all_by_whose_it_is(self, opened: Any, model: Model) -> None:
        with opened("memory") as desk:
            # The first of each state and owner: a queue asks for nothing else.
            shown = {(stand.case.state, stand.case.owner): stand for stand in reversed(model.stands)}
            ids = [self.led(desk, stand.way) for stand in shown.values()]
            ended = frozenset() if self.cases.kind.queue is None else self._final
            cases = {id: self.stored(desk, id) for id in ids}
            readers, owners = desk.house.permissions.holders(self.cases.read), {c.owner for c in cases.values()} - {""}
            theirs = [desk.actor(id, branch="hq", positions=(reader,)) for id in owners for reader in readers]
            for who in (*staff(desk).values(), *theirs):
                if self.cases.read not in desk.house.resolve(who).grants:
                    continue
                mine = {id for id, c in cases.items() if c.owner == who.id and c.state not in ended}
                page = self.does(desk).queue(Query(limit=len(ids)), by=who)
                found = {case.id for case in page.items}
                assert found == {id for id in mine if reaching(who, cases[id], desk, self.cases.read, self.cases.kind)}

    @property
    def _final(self) -> frozenset[Enum]:
        return self.cases.commands.table.final

    # --- clocks and statements
    def test_no_clock_outlives_a_case(self, opened: Any, model: Model) -> None:
        with opened("memory") as desk:
            last = [stand.way for state in self._final for stand in model.in_state(state)]
            # From each state, with what was prepared there, to each end that it has.
            for stand in {(stand.case.state, stand.made): stand for stand in reversed(model.stands)}.values():
                last += [(*stand.way, use) for use in model.later if model.leads(use, stand) in self._final]
            for way in last:
                id = self.led(desk, way)
                assert self.stored(desk, id).state in self._final
                running = [t for t in desk.store.look(lambda u: u.timers_of(id)) if t.state in LIVE]  # noqa: B023
                assert [t.name for t in running if not t.name.startswith(self.outlives or ("-",))] == [], way
                for explained in self.does(desk).deadlines(id, by=self._reader(desk), at=desk.clock.now()):
                    assert explained.due_at

    def test_a_use_case_costs_what_it_writes(self, opened: Any, model: Model, backend: str, use: str) -> None:
        with opened(backend) as desk:
            hear = self.said_by(desk)
            if hear is None:
                return
            stand = model.taking(use)
            self.led(desk, (model.opening,))  # and the rulebook is stored with the first
            id = "" if stand is None else self.led(desk, stand.way)
            case = self.stored(desk, id) if id else None
            given, first = self.given(desk, use, case), 0 if case is None else 1
            said_ = hear(lambda: self.do(desk, use, id, case, **given))
            asks = list(self.asks.get(use_of(use), ()))
            assert said_[first : first + len(asks)] == asks, said_
            del said_[first : first + len(asks)]
            made, events = model.make(use, None if case is None else attrs.evolve(case))
            place = model.service._house.place("hq")
            effects = self.cases.effects.of(events, made, model.service._house.rulebook[self.cases.section], place)
            begun = sum(isinstance(effect, StartTimer) for effect in effects)
            told = any(isinstance(effect, Message) for effect in effects)
            changes = len(effects) - begun - sum(isinstance(effect, Message) for effect in effects)
            most = (0 if case is None else 1) + 1 + 1 + begun + (1 + changes if changes else 0) + told
            table = f"csd_{self.cases.kind.table}"
            beside = ("INSERT INTO csd_number", "INSERT INTO csd_paper", "INSERT INTO csd_chronicle")
            numbers = [s for s in said_ if s in beside]
            cancels = sum(isinstance(effect, CancelTimers) for effect in effects)
            if backend != "sqlite" and "SELECT csd_audit" in said_:  # a server's trail is read where it ends, to go on
                said_.remove("SELECT csd_audit")
            assert len(said_) <= most + len(numbers) + 3 * cancels, said_
            assert [s for s in said_ if s.endswith(table)] == (
                [f"INSERT INTO {table}"] if case is None else [f"SELECT {table}", f"UPDATE {table}"]
            )
            assert said_.count("INSERT INTO csd_audit") == 1

    # --- stores in lockstep
    def test_stores_behave_alike(self, opened: Any, model: Model, backend: str) -> None:
        if backend == "memory":
            return
        usual, wide = settings.default, list(self.samples)
        assert usual is not None
        step = st.tuples(
            st.sampled_from(wide),
            st.integers(0, 3),
            st.sampled_from(["its", "its", "its", *sorted({s.position for s in self.samples.values()}), "stranger"]),
            st.sampled_from([None, None, "k1", "k2"]),
            st.sampled_from([None, None, None, 1, 2, -1]),
            st.sampled_from([0, 0, 1, 30, -1]),
        )

        @settings(
            max_examples=max(3, usual.max_examples // (4 if backend == "sqlite" else 10)),
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        )
        @given(st.sampled_from(model.stands), st.lists(step, max_size=12))
        def alike(stand: Stand, steps: list[Any]) -> None:
            way = [(use, 0, "its", None, None, 0) for use in stand.way]
            with opened("memory") as one, opened(backend) as two:
                ids: list[str] = []
                for use, which, who, key, expected, hours in (*way, *steps):
                    answers = []
                    for desk in (one, two):
                        desk.clock.advance(MINUTE)
                        opening = model.opens(use)
                        id = "" if opening else ids[-1 - which % len(ids)] if ids else "oth_1"
                        people = staff(desk)
                        stranger = desk.actor("stranger", branch="hq", positions=())
                        by_ = people[self.samples[use].position] if who == "its" else people.get(who, stranger)
                        options = {"by": by_, "at": desk.clock.now() + timedelta(hours=hours), "key": key}
                        options |= {} if opening else {"expected_version": expected}

                        def work(desk: Any = desk, id: str = id, use: str = use, options: Any = options) -> Any:
                            stand = model.taking(use)
                            case = self.stored(desk, id) if id in ids else stand and stand.case
                            first = {} if model.opens(use) else {"id": id}
                            return getattr(self.does(desk), use_of(use))(
                                **first, **self.given(desk, use, case), **options
                            )

                        answers.append(outcome(work))
                    assert answers[0] == answers[1]
                    if isinstance(answers[0], Receipt) and answers[0].id not in ids:
                        ids.append(answers[0].id)
                for desk in (one, two):
                    desk.clock.advance(timedelta(days=60))
                    desk.sweep()
                kinds = (self.cases.kind,)
                assert snapshot(one.store, kinds, subjects=("",)) == snapshot(two.store, kinds, subjects=("",))

        alike()


def content_of(book: Any) -> dict[str, Any]:
    """The data of a rulebook, shipped or loaded."""
    from csdomain.rulebook.loader import content

    return content((load_rulebook(book) if isinstance(book, str) else book).canonical)


__all__ = ["Bench", "CaseContract", "Model", "Sample", "Stand", "by", "numbered", "unchanged", "with_case"]
