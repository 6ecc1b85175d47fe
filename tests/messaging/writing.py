"""A desk that writes to customers: its people, its customers, what waits, and what a gateway got."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from csdomain.customers.values import Profile
from csdomain.desk import sections, shipped
from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.store.ports import Queued
from csdomain.messaging.service import Links
from csdomain.messaging.values import Channel
from csdomain.rulebook import loads
from csdomain.testing import CollectingGateway, MemoryDirectory, memory_desk, recipient, staff

KEY = b"a secret of the host's"
OWN = """name = "own"
extends = "fleet"
"""
_PROFILE = {"name": "王小明", "company": "顺风物流", "contact_persons": ("李雷",), "phones": ("13812345678",)}


def book(more: str = "") -> Any:
    """The fleet's rulebook, with settings of one's own."""
    return loads(OWN + more, sections(), shipped)


class Writing:
    """The fleet's desk; everybody is known to the directory by the channel of ``through``."""

    def __init__(self, more: str = "", desk: Any = None, links: Links | None = None) -> None:
        self.desk: Any = desk or memory_desk(book(more))
        self.who, self.messages = staff(self.desk), self.desk.messages
        self.gateway, self.directory, self.through = CollectingGateway(), MemoryDirectory(), Channel.SMS
        self.notifier = self.messages.notifier(self.gateway, self.directory, links=links)
        self.desk.plan()

    def call(self, does: Callable[..., Any], *given: Any, position: str = "general_manager", **named: Any) -> Any:
        return does(*given, by=self.who[position], at=self.desk.clock.advance(timedelta(minutes=1)), **named)

    def customer(self, **profile: Any) -> str:
        id: str = self.call(self.desk.customers.register, Profile(**{**_PROFILE, **profile})).id
        self.known(id)
        return id

    def known(self, id: str, **changes: Any) -> str:
        self.directory.put(id, recipient(**{"channel": self.through, **changes}))
        return id

    def preferences(self, customer: str) -> str:
        id: str = self.call(self.messages.preferences.of, customer)
        return id

    def says(self, does: str, customer: str, *given: Any) -> None:
        self.call(getattr(self.messages.preferences, does), self.preferences(customer), *given)

    def relay(self, *customers: str) -> list[tuple[str, str]]:
        """What leaves now: the occasion, and to whom."""
        before = set(self.gateway.sent)
        self.desk.relay(self.notifier)
        sent = [self.queued(key) for key in self.gateway.sent if key not in before]
        return [(one.occasion, one.to) for one in sent]

    def queued(self, key: str) -> Queued:
        found: Queued = self.desk.store.look(lambda unit: unit.session.message(key))
        return found

    def outbox(self, *occasions: str, state: MessageState | None = None) -> list[Queued]:
        found = self.desk.store.look(lambda unit: unit.session.outbox(state=state, unsent=False, limit=10_000))
        return [one for one in found if one.occasion in occasions]

    def later(self, **by: int) -> None:
        self.desk.clock.advance(timedelta(**by))
        self.desk.sweep()
        self.desk.carry_out()
        self.desk.plan()
