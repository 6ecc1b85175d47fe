"""What somebody types for one message: kept here alone, and read when the message leaves (D12)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.kernel.cases.effects import subject_of
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, NotFound, require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.store.ports import Queued, Unit
from csdomain.messaging import events as e
from csdomain.messaging import rules as r
from csdomain.messaging.lifecycle import TEXT_MOVES, TextMove, TextState
from csdomain.messaging.values import FIELDS, TEXT_ID, TextId

from .preferences import MessagingAct

does_text: Final = Commands(TEXT_MOVES)
_LONGEST: Final = 400


@attrs.define(kw_only=True)
class MessageText(Record):
    """A text that somebody typed for one message. It concerns ``customer``, with whom it is erased; empty: nobody in
    particular. The message names it by its id and has nothing of it. [MSG-07, MSG-13]"""

    id: TextId = attrs.field(on_setattr=attrs.setters.frozen)
    state: TextState = TextState.WRITTEN
    customer: str
    text: str = FIELDS.words(_LONGEST)
    number: ClassVar[str] = ""

    @property
    def gone(self) -> bool:
        """Whether nothing of it may be sent or shown any more."""
        return self.erased_at is not None or self.restricted

    @staticmethod
    @does_text.opens(TextMove.NOTIFY)
    def notify(act: MessagingAct, to: str, text: str, customer: str) -> tuple["MessageText", Events]:
        FIELDS.check_id(to, "to")
        about = FIELDS.check_id(customer, "customer") if customer else ""
        found = MessageText(**act.about(act.new(TEXT_ID)), customer=about, text=text)
        return found, act.opened(found, e.NoticeTyped(to=to))

    @staticmethod
    @does_text.opens(TextMove.CARE_FOR)
    def care_for(act: MessagingAct, customer: str, text: str) -> tuple["MessageText", Events]:
        on = Text("a house that has drivers_care among its greetings", "已启用 drivers_care 的机构")
        require("drivers_care" in act.rules.greetings, r.DRIVERS_CARE, accepted=on)
        why = act.why_not(FIELDS.check_id(customer, "customer"))
        wanted = Text("somebody who wants such messages", "愿意接收此类消息的客户")
        require(why is None, r.OPT_OUT, accepted=wanted, outcome="" if why is None else why.value)
        found = MessageText(**act.about(act.new(TEXT_ID)), customer=customer, text=text)
        return found, act.opened(found, e.CareTyped())


OF_TEXT: Final[Field[Any, str]] = Field("customer", str, lambda text: text.customer or None)
_, _STATE, _, _ = usual(TEXT_MOVES)
TEXTS: Final = Kind(MessageText, TEXT_ID, "message_text", (OF_TEXT, _STATE))


def typed(unit: Unit, message: Queued) -> Mapping[str, str] | None:
    """What was typed for a message, by its placeholder; None where it is not there any more."""
    try:
        found = unit.of(TEXTS).get(subject_of(message.key))
    except (NotFound, InvalidValue):  # a message of before typed texts were kept
        return None
    return None if found.gone else {"text": found.text}
