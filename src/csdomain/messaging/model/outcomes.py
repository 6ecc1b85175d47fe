"""What became of each message that can be done without: the rows that campaigns are counted by (MSG-08, MSG-10)."""

from datetime import datetime
from typing import Final

import attrs

from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.effects import MessageClass, subject_of
from csdomain.kernel.store.ports import Queued, Unit
from csdomain.kernel.store.registers import Mode, Register
from csdomain.messaging.values import CAMPAIGN_ID, Outcome

_S = MessageState
#: What a campaign counts a message as; one that is suppressed has its reason already.
_COUNTED: Final = {
    **dict.fromkeys((_S.WAITING, _S.SENDING, _S.UNKNOWN), Outcome.QUEUED),
    **dict.fromkeys((_S.SENT, _S.DELIVERED), Outcome.SENT),
    **dict.fromkeys((_S.DEAD, _S.LOST, _S.EXPIRED, _S.SUPERSEDED, _S.UNDELIVERED), Outcome.FAILED),
}


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


def campaign_of(message: Queued) -> str:
    """The id of the campaign that a message is of; empty where it is of none."""
    id = subject_of(message.key)
    of_one = message.klass is MessageClass.MARKETING and id.startswith(f"{CAMPAIGN_ID.prefix}_")
    return id if of_one else ""


def follow(unit: Unit, message: Queued, was: Queued, at: datetime) -> None:
    """Count a campaign's message as what it has become, however late that is known. [MSG-08]"""
    counted = _COUNTED.get(message.state)
    if campaign_of(message) and counted is not None and counted is not _COUNTED.get(was.state):
        unit.register(OUTCOMES).take((message.key,), set={"outcome": counted.value, "at": at})
