"""A complaint at a desk in memory, and everybody of its house."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import attrs
import pytest

import csdomain
from complaints.model import JUDGED
from csdomain import Desk, DomainError
from csdomain.casework.authorities import Authorities
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.service import Complaints
from csdomain.complaints.values import Channel, Classification, ComplaintForm, Finding, Judgement, Remedy
from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.store.ports import Queued, Receipt
from csdomain.kernel.values.actors import Actor
from csdomain.rulebook import Rulebook, loads
from csdomain.testing import HANDLING, MovableClock, complaint_form, memory_desk, snapshot, staff

E = TypeVar("E", bound=DomainError)
STEP: Final = timedelta(minutes=5)
BOSS: Final = "deputy_general_manager"
#: By whom a step usually comes, and what it usually says: see :meth:`Counter.go`.
USUAL: Final[Mapping[str, tuple[str, tuple[Any, ...]]]] = {
    "check": ("sales", ("the order is ours",)),
    "accept": ("service_agent", (HANDLING,)),
    "handle": ("receiver", (HANDLING,)),
    **dict.fromkeys(("investigate", "conclude", "submit"), ("service_agent", ())),
    "inspect": ("rnd", (Finding(True, "cracked"),)),
    "remark": ("sales", ("the lift is slow", "building")),
    "answer_remark": ("sales", (1, "it is seen to")),
    "involve": ("service_agent", (["production"], timedelta(days=2))),
    "contribute": ("service_agent", ("production", "the mould was worn", {"word_of": "foreman"})),
    **dict.fromkeys(("mark", "resume"), ("service_agent", ())),
    "wait_for_customer": ("service_agent", ("the sample",)),
    "assign": ("service_manager", ()),
    "withdraw": ("service_agent", ("never mind",)),
    "report": ("service_agent", ("how it came about",)),
    "rule": (BOSS, ("carry on",)),
    "judge": ("service_agent", (JUDGED,)),
    "dismiss": ("general_manager", ("unfounded",)),
    "recommend": ("sales_manager", ("I would grant it",)),
    "answer": ("sales", (Channel.LETTER, "We are sorry.")),
    "decline": ("sales", ("that is not enough",)),
    "object": ("sales", ("the customer shows photographs",)),
    **dict.fromkeys(("sustain", "reopen"), (BOSS, ("so be it",))),
    "renew": ("service_agent", (complaint_form(),)),
    **dict.fromkeys(("propose", "satisfy"), ("receiver", ())),
    "escalate": ("receiver", ("beyond me",)),
    "close": ("service_agent", ("done",)),
    "review": ("gm_office", ("sales",)),
    "draw_slip": ("sales", ("by truck",)),
    **dict.fromkeys(("sign_slip", "sign_certificate", "resolve"), ("deputy_for_sales", ())),
    "take_in": ("warehouse_keeper", ()),
    **dict.fromkeys(("reconcile", "book_certificate"), ("finance", ("V1",))),
    **dict.fromkeys(("draw_certificate", "countersign_certificate"), ("sales", ())),
    **dict.fromkeys(("approve_penalty", "drop_penalty"), (BOSS, (1,))),
    "notice_penalty": ("general_manager", ()),
    "improve": ("rnd", ()),
    **dict.fromkeys(("carry_out_penalty", "publish_penalty"), ("hr", ())),
}
#: Steps of a paper, which is the last of its kind unless another is named.
PAPERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("sign_slip", "take_in", "reconcile", "resolve"), "slips"),
    **dict.fromkeys(("sign_certificate", "countersign_certificate", "book_certificate"), "certificates"),
}

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


def trail(*stretches: str) -> list[tuple[str, str, str]]:
    """The rows of a trail from ``move:state``, a bare move staying where it is, and ``part.move:state>state``."""
    found, state = [], ""
    for step in " ".join(stretches).split():
        move, _, to = step.partition(":")
        source, part, dest = to.partition(">")
        found.append((move, source, dest) if part else (move, state, to or state))
        state = state if part else to or state
    return found


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
    def open(cls, rulebook: Any = "after_sales", url: str = "") -> "Counter":
        """A desk in memory, or at ``url``."""
        clock = MovableClock()
        desk = csdomain.open(url, rulebook, clock=clock) if url else memory_desk(rulebook, clock=clock)
        return cls(desk, clock, staff(desk))

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

    def go(self, *steps: str | tuple[Any, ...], by: str | Actor = "") -> Any:
        """Steps one after the other, each as it usually comes: ``go("check", "accept", ("submit", remedy(cny(9))))``.

        Whoever the remedy belongs to approves it, a paper is the last of its kind, and a time is as long from now.
        """
        done = None
        for step in steps:
            use_case, args, who, options = self._usual(step, by)
            done = self.do(use_case, *args, by=who, **options)
        return done

    def _usual(
        self, step: str | tuple[Any, ...], by: str | Actor
    ) -> tuple[str, list[Any], str | Actor, dict[str, Any]]:
        use_case, *args = (step,) if isinstance(step, str) else step
        who, usual = USUAL.get(use_case, ("", ()))
        if use_case == "approve" and not by:
            who = self.does.approval(self.id, by=self.who["general_manager"], at=self.clock.now()).decided_by
        paper = [getattr(self.case, PAPERS[use_case])[-1].number] if use_case in PAPERS else []
        said: list[Any] = [self.clock.now() + arg if isinstance(arg, timedelta) else arg for arg in args or usual]
        options = said.pop() if said and isinstance(said[-1], dict) else {}
        return use_case, [*paper, *said], by or who, options

    def told(self, occasion: str) -> list[str]:
        """Who was told on an occasion, oldest first."""
        return [message.to for message in self.messages(occasion)]

    def running(self, *rules: str) -> set[str]:
        """The timers that run, of these rules or of all."""
        there = {name for name, state in self.timers.items() if state is TimerState.RUNNING}
        return {name for name in there if not rules or name.startswith(rules)}

    @property
    def case(self) -> Complaint:
        """The case as it is stored."""
        return self.desk.store.look(lambda unit: unit.of(COMPLAINTS).get(self.id))

    @property
    def now(self) -> datetime:
        """The instant at which the clock stands."""
        return self.clock.now()

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

    def expect(self, error: type[E], *steps: str | tuple[Any, ...], by: str | Actor = "") -> E:
        """Steps as they usually come are refused each, and the store is as it was; the last error."""
        for step in steps:
            use_case, args, who, options = self._usual(step, by)
            refused = self.expect_refused(error, use_case, *args, by=who, **options)
        return refused

    # --- ways to a state
    def accepted(
        self, form: ComplaintForm | None = None, kind: Classification = HANDLING, grave: bool = False
    ) -> "Counter":
        """Received, checked by sales, accepted by customer service."""
        self.receive(form or complaint_form())
        self.go("check", ("accept", kind, {"grave": grave}))
        return self

    def judged(self, judgement: Judgement = JUDGED, finding: Finding | None = None) -> "Counter":
        """From accepted on: investigated, reported, ruled on, judged."""
        found = [] if finding is None else [("inspect", finding)]
        self.go("investigate", *found, "conclude", "report", "rule", ("judge", judgement))
        return self

    def submitted(self, remedy: Remedy, form: ComplaintForm | None = None, *, grave: bool = False) -> "Counter":
        """A complaint of handling with a remedy before the authority."""
        self.accepted(form, grave=grave).judged().go(("submit", remedy))
        return self
