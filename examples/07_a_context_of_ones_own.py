"""A context of one's own in one file: what customers leave behind is kept, and given back.

Everything that a context needs is here: a rule, a lifecycle, a kind of case with its commands, what follows from them,
the section of the rulebook, texts, a service. The frame adds the rest: loading under a permission, idempotency keys,
versions, audit, tables, queues, erasing.

An installed package names CONTEXT as an entry point of the group ``csdomain.contexts``, called like the context; an app
that is no package calls ``plug_in``.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum, unique
from typing import ClassVar, Final, NewType, Unpack

import attrs

import csdomain
from csdomain.contexts import plug_in, taken
from csdomain.desk import shipped
from csdomain.frame.acts import Act, Events, Told, stamped
from csdomain.frame.cases import CaseType, Record, usual
from csdomain.frame.commands import Commands
from csdomain.frame.contexts import Context
from csdomain.frame.effects import Effects, Scene, occasions
from csdomain.frame.fields import Fields, words
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import TimerBreached
from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps
from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.ports import Receipt
from csdomain.kernel.values.durations import Duration
from csdomain.kernel.values.ids import IdKind
from csdomain.rulebook import Rulebook, Section, loads
from csdomain.testing import MovableClock, no_holidays, staff

KEPT: Final = Rule("LAF-01", "What was found is kept for the time that the house sets.", zh="拾获物品须保管一段时间。")
FindId = NewType("FindId", str)
FIND_ID: Final = IdKind[FindId]("fnd")


class MalformedFind(InvalidValue):
    """What was said of a find is missing or too long (LAF-01)."""

    default_rule = KEPT
    problem = Text("The find is not described.", "未说明拾获物品。")


FIELDS: Final = Fields(MalformedFind)


# --- the section [finds] of a rulebook, and the texts of what is told
@attrs.frozen(kw_only=True)
class FindRules:
    """How long finds are kept, and the position that is told when nobody came for one."""

    keep: Duration
    keeper: str


UNCLAIMED: Final = {
    "zh_hans": "物品{number}无人认领，请处理。",
    "zh_hant": "物品{number}無人認領，請處理。",
    "en": "Nobody came for find {find}. Please see to it.",
}
FIND_RULES: Section[FindRules] = Section(
    "finds",
    FindRules,
    occasions=occasions("find", {}, {"unclaimed": {}}),
    labels={
        "": Text("finds", "拾获物品"),
        "keep": Text("time that finds are kept", "保管期限"),
        "keeper": Text("who is told of unclaimed finds", "无人认领时的通知对象"),
    },
    texts={"find.unclaimed": {"in_app": UNCLAIMED}},
)


# --- the lifecycle: the permission of a move is ``finds.<move>``
@unique
class State(Enum):
    """Where a find is."""

    KEPT = "kept"
    GIVEN_BACK = "given_back"


@unique
class Move(Enum):
    """What is done with a find."""

    KEEP = "keep"
    GIVE_BACK = "give_back"


MOVES: Final = Lifecycle(
    "find",
    State,
    State.KEPT,
    steps("finds", Row(Move.KEEP, None, State.KEPT, KEPT), Row(Move.GIVE_BACK, State.KEPT, State.GIVEN_BACK, KEPT)),
)


@attrs.frozen(kw_only=True)
class FindMoved(Told):
    """Something happened to a find (LAF-01)."""

    owner: str = stamped()


@attrs.frozen(kw_only=True)
class FindKept(FindMoved):
    """Something was found (LAF-01)."""


@attrs.frozen(kw_only=True)
class FindGivenBack(FindMoved):
    """Whoever it belongs to has it again (LAF-01)."""


# --- the case and its commands
does: Final = Commands(MOVES)
FindAct = Act[FindRules]


@attrs.define(kw_only=True)
class Find(Record):
    """Something that somebody left behind. What people say of it is personal data: ``words``."""

    id: FindId = attrs.field(on_setattr=attrs.setters.frozen)
    state: State = State.KEPT
    what: str = words()
    claimant: str = words(default="")

    @property
    def number(self) -> str:
        """Finds have no number."""
        return ""

    @staticmethod
    @does.opens(Move.KEEP)
    def keep(act: FindAct, what: str) -> tuple["Find", Events]:
        """Something was found."""
        find = Find(
            id=act.new(FIND_ID),
            branch=act.by.branch,
            owner=act.by.id,
            rulebook=act.rulebook,
            moved_at=act.at,
            what=FIELDS.check_text(what, "what"),
        )
        return find, act.opened(find, FindKept())

    @does(Move.GIVE_BACK)
    def give_back(self, act: FindAct, claimant: str) -> Events:
        """Whoever it belongs to has it again."""
        self.claimant = FIELDS.check_text(claimant, "claimant")
        return act.done(FindGivenBack())


_FIELDS: Final = usual(MOVES)
FINDS: Final = Kind(Find, FIND_ID, "find", _FIELDS, queue=_FIELDS[-1])

# --- what follows
EFFECTS: Final = Effects(FINDS, FIND_RULES)
S = Scene[FindRules]


@EFFECTS.on(FindKept)
def _kept(event: FindKept, s: S) -> Iterable[Effect]:
    yield s.clock(event, KEPT.id, s.rules.keep)


@EFFECTS.on(FindGivenBack)
def _given_back(event: FindGivenBack, s: S) -> Iterable[Effect]:
    yield s.stop(event, KEPT.id)


@EFFECTS.fires(TimerBreached, KEPT)
def _unclaimed(find: Find, fired: TimerBreached, s: S) -> Iterable[Effect]:
    yield s.tell(fired, "unclaimed", s.rules.keeper, number=find.number)


# --- the service: one method a command
FIND_CASES: Final = CaseType(FINDS, does, EFFECTS, keeping=Keeping("find"))


@attrs.frozen
class Finds(CaseService[Find, FindAct]):
    """Finds: kept, and given back."""

    _cases: ClassVar = FIND_CASES

    def keep(self, what: str, **call: Unpack[OpenOptions]) -> Receipt:
        """Somebody left something behind. Raises MalformedFind. [LAF-01]"""
        return self._begin(Find.keep, call, what)

    def give_back(self, id: str, claimant: str, **call: Unpack[CallOptions]) -> Receipt:
        """Whoever it belongs to has it again. Raises MalformedFind. [LAF-01]"""
        return self._do(Find.give_back, id, call, claimant)


CONTEXT: Final = Context("finds", Finds, (FIND_CASES,))

BOOK: Final = """
name = "hotel"
extends = "after_sales"

