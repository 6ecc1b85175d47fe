"""Lives of complaints at a desk, from the counter to the archive: as plans that can be drawn, and lived."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from typing import Final

import attrs

from csdomain import Desk
from csdomain.complaints.values import (
    Channel,
    ComplaintForm,
    Finding,
    Goods,
    Judgement,
    Liable,
    ProposedPenalty,
    Remedy,
)
from csdomain.kernel.values.money import Money
from csdomain.testing import HANDLING, QUALITY, MovableClock, complaint_form, staff

BRANCH: Final = "hq"


@attrs.frozen(kw_only=True)
class Life:
    """How a complaint goes. Amounts are in fen; ``hours`` pass before the steps, one after the other and over again.

    ``joint`` departments are asked, with ``until`` hours to do their part; ``returned`` remedies come back before one
    is approved; ``forms`` are declined but the last. ``swept``: timers fire as their time comes, else when somebody
    looks. ``again``: after the answer another is promised. ``above``: so many levels higher
    than it must. ``reviewed``: the office reviews it. ``waits``: while it is looked into, for the customer.
    """

    claimed: int | None = None
    granted: int = 0
    hours: tuple[int, ...] = (1,)
    quality: bool = False
    grave: bool = False
    joint: int = 0
    until: int = 24
    promised: int = 0
    again: bool = False
    above: int = 0
    dismissed: bool = False
    returned: int = 0
    forms: int = 1
    penalty: bool = False
    swept: bool = False
    reviewed: bool = True
    erased: bool = False
    waits: bool = False


def live(desk: Desk, clock: MovableClock, life: Life) -> str:
    """Lead that life through every department of the ``after_sales`` house; the id of the closed case."""
    return _Living(desk, clock, life).whole()


def live_on(desk: Desk, clock: MovableClock, life: Life, id: str) -> str:
    """Lead an accepted case on to where it is not established; its id."""
    living = _Living(desk, clock, life)
    living.id = id
    living.investigated()
    return living.not_established()


def live_by_level(desk: Desk, clock: MovableClock, life: Life) -> str:
    """Lead that life up the line of a house by level; the id of the closed case."""
    return _Living(desk, clock, life).by_level()


class _Living:
    def __init__(self, desk: Desk, clock: MovableClock, life: Life) -> None:
        self.desk, self.clock, self.life = desk, clock, life
        self.does, self.who = desk.complaints, staff(desk, branch=BRANCH)
        self.hours: Iterator[int] = cycle(life.hours)
        self.id = ""

    def step(self, use_case: str, *args: object, by: str, **more: object) -> None:
        at = self.clock.advance(timedelta(hours=next(self.hours)))
        if self.life.swept:
            self.desk.sweep(at)
        getattr(self.does, use_case)(self.id, *args, by=self.who[by], at=at, **more)

    def money(self, fen: int) -> Money:
        return Money(fen, self.desk.house.currency)

    def form(self) -> ComplaintForm:
        claimed = self.life.claimed
        return complaint_form(claimed=None if claimed is None else self.money(claimed), quantity=9)

    def receive(self) -> None:
        at = self.clock.advance(timedelta(hours=next(self.hours)))
        self.id = self.does.receive(self.form(), by=next(iter(self.who.values())), at=at).id

    def promise(self, by: str) -> None:
        if self.life.promised:
            until = self.clock.now() + timedelta(hours=self.life.promised + max(self.life.hours))
            self.step("promise", until, by=by)

    def whole(self) -> str:
        life = self.life
        self.receive()
        self.step("check", "the order is ours", by="sales")
        self.step("accept", QUALITY if life.quality else HANDLING, by="service_agent", grave=life.grave)
        self.promise("service_agent")
        for turn in range(life.forms):
            self.investigated()
            if life.dismissed and not turn:
                return self.not_established()
            self.decided(turn)
            self.step("answer", Channel.LETTER, "We are sorry.", by="sales")
            if turn + 1 < life.forms:
                self.step("decline", "wants more", by="sales")
                self.step("renew", self.form(), by="service_agent")
        if life.again:
            self.promise("service_agent")
        self.step("close", "replaced", by="service_agent")
        return self.archived()

    def investigated(self) -> None:
        life = self.life
        names = [f"department-{n}" for n in range(life.joint)]
        self.step("investigate", by="service_agent")
        if life.waits:
            self.step("wait_for_customer", "asked for a photograph", by="sales")
        if names:
            until = self.clock.now() + timedelta(hours=life.until + max(life.hours))
            self.step("involve", names, until, by="service_agent")
        if life.quality:
            self.step("inspect", Finding(True, "the fault is there"), by="rnd")
        for name in names:
            self.step("contribute", name, "done", word_of="foreman", by="service_agent")
        self.step("conclude", by="service_agent")
        if life.waits:
            self.step("resume", by="sales")
        self.step("report", "what was found", by="service_agent")
        self.step("rule", "go on", by="deputy_general_manager")

    def not_established(self) -> str:
        self.step("dismiss", "used against the manual", by="general_manager")
        self.step("answer", Channel.LETTER, "We find no fault.", by="sales")
        self.step("close", "not established", by="service_manager")
        return self.archived()

    def decided(self, turn: int) -> None:
        life = self.life
        penalties = (ProposedPenalty("worker-7", "warning"),) if life.penalty and not turn else ()
        judged = Judgement(
            liable=Liable.US, unit="production", persons=("worker-7",), tracked=False, penalties=penalties
        )
        self.step("judge", judged, by="service_agent")
        back = (Goods("engine", "2026-01", 1),) if life.granted else ()
        for count in range(life.returned + 1):
            remedy = Remedy(granted=self.money(life.granted + 100 * count), returns=back, text="an explanation")
            self.step("submit", remedy, by="service_agent")
            found = self.does.approval(self.id, by=self.who["service_agent"], at=self.clock.now())
            if count < life.returned:
                self.step("return_back", by=found.decided_by, reason="too little")
            else:
                self.step("approve", by=found.decided_by)

    def archived(self) -> str:
        life = self.life
        case = self.does.get(self.id, by=self.who["general_manager"])
        if life.reviewed and not case.reviewed:
            self.step("review", "sales", by="gm_office")
        if life.penalty and case.penalties:
            self.step("approve_penalty", 1, by="deputy_general_manager")
        if life.erased:
            self.step("erase", by="general_manager")
        return self.id

    def by_level(self) -> str:
        life = self.life
        self.receive()
        levels = ("receiver", "supervisor", "director", "hq")
        self.step("handle", HANDLING, by="receiver")
        if life.grave:
            self.step("mark", by="director", harm=False)
        self.promise("receiver")
        total = max(life.claimed or 0, life.granted)
        at = next(n for n, most in enumerate((10_000, 50_000, 200_000, 10**12)) if total <= most)
        if life.grave and not total:
            at = max(at, 2)
        at = min(at + life.above, 3)
        for level in range(at):
            self.step("escalate", "beyond me", by=levels[level])
        for turn in range(life.forms):
            self.step("propose", Remedy(granted=self.money(life.granted), text="so be it"), by=levels[at])
            if turn + 1 < life.forms:
                self.step("decline", "no", by=levels[at])
        if life.grave:
            self.step("answer", Channel.LETTER, "We are sorry.", by=levels[at])
        self.step("satisfy", by=levels[at])
        self.step("close", "done", by=levels[at])
        return self.archived()
