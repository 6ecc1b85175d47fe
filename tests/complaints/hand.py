"""The pure model at hand: commands of a complaint by anybody at any instant, without a store or a desk.

``on(case).check("the order is ours", by=ANN, at=T0)`` calls the command with an act of Ann's, which is what it is where
neither is said. House rules, who may decide and the number that a paper gets are given among the arguments, wherever
the command wants them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

import attrs

from csdomain.casework.authorities import Standing
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands import (
    answering,
    compensating,
    deciding,
    investigating,
    receiving,
    returning,
    settling,
    taking_over,
)
from csdomain.complaints.commands.marks import ComplaintAct
from csdomain.complaints.rules import ACCEPTANCE
from csdomain.complaints.service import COMPLAINT_CASES
from csdomain.complaints.values import COMPLAINT, COMPLAINT_RULES, ComplaintRules
from csdomain.desk import house_of
from csdomain.frame import keeping
from csdomain.kernel.cases.events import Event, utc
from csdomain.kernel.cases.timers import Timer, start
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.values.actors import Actor, ActorId, Scope
from csdomain.kernel.values.durations import ElapsedTime
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.testing import SequentialIds, no_holidays
from csdomain.testing.kit import BEGINNING

HOUSE: Final = house_of("after_sales", no_holidays())
T0: Final = BEGINNING
SALT: Final = "salt of sixteen characters"
KEEPING: Final = cast("keeping.Keeping", COMPLAINT_CASES.keeping)
_STAGES: Final = (receiving, investigating, deciding, answering, settling, returning, compensating, taking_over)
#: Commands that begin with the number of the paper which they draw up, and those that end with it.
_NUMBERED: Final = {
    "renew": 0,
    "handle_again": 0,
    "object": 0,
    "draw_slip": 0,
    "draw_certificate": 0,
    "notice_penalty": 1,
}
_NAMES: Final = {"object": "object_to", "judge_month": "review"}
_DECISIONS: Final = {
    Outcome.RECOMMENDED: deciding.recommend,
    Outcome.APPROVED: deciding.approve,
    Outcome.REJECTED: deciding.turn_down,
    Outcome.RETURNED: deciding.turn_down,
}


def anyone(id: str = "ann", *positions: str) -> Actor:
    """Someone whom every action is granted: what is refused then is refused by the rule."""
    return Actor(ActorId(id), "hq", frozenset(positions), dict.fromkeys(COMPLAINT_CASES.actions, Scope.ALL))


ANN: Final = anyone()


@attrs.define
class Drawn:
    """Numbers, ids and timers of a test. Satisfies :class:`~csdomain.frame.acts.Draws`."""

    numbers: list[str] = attrs.field(factory=list)
    salt: str = ""
    ids: Any = attrs.field(factory=SequentialIds)
    timers: Sequence[Timer] = ()

    def number(self, pattern: NumberPattern, at: datetime, branch: str, subject: str, /) -> str:
        return self.numbers.pop(0) if self.numbers else pattern.number(1, at.date(), branch)

    def import_number(self, number: str, pattern: NumberPattern, branch: str, subject: str, /) -> None: ...

    def new(self, kind: IdKind[Any], /) -> Any:
        if kind is COMPLAINT:
            return COMPLAINT.make(millis=0, randomness=1)
        return self.salt if self.salt and kind.prefix == "slt" else self.ids.new(kind)

    def timers_of(self, subject: str, /) -> Sequence[Timer]:
        return self.timers


def act(
    by: Actor,
    at: datetime,
    rules: ComplaintRules | None = None,
    standing: Standing | None = None,
    draws: Drawn | None = None,
    **place: Any,
) -> ComplaintAct:
    """An act on a complaint, by the rules of ``after_sales`` unless others are given."""
    there = attrs.evolve(HOUSE.place(by.branch), **place)
    held = standing or Standing({by.id: by.positions})
    return ComplaintAct(
        by=by,
        at=utc(at),
        rules=rules or HOUSE.rulebook[COMPLAINT_RULES],
        place=there,
        draws=draws or Drawn(),
        rulebook=HOUSE.rulebook.ref,
        authorities=lambda by, names, at: held,
    )


def _ran_out(case: Complaint, at: datetime) -> Timer:
    """The clock of a case that ran out before an instant."""
    calendar = HOUSE.calendar_of("hq")
    return start(case.id, ACCEPTANCE.id, calendar, ElapsedTime(timedelta(hours=1)), at - timedelta(hours=2))


def _command(name: str) -> Callable[..., Any]:
    for stage in _STAGES:
        found: Callable[..., Any] | None = getattr(stage, name, None)
        if found is not None and hasattr(found, "__command__"):
            return found
    raise AttributeError(name)


@attrs.frozen
class OnCase:
    """The commands of a case, each an attribute."""

    case: Complaint

    def __getattr__(self, name: str) -> Callable[..., tuple[Event, ...]]:
        return lambda *args, **options: self._call(name, *args, **options)

    def _call(self, name: str, *args: Any, by: Any = ANN, at: datetime = T0, **options: Any) -> tuple[Event, ...]:
        if name in ("erase", "hold", "release", "lapse"):
            kept: Callable[..., tuple[Event, ...]] = getattr(keeping, name)
            return kept(KEEPING, self.case, *args, by=by, at=at, **options)
        rules = options.pop("rules", None) or next((arg for arg in args if isinstance(arg, ComplaintRules)), None)
        held = next((arg for arg in args if isinstance(arg, Standing)), None)
        if name == "dismiss":  # by the authority that suffices for every claim
            ladder = (rules or HOUSE.rulebook[COMPLAINT_RULES]).dismissing
            held = held or Standing({by.id: frozenset({ladder.bands[-1].authority})})
        standing = options.pop("standing", held)
        rest = [arg for arg in args if not isinstance(arg, ComplaintRules | Standing)]
        numbers = [rest.pop(_NUMBERED[name])] if name in _NUMBERED else []
        late = not options.pop("in_time", True)
        draws = Drawn(numbers, options.pop("salt", SALT), timers=[_ran_out(self.case, utc(at))] if late else ())
        place = {key: options.pop(key) for key in ("zone", "currency") if key in options}
        if name == "decide":
            outcome = rest.pop(0)
            command: Callable[..., Any] = _DECISIONS[outcome]
            rest = [outcome, options.pop("reason", "")]
        elif name == "rule_on_objection":
            command = answering.reopen if options.pop("reopen") else answering.sustain
        elif name == "improve":
            command = compensating.IMPROVE[rest.pop(1)]
        else:
            command = _command(_NAMES.get(name, name))
        found: tuple[Event, ...] = command(self.case, act(by, at, rules, standing, draws, **place), *rest, **options)
        return found


def on(case: Complaint) -> OnCase:
    """The commands of a case at hand: see the module."""
    return OnCase(case)


def explained(case: Complaint, rules: ComplaintRules, standing: Standing, *, by: Actor, at: datetime) -> Any:
    """Who decides the case as it is."""
    return deciding.explain_decision(case, act(by, at, rules, standing))
