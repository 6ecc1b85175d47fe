"""What became of each message that can be done without: the rows that campaigns are counted by (MSG-08, MSG-10)."""

from datetime import datetime
from typing import Final

import attrs

from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.registers import Mode, Register
from csdomain.messaging.values import Outcome


@attrs.frozen(kw_only=True)
class MessageOutcome:
    """What became of the message ``key`` to a customer: see :class:`~csdomain.messaging.values.Outcome`.

    ``campaign`` is empty for one of no campaign, of which only what was skipped is noted.
    """

    key: str
    campaign: str
    customer: str
    occasion: str
    outcome: str
    at: datetime


OUTCOMES: Final = Register(
    MessageOutcome,
    "message_outcome",
    Mode.STATE,
    ("key",),
    states=("outcome", "at"),
    indexes=(("campaign", "outcome"), ("outcome", "at"), ("customer",)),
)


def note(unit: Unit, row: MessageOutcome) -> None:
    """Write what became of a message, in place of what was known before."""
    rows = unit.register(OUTCOMES)
    if rows.put_new([row]):
        rows.take((row.key,), set={"outcome": row.outcome, "at": row.at})


def skipped(key: str, customer: str, occasion: str, why: Outcome, at: datetime, campaign: str = "") -> MessageOutcome:
    """The row of a message that was not to be sent."""
    return MessageOutcome(key=key, campaign=campaign, customer=customer, occasion=occasion, outcome=why.value, at=at)
