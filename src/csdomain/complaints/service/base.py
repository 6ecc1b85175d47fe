"""What the use cases of complaints have in common."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Unpack

import attrs

from csdomain.complaints.effects import Setting, effects
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, Move, State
from csdomain.complaints.model import COMPLAINTS, Complaint, Standing
from csdomain.complaints.ports import Authorities, GivenPositions
from csdomain.complaints.rules import STATES
from csdomain.complaints.values import COMPLAINT_RULES, READ, REBASE, RESTRICTED, SALT, ComplaintRules
from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import Event
from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.ports import Receipt, Unit
from csdomain.kernel.values.actors import Action, Actor
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook.usecases import CallOptions, PinnedUseCases, reaching, receipt


@attrs.frozen
class Hand:
    """What a command of one case has at hand: who acts, the unit it happens in, the rules that the case pinned."""

    actor: Actor
    unit: Unit
    rules: ComplaintRules


Command = Callable[[Complaint, Hand], Sequence[Event]]


@attrs.frozen
class ComplaintUseCases(PinnedUseCases[Complaint]):
    """The frame: kind, lifecycle, rules and effects of complaints."""

    authorities: Authorities = attrs.field(factory=GivenPositions)

    @property
    def kind(self) -> Kind[Complaint]:
        """Complaints, as they are stored."""
        return COMPLAINTS

    @property
    def table(self) -> Lifecycle[Move, State]:
        """The moves of a complaint (CMP-25)."""
        return COMPLAINT_MOVES

    @property
    def reading(self) -> Action:
        """What it takes to read one."""
        return READ

    @property
    def rebasing(self) -> Action:
        """What it takes to move one to another rulebook."""
        return REBASE

    def rules_of(self, case: Complaint, unit: Unit) -> ComplaintRules:
        """The house rules that the case pinned."""
        return self.house.pinned(case.rulebook, unit)[COMPLAINT_RULES]

    def effects(self, case: Complaint, events: Sequence[Event], unit: Unit) -> Iterable[Effect]:
        """The effects of events, by the rules the complaint pinned."""
        calendar, zone = self.house.calendar_of(case.branch), self.house.zone(case.branch)
        return effects(events, Setting(self.rules_of(case, unit), calendar, zone, case.currency))

    def veiled(self, case: Complaint, actor: Actor) -> bool:
        """What is kept of an erased customer because law demands it, only some may read. [KRN-14]"""
        return case.restricted and not reaching(actor, case).may(RESTRICTED)

    def check_rebase(self, case: Complaint) -> None:
        """The variant of the flow stays. Raises RuleBroken."""
        path = self.house.rulebook[COMPLAINT_RULES].path
        accepted = Text(case.path.value, case.path.value)
        require(path is case.path, STATES, accepted=accepted, path=path)

    # --- how a command goes
    def do(
        self,
        move: Enum,
        id: str,
        command: Command,
        arguments: Mapping[str, object] | None = None,
        *,
        table: Lifecycle[Any, Any] | None = None,
        answer: Callable[[Complaint], Receipt] | None = None,
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """One command of one case, with what it has at hand."""

        def acting(case: Complaint, actor: Actor, unit: Unit) -> Sequence[Event]:
            return command(case, Hand(actor, unit, self.rules_of(case, unit)))

        return self.act(move, id, acting, table=table, arguments=arguments, answer=answer, **call)

    def on_paper(
        self,
        move: Enum,
        id: str,
        pattern: Callable[[ComplaintRules], NumberPattern],
        command: Callable[[Complaint, Hand, str], Sequence[Event]],
        arguments: Mapping[str, object] | None = None,
        *,
        table: Lifecycle[Any, Any] | None = None,
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """A command that draws up a paper: it gets the next number, and the receipt has it. [KRN-10]"""
        at, drawn = call["at"], [""]

        def numbered(case: Complaint, hand: Hand) -> Sequence[Event]:
            zone = self.house.zone(case.branch)
            drawn[0] = hand.unit.number(pattern(hand.rules), at, zone=zone, branch=case.branch)
            return command(case, hand, drawn[0])

        def answer(case: Complaint) -> Receipt:
            return attrs.evolve(receipt(case), number=drawn[0])

        return self.do(move, id, numbered, arguments, table=table, answer=answer, **call)

    def salt(self) -> str:
        """What the personal fields of a new form are salted with."""
        return self.ids.new(SALT)

    def standing(self, hand: Hand, at: datetime) -> Standing:
        """Who may decide, as it is at ``at``."""
        names = [band.authority for band in hand.rules.ladder.bands]
        extra = hand.rules.without_amount.ordinary
        return self.authorities.standing(hand.unit, hand.actor, (*names, extra), at)
