"""Several gateways as one: each channel has its own; the next takes over where the first surely did not (MSG-12)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from csdomain.kernel.cases.delivery import Answer, DeliveryFailed, NotSent, Sent, StillUnknown
from csdomain.messaging.ports import Gateway
from csdomain.messaging.values import Channel, OutgoingText


class Asked(Protocol):
    """A gateway that can be asked."""

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        """Whether the gateway took the text."""
        ...


@attrs.frozen
class Chain:
    """The gateways of each channel, in the order in which they are tried.

    The next is tried only after ``DeliveryFailed(definite=False)``: the one before surely did not take the message, and
    another may. After a final refusal, a busy gateway, or an answer that did not come, nothing more is tried. Whether
    a message was taken is asked of all of a channel.
    """

    gateways: Mapping[Channel, Sequence[Gateway]]

    @property
    def idempotent(self) -> bool:
        """Whether every one of them is, and no channel has two: the next would take what the first took."""
        return all(len(those) == 1 and bool(getattr(those[0], "idempotent", False)) for those in self.gateways.values())

    def deliver(self, text: OutgoingText, /) -> Sent | None:
        """Send by the first gateway that takes it. Raises what the last one raised."""
        failed = DeliveryFailed(definite=True, why=f"no gateway for {text.channel.value}")
        for gateway in self.gateways.get(text.channel, ()):
            try:
                return gateway.deliver(text)
            except DeliveryFailed as error:
                if error.definite:
                    raise
                failed = error
        raise failed

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        """Sent where one of them took it; NotSent only where every one of them surely did not."""
        unsure = False
        for gateway in self.gateways.get(text.channel, ()):
            ask = getattr(gateway, "ask", None)
            answer: Answer = StillUnknown() if ask is None else ask(text, since)
            if isinstance(answer, Sent):
                return answer
            unsure = unsure or not isinstance(answer, NotSent)
        return StillUnknown() if unsure else NotSent()
