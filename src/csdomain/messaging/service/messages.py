"""The outbox for those who watch over it, and the notifier that makes texts of what waits there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Unpack

import attrs

from csdomain.frame.customers import AnyCustomer, CustomerBook
from csdomain.frame.service import CaseService, OpenOptions
from csdomain.kernel.cases.delivery import (
    RESENDABLE,
    Answer,
    MessageState,
    OptedOut,
    Sent,
    StillUnknown,
    own_ref,
    received,
    resent,
)
from csdomain.kernel.cases.effects import check_short, subject_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.occasions import Occasion, Value
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, NotFound, aware, require
from csdomain.kernel.store.kinds import MalformedQuery
from csdomain.kernel.store.ports import Call, DeliveryFailed, Queued, Store, Unit
from csdomain.kernel.store.relaying import write
from csdomain.kernel.values.actors import Action, Actor, Scope
from csdomain.kernel.values.arguments import type_commands
from csdomain.kernel.values.ids import IdSource
from csdomain.kernel.values.personal import covered
from csdomain.messaging.events import MessageRequeued
from csdomain.messaging.model.campaign import Campaign, occasion_of
from csdomain.messaging.model.inbox import INBOX
from csdomain.messaging.model.outcomes import OUTCOMES, MessageOutcome, follow
from csdomain.messaging.policies import choose, read, render, shown
from csdomain.messaging.ports import Audiences, Directory, Gateway, ListedCustomers
from csdomain.messaging.rules import OUTBOX
from csdomain.messaging.values import (
    CONFIRM,
    MESSAGE_RULES,
    PERSONAL,
    READ,
    RESEND,
    DeliveryReceipt,
    Language,
    Outcome,
    OutgoingText,
    Recipient,
    Slot,
    Template,
)
from csdomain.rulebook import House

from .campaigns import Campaigns
from .gate import Door, Gate, Links
from .inbox import InboxItem, items
from .preferences import Preferences
from .typed import Texts

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
    _ids: IdSource
    _customers: CustomerBook = attrs.field(factory=AnyCustomer, kw_only=True)
    _audiences: Audiences = attrs.field(factory=ListedCustomers, kw_only=True)

    @property
    def preferences(self) -> Preferences:
        """What customers want to hear. [MSG-10]"""
        return Preferences(self._store, self._house, self._ids, customers=self._customers)

    @property
    def campaigns(self) -> Campaigns:
        """Marketing to a named audience. [MSG-08]"""
        ports: dict[str, Any] = {"customers": self._customers, "audiences": self._audiences}
        return Campaigns(self._store, self._house, self._ids, **ports)

    @property
    def texts(self) -> Texts:
        """What somebody typed for one message. [MSG-07, MSG-13]"""
        return Texts(self._store, self._house, self._ids, customers=self._customers)

    @property
    def _further(self) -> tuple[CaseService[Any, Any], ...]:
        """The services of its kinds of case."""
        return (self.preferences, self.campaigns, self.texts)

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
            follow(unit, again, message, utc(at))
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
                follow(unit, after, message, utc(receipt.at))
            return self._shown(after, by)

        return self._store.run(work, call)

    def skipped(self, *, by: Actor, campaign: str = "", limit: int = _PAGE) -> Sequence[MessageOutcome]:
        """Messages that were not sent, since the customer must not be written to: each with its reason, of a campaign
        where one is named, at most ``limit`` (up to 1000). Raises NotPermitted, MalformedQuery. [MSG-10]"""
        self._require(READ, by)
        _check_limit(limit)
        reasons = [one.value for one in Outcome if one not in (Outcome.QUEUED, Outcome.SENT, Outcome.FAILED)]
        where = (OUTCOMES["outcome"].among(reasons), *((OUTCOMES["campaign"].is_(campaign),) if campaign else ()))
        return self._store.look(lambda unit: unit.register(OUTCOMES).rows(*where, limit=limit).items)

    def notify(self, to: str, text: str, customer: str = "", **call: Unpack[OpenOptions]) -> str:
        """Tell somebody of the house, or a position, something; the key of the message.

        ``customer`` is whom it concerns: the text is erased with that record, and waits nowhere else. Raises
        MalformedPreference, NotPermitted, RuleBroken for a customer who was merged or erased. [MSG-13]
        """
        return f"{self.texts.notify(to, text, customer, **call).id}/notice"

    def care_for(self, customer: str, text: str, **call: Unpack[OpenOptions]) -> str:
        """Send a driver something to keep awake by, on demand: the key of the message. Raises RuleBroken where the
        house has not turned ``drivers_care`` on, and for who wants none; MalformedPreference. [MSG-07, MSG-10]"""
        return f"{self.texts.care_for(customer, text, **call).id}/care"

    def inbox(
        self,
        *,
        by: Actor,
        language: Language | None = None,
        after: datetime | None = None,
        limit: int = _PAGE,
    ) -> Sequence[InboxItem]:
        """The messages within the app to ``by`` and to the positions that ``by`` holds, the oldest first, those since
        ``after`` where given; texts are made as they are read. Raises MalformedQuery, NaiveTime. [MSG-13]"""
        _check_limit(limit)
        since = None if after is None else utc(after)
        return self._store.look(lambda unit: items(unit, self._house, by, language, since, limit))

    def mark_read(self, keys: Sequence[str], *, by: Actor, at: datetime) -> int:
        """Note that messages of the inbox were read; how many are read by this. Twice is once. [MSG-13]"""
        instant, whose = utc(at), (by.id, *sorted(by.positions))

        def work(unit: Unit) -> int:
            rows, unread = unit.register(INBOX), (INBOX["read_at"].absent(),)
            pairs = [(who, key) for key in sorted(set(keys)) for who in whose]
            return sum(rows.take(pair, when=unread, set={"read_at": instant}) for pair in pairs)

        return self._store.run(work, Call("message.mark_read", by.id, instant))

    def notifier(self, gateway: Gateway, directory: Directory, *, links: Links | None = None) -> "RenderingNotifier":
        """A notifier for ``desk.relay``: it makes each text by the house's templates, and asks the preferences, quiet
        hours and campaigns before it sends. ``links`` gives addresses to unsubscribe. Raises SectionMissing."""
        said = partial(self.preferences._opted_out, source="gateway")  # noqa: SLF001 - of this context
        door = Door(self._store, Gate(self._house, self._customers), said, links)
        return RenderingNotifier(self._house, gateway, directory, door)

    def _listed(self, by: Actor, state: MessageState | None, to: str, limit: int) -> Sequence[Queued]:
        if to:
            check_short(to, "to")
        self._require(READ, by)
        _check_limit(limit)
        found = self._store.look(lambda unit: unit.session.outbox(state=state, to=to, limit=limit))
        return [self._shown(message, by) for message in found]

    def _shown(self, message: Queued, by: Actor) -> Queued:
        scope = self._house.resolve(by).grants.get(PERSONAL)
        return message if scope is Scope.ALL else covered(message)

    def _require(self, action: Action, by: Actor) -> None:
        self._house.resolve(by).require(action, owner="", branch="")


def _check_limit(limit: int) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _PAGE_LARGEST:
        raise MalformedQuery(field="limit", given=limit, minimum=1, maximum=_PAGE_LARGEST)


class RenderingNotifier:
    """A :class:`~csdomain.kernel.store.ports.Notifier` that makes the text of each message when it is sent (D12).

    It asks ``directory`` whom the message is for, fills in the house's template for their channel and language, and
    hands the text to ``gateway``. A message for which there is no recipient or no whole text is a definite failure: it
    is given up with the reason, and the others leave. Templates are those of the current rulebook. Raises
    SectionMissing where that leaves messages off. [MSG-01, MSG-09]
    """

    def __init__(self, house: House, gateway: Gateway, directory: Directory, door: Door | None = None) -> None:
        self._rules = house.rulebook[MESSAGE_RULES]
        self._occasions = house.rulebook.occasions
        self._gateway = gateway
        self._directory = directory
        self._door = door

    @property
    def idempotent(self) -> bool:
        """Whether the gateway takes what comes again under its key for no second message."""
        return bool(getattr(self._gateway, "idempotent", False))

    def send(self, message: Queued, /) -> Sent | None:
        """Make the text and hand it on. Raises DeliveryFailed, Suppressed and Postponed for what must not be sent, or
        not now, and what the gateway raises."""
        text = self._text(message, ask=False)
        try:
            return self._gateway.deliver(text)
        except OptedOut:
            if self._door is not None and not self._is_internal(message):
                self._door.opted_out(message, text.channel)
            raise

    def noted(self, unit: Unit, message: Queued, was: Queued, at: datetime) -> None:
        """Campaigns count what has become of their messages. [MSG-08]"""
        follow(unit, message, was, at)

    def ask(self, message: Queued, /) -> Answer:
        """What the gateway knows of a message that may have left; StillUnknown where it cannot be asked, or where the
        message can no longer be made: its recipient was erased."""
        ask = getattr(self._gateway, "ask", None)
        if ask is None:
            return StillUnknown()
        try:
            text = self._text(message, ask=True)
        except DeliveryFailed:
            return StillUnknown()
        answer: Answer = ask(text, message.tried_at or message.created_at)
        return answer

    def _text(self, message: Queued, *, ask: bool) -> OutgoingText:
        try:
            recipient = self._directory.recipient(message.to)
        except Exception as error:  # noqa: BLE001 - nothing has left yet, whatever it is
            raise DeliveryFailed(definite=False, why=type(error).__name__) from None
        if recipient is None or not recipient.address:
            raise DeliveryFailed(definite=True, why="the recipient is not known, or was erased")
        campaign = None if self._door is None else self._door.campaign(message)
        occasion = self._occasions.get(message.occasion)
        if campaign is not None:
            occasion = occasion_of(campaign.name)
        if occasion is None:
            raise DeliveryFailed(definite=True, why=f"no context declares the occasion {message.occasion}")
        link = ""
        if self._door is not None and not occasion.internal:
            if not ask:
                self._door.check(message, recipient, campaign)
            link = self._door.link(message, recipient.channel)
        written = self._door.typed(message) if self._door is not None and occasion.typed else {}
        try:
            template = self._template(occasion, recipient, campaign)
            text, filled = _filled(template, message, recipient, written)
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
            unsubscribe=link,
        )

    def _is_internal(self, message: Queued) -> bool:
        occasion = self._occasions.get(message.occasion)
        return occasion is not None and occasion.internal

    def _template(self, occasion: Occasion, to: Recipient, campaign: Campaign | None) -> Template:
        if campaign is not None:
            return campaign.template(to.channel, to.language, self._rules.default_language)
        return choose(self._rules, occasion, to.channel, to.language).template


def _filled(
    template: Template, message: Queued, to: Recipient, written: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """The text, and what stands for each of its placeholders. Raises what rendering raises."""
    person: dict[str, Value] = {"title": to.title}
    if to.name:
        person["name"] = to.name
    values = {**read(template.occasion, message.facts), **written, **person}
    text = render(template, values)
    named = [part.name for part in template.parts if isinstance(part, Slot)]
    return text, {name: shown(values[name], template.language) for name in named}
