"""The outbox for those who watch over it, and the notifier that makes texts of what waits there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs

from csdomain.kernel.cases.effects import check_short, subject_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.occasions import Value
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Conflict, DomainError, NotFound, aware, require
from csdomain.kernel.store.kinds import MalformedQuery
from csdomain.kernel.store.ports import Call, DeliveryFailed, Queued, Store, Unit
from csdomain.kernel.values.actors import Action, Actor
from csdomain.kernel.values.arguments import type_commands
from csdomain.rulebook import House

from .events import MessageRequeued
from .policies import choose, read, render
from .ports import Directory, Gateway
from .rules import OUTBOX
from .values import MESSAGE_RULES, READ, RESEND, OutgoingText

_PAGE: Final = 50
_PAGE_LARGEST: Final = 1000


@type_commands
@attrs.frozen
class Messages:
    """Messages: what waits, what was given up, and sending it again (MSG-09).

    A message belongs to no branch and to no owner, so only a grant of scope ``all`` reaches it. Lists give ids and
    facts, never texts: those are made when a message is sent.
    """

    _store: Store
    _house: House

    def waiting(self, *, by: Actor, limit: int = _PAGE) -> Sequence[Queued]:
        """Messages that are still to be sent, or tried again, oldest first, at most ``limit`` (up to 1000).

        Raises NotPermitted, MalformedQuery. [MSG-09]
        """
        return self._listed(by, limit, dead=False)

    def dead(self, *, by: Actor, limit: int = _PAGE) -> Sequence[Queued]:
        """Messages that were given up, oldest first, each with its last failure, at most ``limit`` (up to 1000).

        Raises NotPermitted, MalformedQuery. [MSG-09]
        """
        return self._listed(by, limit, dead=True)

    def resend(self, key: str, *, by: Actor, at: datetime) -> Queued:
        """Put a message that was given up back, due at ``at``, with all its attempts before it; as it waits then.

        It keeps its key, so a gateway that did send it once will not do so twice. Raises NotFound, NotPermitted,
        RuleBroken where it was not given up, Conflict where another was first, MalformedMessage, NaiveTime. [MSG-09]
        """
        check_short(key, "key")
        call = Call("message.resend", by.id, aware(at), subject_of(key))

        def work(unit: Unit) -> Queued:
            self._require(RESEND, by)
            session = unit.session
            message = session.message(key)
            if message is None:
                raise NotFound(message=key)
            given_up = Text("a message that was given up", "已放弃发送的消息")
            require(
                message.dead, OUTBOX, accepted=given_up, message=key, state="waiting" if message.next_at else "sent"
            )
            if not session.requeue(key, utc(at)):
                raise Conflict(message=key)
            event = MessageRequeued(
                subject=call.subject, by=by.id, at=at, message=message.key, attempts=message.attempts
            )
            unit.record([event])
            return attrs.evolve(message, next_at=utc(at), attempts=0)

        return self._store.run(work, call)

    def notifier(self, gateway: Gateway, directory: Directory) -> "RenderingNotifier":
        """A notifier for ``desk.relay``: it makes each text by the house's templates. Raises SectionMissing."""
        return RenderingNotifier(self._house, gateway, directory)

    def _listed(self, by: Actor, limit: int, *, dead: bool) -> Sequence[Queued]:
        self._require(READ, by)
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE_LARGEST:
            raise MalformedQuery(field="limit", given=limit, minimum=1, maximum=_PAGE_LARGEST)
        return self._store.look(lambda unit: unit.session.outbox(unsent=True, dead=dead, limit=limit))

    def _require(self, action: Action, by: Actor) -> None:
        self._house.resolve(by).require(action, owner="", branch="")


class RenderingNotifier:
    """A :class:`~csdomain.kernel.store.ports.Notifier` that makes the text of each message when it is sent (D12).

    It asks ``directory`` whom the message is for, fills in the house's template for their channel and language, and
    hands the text to ``gateway``. A message for which there is no recipient or no whole text is a definite failure: it
    is given up with the reason, and the others leave. Templates are those of the current rulebook. Raises
    SectionMissing where that leaves messages off. [MSG-01, MSG-09]
    """

    def __init__(self, house: House, gateway: Gateway, directory: Directory) -> None:
        self._rules = house.rulebook[MESSAGE_RULES]
        self._occasions = house.rulebook.occasions
        self._gateway = gateway
        self._directory = directory

    def send(self, message: Queued, /) -> None:
        """Make the text and hand it on. Raises DeliveryFailed, and what the gateway or the directory raises."""
        self._gateway.deliver(self._text(message))

    def _text(self, message: Queued) -> OutgoingText:
        recipient = self._directory.recipient(message.to)
        if recipient is None or not recipient.address:
            raise DeliveryFailed(definite=True, why="the recipient is not known, or was erased")
        occasion = self._occasions.get(message.occasion)
        if occasion is None:
            raise DeliveryFailed(definite=True, why=f"no context declares the occasion {message.occasion}")
        person: dict[str, Value] = {"title": recipient.title}
        if recipient.name:
            person["name"] = recipient.name
        try:
            template = choose(self._rules, occasion, recipient.channel, recipient.language).template
            text = render(template, {**read(occasion, message.facts), **person})
        except DomainError as error:
            raise DeliveryFailed(definite=True, why=error.render("en")) from None
        return OutgoingText(
            key=message.key,
            occasion=occasion.name,
            channel=template.channel,
            language=template.language,
            address=recipient.address,
            text=text,
        )
