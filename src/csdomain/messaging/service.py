"""The outbox for those who watch over it, and the notifier that makes texts of what waits there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs

from csdomain.kernel.cases.delivery import (
    RESENDABLE,
    Answer,
    MessageState,
    Sent,
    StillUnknown,
    own_ref,
    received,
    resent,
)
from csdomain.kernel.cases.effects import check_short, subject_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.occasions import Value
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, NotFound, aware, require
from csdomain.kernel.store.kinds import MalformedQuery
from csdomain.kernel.store.ports import Call, DeliveryFailed, Queued, Store, Unit
from csdomain.kernel.store.relaying import write
from csdomain.kernel.values.actors import Action, Actor, Scope
from csdomain.kernel.values.arguments import type_commands
from csdomain.kernel.values.personal import covered
from csdomain.rulebook import House

from .events import MessageRequeued
from .policies import choose, read, render, shown
from .ports import Directory, Gateway
from .rules import OUTBOX
from .values import CONFIRM, MESSAGE_RULES, PERSONAL, READ, RESEND, DeliveryReceipt, OutgoingText, Slot

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

    def find(
        self, *, by: Actor, state: MessageState | None = None, to: str = "", limit: int = _PAGE
    ) -> Sequence[Queued]:
        """Messages in a state, to a recipient, or all, oldest first, at most ``limit`` (up to 1000).

        What a gateway said of a failure is masked for whoever lacks ``messages.personal``. Raises NotPermitted,
        MalformedQuery, MalformedMessage. [MSG-09, KRN-14]
        """
        return self._listed(by, state, to, limit)

    def waiting(self, *, by: Actor, limit: int = _PAGE) -> Sequence[Queued]:
        """Messages that are still to be sent, or tried again: :meth:`find` with their state. [MSG-09]"""
        return self._listed(by, MessageState.WAITING, "", limit)

    def dead(self, *, by: Actor, limit: int = _PAGE) -> Sequence[Queued]:
        """Messages that were given up, each with its last failure: :meth:`find` with their state. [MSG-09]"""
        return self._listed(by, MessageState.DEAD, "", limit)

    def resend(self, key: str, *, by: Actor, at: datetime) -> Queued:
        """Put a message back that was given up, lost, suppressed or not delivered; as it waits then, due at ``at``.

        It has all its attempts before it, and keeps its key and its window. Raises NotFound, NotPermitted, RuleBroken
        for one in another state or one that cannot be read, MalformedMessage, NaiveTime. [MSG-09]
        """
        check_short(key, "key")
        call = Call("message.resend", by.id, aware(at), subject_of(key))

        def work(unit: Unit) -> Queued:
            self._require(RESEND, by)
            message = unit.session.message(key, lock=True)
            if message is None:
                raise NotFound(message=key)
            states = ", ".join(sorted(state.value for state in RESENDABLE))
            require(
                message.state in RESENDABLE and message.readable,
                OUTBOX,
                accepted=Text(states, states),
                message=key,
                state=message.state.value,
            )
            again = resent(message, utc(at))
            unit.session.save_message(again)
            event = MessageRequeued(
                subject=call.subject, by=by.id, at=at, message=message.key, attempts=message.attempts
            )
            unit.record([event])
            return self._shown(again, by)

        return self._store.run(work, call)

    def confirm(self, receipt: DeliveryReceipt, *, by: Actor) -> Queued:
        """Note a gateway's receipt; the message as it stands then.

        One that comes twice, or after a later one, changes nothing; one that comes before the gateway's answer is
        found by our own reference. Where a message was not delivered, the position that answers for it is told. Raises
        NotFound for a reference of no message, or two that are not of one; NotPermitted. [MSG-09, MSG-14]
        """
        call = Call("message.confirm", by.id, receipt.at)

        def work(unit: Unit) -> Queued:
            self._require(CONFIRM, by)
            # Our own first: the relay may replace it by the gateway's at this moment.
            message = unit.session.message_by_ref(receipt.own) if receipt.own else None
            message = message or unit.session.message_by_ref(receipt.ref)
            if message is None or receipt.own not in ("", own_ref(message.key, message.resent)):
                raise NotFound(ref=receipt.ref)
            after = received(message, receipt.state, utc(receipt.at), receipt.ref)
            if after is not message:
                write(unit, after, message, by.id, receipt.at)
            return self._shown(after, by)

        return self._store.run(work, call)

    def notifier(self, gateway: Gateway, directory: Directory) -> "RenderingNotifier":
        """A notifier for ``desk.relay``: it makes each text by the house's templates. Raises SectionMissing."""
        return RenderingNotifier(self._house, gateway, directory)

    def _listed(self, by: Actor, state: MessageState | None, to: str, limit: int) -> Sequence[Queued]:
        if to:
            check_short(to, "to")
        self._require(READ, by)
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE_LARGEST:
            raise MalformedQuery(field="limit", given=limit, minimum=1, maximum=_PAGE_LARGEST)
        found = self._store.look(lambda unit: unit.session.outbox(state=state, to=to, limit=limit))
        return [self._shown(message, by) for message in found]

    def _shown(self, message: Queued, by: Actor) -> Queued:
        scope = self._house.resolve(by).grants.get(PERSONAL)
        return message if scope is Scope.ALL else covered(message)

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

    @property
    def idempotent(self) -> bool:
        """Whether the gateway takes what comes again under its key for no second message."""
        return bool(getattr(self._gateway, "idempotent", False))

    def send(self, message: Queued, /) -> Sent | None:
        """Make the text and hand it on. Raises DeliveryFailed, and what the gateway raises."""
        return self._gateway.deliver(self._text(message))

    def ask(self, message: Queued, /) -> Answer:
        """What the gateway knows of a message that may have left; StillUnknown where it cannot be asked, or where the
        message can no longer be made: its recipient was erased."""
        ask = getattr(self._gateway, "ask", None)
        if ask is None:
            return StillUnknown()
        try:
            text = self._text(message)
        except DeliveryFailed:
            return StillUnknown()
        answer: Answer = ask(text, message.tried_at or message.created_at)
        return answer

    def _text(self, message: Queued) -> OutgoingText:
        try:
            recipient = self._directory.recipient(message.to)
        except Exception as error:  # noqa: BLE001 - nothing has left yet, whatever it is
            raise DeliveryFailed(definite=False, why=type(error).__name__) from None
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
            values = {**read(occasion, message.facts), **person}
            text = render(template, values)
            named = [part.name for part in template.parts if isinstance(part, Slot)]
            filled = {name: shown(values[name], template.language) for name in named}
        except DomainError as error:
            raise DeliveryFailed(definite=True, why=error.render("en")) from None
        return OutgoingText(
            key=message.key,
            occasion=occasion.name,
            channel=template.channel,
            language=template.language,
            address=recipient.address,
            text=text,
            values=filled,
            resent=message.resent,
        )
