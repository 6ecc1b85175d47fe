"""A complaint at a desk in memory, and the same on the pure model: what the tests of deciding and telling share."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import attrs
import pytest

import csdomain
from complaints.hand import Drawn, act, on
from csdomain import Desk, DomainError
from csdomain.casework.authorities import Authorities, Standing
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.commands import receiving
from csdomain.complaints.service import COMPLAINT_CASES, Complaints
from csdomain.complaints.values import (
    COMPLAINT_RULES,
    Channel,
    Classification,
    ComplaintForm,
    ComplaintRules,
    Finding,
    Judgement,
    Liable,
    Remedy,
)
from csdomain.contexts import sections
from csdomain.desk import load_rulebook, shipped
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.ports import Queued, Receipt
from csdomain.kernel.values.actors import Actor, ActorId, Scope
from csdomain.kernel.values.money import Money
from csdomain.rulebook import Rulebook, loads
from csdomain.testing import HANDLING, QUALITY, MovableClock, complaint_form, memory_desk, snapshot, staff

E = TypeVar("E", bound=DomainError)
STEP: Final = timedelta(minutes=5)
RULES: Final = load_rulebook("after_sales")[COMPLAINT_RULES]

#: Document B's line in a rulebook: by level, each with its own limit, without the departments' figures.
LEVELS_BOOK: Final = """
name = "by_level"
extends = "after_sales"

[complaints]
path = "levels"
handled_by = "supervisor"
overrun_to = "director"
grave_to = "director"
signatures = []
without_amount = { grave = "director", ordinary = "receiver" }
ladder = [
  { authority = "receiver", up_to = "100 CNY" },
  { authority = "supervisor", over = "100 CNY", up_to = "500 CNY" },
  { authority = "director", over = "500 CNY", up_to = "2000 CNY" },
  { authority = "hq", over = "2000 CNY" },
]

[permissions.positions]
receiver = ["counter"]
supervisor = ["counter"]
director = ["counter"]
hq = ["counter"]

