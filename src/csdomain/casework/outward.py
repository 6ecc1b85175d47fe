"""Orders to other parts of the house: they leave through the outbox, as messages (D9)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import attrs

from csdomain.kernel.cases.delivery import Answer, Sent, StillUnknown
from csdomain.kernel.store.ports import DeliveryFailed, Notifier, Queued


@attrs.frozen
class OrdersAmongMessages(ABC):
    """A notifier that brings orders to whoever takes them, and everything else to ``others``.

    Who takes orders is a department too: what departments are told (a reminder, a remark) is no order and goes to
    ``others``. ``kind`` is the table of the cases, ``orders`` are the occasions that are orders.
    """

    kind: ClassVar[str]
    orders: ClassVar[frozenset[str]]
    others: Notifier

    @abstractmethod
    def takers(self) -> Mapping[tuple[str, str], Callable[[Queued], None]]:
        """Who takes an order: by recipient and occasion."""

    def _occasion(self, message: Queued) -> str:
        return message.occasion.removeprefix(f"{self.kind}.")

    def idempotent(self, message: Queued, /) -> bool:
        """Orders are done once by their key, however often they come; the rest is as ``others`` say."""
        if self._occasion(message) in self.orders:
            return True
        said = getattr(self.others, "idempotent", False)
        return bool(said(message) if callable(said) else said)

    def ask(self, message: Queued, /) -> Answer:
        """What ``others`` know of a message that may have left."""
        ask = getattr(self.others, "ask", None)
        answer: Answer = StillUnknown() if ask is None else ask(message)
        return answer

    def send(self, message: Queued, /) -> Sent | None:
        """Deliver one message. Raises DeliveryFailed, a definite one for an order that its recipient does not take."""
        occasion = self._occasion(message)
        if occasion not in self.orders:
            return self.others.send(message)
        take = self.takers().get((message.to, occasion))
        if take is None:
            raise DeliveryFailed(definite=True, why=f"no order {occasion} to this recipient")
        take(message)
        return None
