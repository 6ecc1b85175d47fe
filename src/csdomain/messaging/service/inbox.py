"""The inbox within the host's app: a gateway that puts messages there, and what is read of it."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from csdomain.kernel.cases.delivery import Sent
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.ports import Clock, Store, Unit
from csdomain.kernel.values.actors import Actor
from csdomain.messaging.model.inbox import INBOX, InboxRow
from csdomain.messaging.model.typed import typed
from csdomain.messaging.policies import choose, read, render
from csdomain.messaging.values import MESSAGE_RULES, Channel, Language, OutgoingText
from csdomain.rulebook import House


@attrs.frozen
class InboxItem:
    """A message as it is read: since when it is there, its text, and since when it is read (None: it is not)."""

    key: str
    occasion: str
    text: str
    at: datetime
    read_at: datetime | None


@attrs.frozen
class InboxGateway:
    """A gateway of the channel ``in_app``: the address is the id of the actor, or of the position, whose inbox it is.

    What comes again under its key is there once. Satisfies :class:`~csdomain.messaging.ports.Gateway`.
    """

    store: Store
    clock: Clock
    idempotent: bool = attrs.field(default=True, init=False)
    channel: Channel = attrs.field(default=Channel.IN_APP, init=False)

    def deliver(self, text: OutgoingText, /) -> Sent:
        """Put it into the inbox."""
        row = InboxRow(recipient=text.address, key=text.key, at=self.clock.now())
        self.store.run(lambda unit: unit.register(INBOX).put_new([row]))
        return Sent(text.ref)


def items(
    unit: Unit, house: House, by: Actor, language: Language | None, after: datetime | None, limit: int
) -> Sequence[InboxItem]:
    """The inbox of somebody and of the positions they hold, the oldest first."""
    whose = INBOX["recipient"].among((by.id, *sorted(by.positions)))
    newer = () if after is None else (INBOX["at"].at_least(after),)
    rows = unit.register(INBOX).rows(whose, *newer, order_by=("at",), limit=limit).items
    return [_item(unit, house, row, language) for row in rows]


def _item(unit: Unit, house: House, row: InboxRow, language: Language | None) -> InboxItem:
    rules, message = house.rulebook[MESSAGE_RULES], unit.session.message(row.key)
    occasion = None if message is None else house.rulebook.occasions.get(message.occasion)
    text = ""
    if message is not None and occasion is not None:
        try:
            template = choose(rules, occasion, Channel.IN_APP, language or rules.default_language).template
            written = (typed(unit, message) if occasion.typed else None) or {}
            values = {**read(occasion, message.facts), **written, "title": "", "name": ""}
            text = render(template, values)
        except DomainError:  # the house has no such text any more: the message is shown without
            text = ""
    return InboxItem(row.key, "" if message is None else message.occasion, text, row.at, row.read_at)
