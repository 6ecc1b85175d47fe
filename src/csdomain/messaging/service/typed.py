"""The use cases of typed texts (MSG-07, MSG-13)."""

from operator import attrgetter
from typing import ClassVar, Final, Unpack

import attrs

from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import OpenOptions
from csdomain.kernel.store.ports import Receipt
from csdomain.messaging import effects as f
from csdomain.messaging.model.typed import OF_TEXT, TEXTS, MessageText, does_text

from .preferences import MessagingService

TEXT_CASES: Final = CaseType(
    TEXTS,
    does_text,
    f.TEXT_EFFECTS,
    keeping=Keeping("message_text", OF_TEXT, attrgetter("hold_reasons")),
    prefix="text_",
)


@attrs.frozen
class Texts(MessagingService[MessageText]):
    """Texts that somebody typed for one message: erased, held and given out like all that is kept of a customer.

    Commands take ``by`` and ``at``, and optionally ``key``; they raise NotPermitted, NaiveTime, KeyReused,
    MalformedPreference, and RuleBroken for a customer who was merged or erased.
    """

    _cases: ClassVar = TEXT_CASES

    def notify(self, to: str, text: str, customer: str = "", **call: Unpack[OpenOptions]) -> Receipt:
        """Tell somebody of the house, or a position, something that concerns ``customer``, or no customer. [MSG-13]"""
        return self._begin(MessageText.notify, call, to, text, customer)

    def care_for(self, customer: str, text: str, **call: Unpack[OpenOptions]) -> Receipt:
        """Send a driver something to keep awake by. Raises RuleBroken where the house has not turned ``drivers_care``
        on, and for who wants none. [MSG-07, MSG-10]"""
        return self._begin(MessageText.care_for, call, customer, text)