[permissions.roles.counter]
"complaints.read" = "all"
"complaints.receive" = "branch"
"complaints.handle" = "all"
"complaints.answer" = "all"
"complaints.close" = "all"
"complaints.withdraw" = "all"
"complaints.mark" = "all"
"complaints.assign" = "all"
"complaints.clear" = "all"
"complaints.remark" = "all"
"complaints.contribute" = "all"
"""


def levels_book() -> Rulebook:
    """The rulebook of a house where complaints go by level."""
    return loads(LEVELS_BOOK, sections(), shipped)


def cny(amount: int | str) -> Money:
    """Yuan."""
    return Money.of(amount, "CNY")


def fen(minor: int) -> Money:
    """Yuan, by the fen."""
    return Money(minor, "CNY")


def rows(desk: Desk, id: str) -> list[tuple[str, str, str]]:
    """The trail of a case: what was done, from where to where. Timers that fired have no move and are left out."""
    trail = desk.store.look(lambda unit: unit.trail(id))
    return [(record.move, record.source, record.dest) for record in trail if record.move]


@attrs.define
class Counter:
    """One case at a desk, and everybody of the house by position. Each use case comes five minutes after the last."""

    desk: Desk
    clock: MovableClock
    who: Mapping[str, Actor]
    id: str = ""
    authorities: Authorities | None = None

    @classmethod
    def open(cls, rulebook: Any = "after_sales", url: str = "", authorities: Authorities | None = None) -> "Counter":
        """A desk in memory, or at ``url``."""
        clock = MovableClock()
        desk = csdomain.open(url, rulebook, clock=clock) if url else memory_desk(rulebook, clock=clock)
        return cls(desk, clock, staff(desk), authorities=authorities)

    @property
    def does(self) -> Complaints:
        """The use cases."""
        made = self.desk.complaints
        return made if self.authorities is None else attrs.evolve(made, authorities=self.authorities)

    def actor(self, by: str | Actor) -> Actor:
        """The holder of a position, or whoever is given."""
        return self.who[by] if isinstance(by, str) else by

    def receive(self, form: ComplaintForm, by: str | Actor = "sales") -> Receipt:
        """The case comes in."""
        found = self.does.receive(form, by=self.actor(by), at=self.clock.advance(STEP))
        self.id = found.id
        return found

    def do(self, use_case: str, *args: Any, by: str | Actor, **options: Any) -> Any:
        """A use case of the case, now."""
        at = self.clock.advance(STEP)
        return getattr(self.does, use_case)(self.id, *args, by=self.actor(by), at=at, **options)

    @property
    def case(self) -> Complaint:
        """The case as it is stored."""
        return self.desk.store.look(lambda unit: unit.of(COMPLAINTS).get(self.id))

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """The trail."""
        return rows(self.desk, self.id)

    @property
    def timers(self) -> dict[str, TimerState]:
        """The timers of the case and how they stand."""
        found = self.desk.store.look(lambda unit: unit.timers_of(self.id))
        return {timer.name: timer.state for timer in found}

    def due(self, timer: str) -> datetime:
        """By when a timer is due."""
        found = self.desk.store.look(lambda unit: unit.timers_of(self.id))
        return next(there.due_at for there in found if there.name == timer)

    def messages(self, occasion: str) -> list[Queued]:
        """What was told on an occasion, oldest first."""
        queued = self.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=1000))
        return [message for message in queued if message.occasion == f"complaint.{occasion}"]

    def everything(self) -> dict[str, Any]:
        """All that the store shows but refusals."""
        seen = snapshot(self.desk.store, (COMPLAINTS,), subjects=("",))
        return {name: part for name, part in seen.items() if name != "refusals"}

    def expect_refused(self, error: type[E], use_case: str, *args: Any, by: str | Actor, **options: Any) -> E:
        """The error of a use case, after which the store is as it was; a broken rule is on record."""
        before = self.everything()
        kept = len(self.desk.store.look(lambda unit: unit.session.refusals(self.id)))
        with pytest.raises(error) as caught:
            self.do(use_case, *args, by=by, **options)
        assert self.everything() == before
        told = self.desk.store.look(lambda unit: unit.session.refusals(self.id))[kept:]
        expected = [(caught.value.rule.id, caught.value.code)] if isinstance(caught.value, RuleBroken) else []
        assert [(refusal.rule, refusal.code) for refusal in told] == expected
        return caught.value

    # --- ways to a state
    def accepted(self, form: ComplaintForm | None = None, kind: Classification = HANDLING, grave: bool = False) -> None:
        """Received, checked by sales, accepted by customer service."""
        self.receive(form or complaint_form())
        self.do("check", "the order is ours", by="sales")
        self.do("accept", kind, by="service_agent", grave=grave)

    def judged(self, judgement: Judgement | None = None, finding: Finding | None = None) -> None:
        """From accepted on: investigated, reported, ruled on, judged."""
        self.do("investigate", by="service_agent")
        if finding is not None:
            self.do("inspect", finding, by="rnd")
        self.do("conclude", by="service_agent")
        self.do("report", "how it came about", by="service_agent")
        self.do("rule", "carry on", by="deputy_general_manager")
        self.do("judge", judgement or JUDGED, by="service_agent")

    def submitted(self, remedy: Remedy, form: ComplaintForm | None = None, *, grave: bool = False) -> None:
        """A complaint of handling with a remedy before the authority."""
        self.accepted(form, grave=grave)
        self.judged()
        self.do("submit", remedy, by="service_agent")


JUDGED: Final = Judgement(liable=Liable.US, unit="production", persons=("wu", "li", "zhao", "worker-7"), tracked=False)

# --- the pure model ---------------------------------------------------------------------------------------------------

T0: Final = datetime.fromisoformat("2026-03-04T02:00:00+00:00")
SALT: Final = "salt of sixteen characters"
TURNED_DOWN: Final = "that is not enough"


def anyone(id: str = "ann", *positions: str) -> Actor:
    """Someone whom every action is granted: what is refused then is refused by the rule."""
    return Actor(ActorId(id), "hq", frozenset(positions), dict.fromkeys(COMPLAINT_CASES.actions, Scope.ALL))


ANN: Final = anyone()
#: Rules on reports, which are Ann's.
CHIEF: Final = anyone("chief")


def holding(**held: str) -> Standing:
    """Who holds which authority, without delegations: ``holding(bob="general_manager")``."""
    return Standing({ActorId(id): frozenset({authority}) for id, authority in held.items()})


def received(claimed: Money | None = None, rules: ComplaintRules = RULES, **more: Any) -> Complaint:
    """A case of the pure model with its first form."""
    draws = Drawn(["KS202603-0001"], SALT)
    return receiving.receive(act(ANN, T0, rules, draws=draws), complaint_form(claimed=claimed, **more))[0]


def accept(case: Complaint, rules: ComplaintRules = RULES, *, quality: bool = False, grave: bool = False) -> None:
    """Checked by sales and accepted."""
    on(case).check("ours", by=ANN, at=T0)
    on(case).accept(QUALITY if quality else HANDLING, rules, grave=grave, by=ANN, at=T0)


def judge(case: Complaint, rules: ComplaintRules = RULES) -> None:
    """From accepted on: investigated, reported, ruled on, judged."""
    on(case).investigate(by=ANN, at=T0)
    if case.form.quality:
        on(case).inspect(Finding(True, "cracked"), by=ANN, at=T0)
    on(case).conclude(by=ANN, at=T0)
    on(case).report("how it came about", by=ANN, at=T0)
    on(case).rule("carry on", by=CHIEF, at=T0)
    on(case).judge(JUDGED, rules, by=ANN, at=T0)


def remedy(granted: Money, **more: Any) -> Remedy:
    """What is proposed."""
    return Remedy(granted=granted, **{"text": "we make it good", **more})


def submitted(
    forms: list[tuple[Money | None, Money]], rules: ComplaintRules = RULES, *, quality: bool = False, by: Actor = ANN
) -> Complaint:
    """A case with a form for each claim and grant: all but the last were approved and turned down, it is submitted."""
    case = received(forms[0][0], rules)
    accept(case, rules, quality=quality)
    top = holding(top=rules.ladder.bands[-1].authority)
    for turn, (claimed, granted) in enumerate(forms, 1):
        if turn > 1:
            on(case).answer(Channel.LETTER, "so it is", by=ANN, at=T0, rules=rules)
            on(case).decline(TURNED_DOWN, by=ANN, at=T0)
            form = complaint_form(claimed=claimed)
            on(case).renew(f"KS202603-{turn:04}", form, rules, salt=SALT, by=ANN, at=T0)
        judge(case, rules)
        on(case).submit(remedy(granted), rules, by=by if turn == len(forms) else ANN, at=T0)
        if turn < len(forms):
            on(case).decide(Outcome.APPROVED, rules, top, by=anyone("top"), at=T0)
    return case


def check_unchanged(case: Complaint, error: type[E], act: Callable[[], object]) -> E:
    """The error of a command, after which the case is as it was."""
    before = attrs.evolve(case)
    with pytest.raises(error) as caught:
        act()
    assert case == before
    return caught.value