[finds]
keep = "30 days"
keeper = "porter"

[permissions.positions]
porter = ["porter"]

[permissions.roles.porter]
"finds.*" = "all"
"""


def book() -> Rulebook:
    """The rulebook of a house that takes the context."""
    return loads(BOOK, taken, shipped)


def main() -> None:
    """A find is kept for thirty days; the porter is told when nobody came."""
    plug_in(CONTEXT)
    clock = MovableClock()
    with csdomain.open("memory:", book(), clock=clock, holidays=no_holidays()) as desk:
        finds, porter = desk.of(CONTEXT), staff(desk)["porter"]
        umbrella = finds.keep("a black umbrella", by=porter, at=clock.now())
        hat = finds.keep("a straw hat", by=porter, at=clock.now())
        given = finds.give_back(umbrella.id, "Mr Li", by=porter, at=clock.advance(timedelta(days=2)))
        assert given.state == "given_back"
        assert [find.what for find in finds.queue(by=porter).items] == ["a straw hat"]

        clock.advance(timedelta(days=40))
        desk.sweep()
        told = desk.store.look(lambda unit: [message.key for message in unit.session.outbox(unsent=True, limit=9)])
        assert told == [f"{hat.id}/LAF-01/unclaimed"]
        print(f"Nobody came for {hat.id}; the porter is told.")


if __name__ == "__main__":
    main()
