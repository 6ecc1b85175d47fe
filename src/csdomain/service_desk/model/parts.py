"""What a job consists of besides itself: visits, costs, applications to go out of town; and what is refused of it."""

from datetime import date, datetime

import attrs

from csdomain.casework.sanctions import Sanction, SanctionState
from csdomain.frame.fields import words
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.service_desk import rules as r
from csdomain.service_desk.values import Trip


class OutOfTurn(RuleBroken):
    """A job that was carried over from an earlier day would be passed over without a reason (SVC-07)."""

    default_rule = r.DAILY_CHECK
    problem = Text("An older job waits.", "有更早的服务单待派工。")


class NotCleared(RuleBroken):
    """Nobody approved that this technician goes out of town on that day (SVC-08)."""

    default_rule = r.OUT_OF_TOWN
    problem = Text("No application out of town covers this.", "没有已核准的异地服务申请单。")


@attrs.frozen(kw_only=True)
class Visit:
    """A technician on the way, there, and what came of it; ``again_on``: not before that day (SVC-03, SVC-04)."""

    technician: str
    expected: datetime
    arrived_at: datetime | None = None
    minutes: int = 0
    unsettled: str = words(default="")
    next_step: str = words(default="")
    again_on: date | None = None


@attrs.frozen(kw_only=True)
class Cost:
    """A cost of the service: travel, an allowance; one below zero takes back what was booked too much (SVC-08)."""

    what: str
    amount: Money
    note: str = words(default="")


@attrs.frozen(kw_only=True)
class Application:
    """An application to go out of town (SVC-08)."""

    state: SanctionState = SanctionState.SUBMITTED
    trip: Trip
    sanction: Sanction
    turn: int = 1

    def covers(self, technician: str, day: date) -> bool:
        """Whether it lets this technician go on that day, and is approved."""
        there = self.trip.technician == technician and self.trip.since <= day <= self.trip.until
        return there and self.state is SanctionState.APPROVED
