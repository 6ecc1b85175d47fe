"""Whether, and when, a message may be sent: asked when it is planned, and again at the moment of sending (MSG-10)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import attrs

from csdomain.frame.customers import CustomerBook
from csdomain.kernel.calendar.spec import zone_of
from csdomain.kernel.cases.delivery import DeliveryFailed, Postponed, Suppressed
from csdomain.kernel.cases.effects import MessageClass
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, InvalidValue
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Queued, Store, Unit
from csdomain.messaging.events import MarketingCounted
from csdomain.messaging.lifecycle import CampaignState
from csdomain.messaging.model.campaign import CAMPAIGNS, Campaign
from csdomain.messaging.model.outcomes import campaign_of, note, skipped
from csdomain.messaging.model.preferences import OF_CUSTOMER, PREFERENCES, ContactPreferences, preferences_of
from csdomain.messaging.model.typed import typed
from csdomain.messaging.policies import QuietHours, Unsubscription, check_key, refusal, token
from csdomain.messaging.values import (
    MESSAGE_RULES,
    OPTIONAL,
    Channel,
    LinkRefused,
    MessageRules,
    Outcome,
    Recipient,
    Standing,
)
from csdomain.rulebook import House

R = TypeVar("R")
_ADDRESS_LONGEST: Final = 200


def _key(_: object, attribute: object, value: bytes) -> None:
    check_key(value)


def _address(_: object, attribute: object, value: str) -> None:
    # It stands in a header of mails between < and >.
    fits = isinstance(value, str) and value.isascii() and value.isprintable() and not {*value} & {*" <>"}
    if not fits or not 0 < len(str(value)) <= _ADDRESS_LONGEST or not str(value).startswith("https://"):
        accepted = Text(
            f"https://…, at most {_ADDRESS_LONGEST} ASCII characters", f"https://…，至多 {_ADDRESS_LONGEST} 个字符"
        )
        raise LinkRefused(field="url", accepted=accepted)


@attrs.frozen
class Links:
    """How links to unsubscribe are made: the host's secret ``key`` of at least 16 bytes, and the address, without
    blanks, that the signed part follows. Raises LinkRefused."""

    key: bytes = attrs.field(repr=False, validator=_key)
    url: str = attrs.field(validator=_address)


@attrs.frozen
class Gate:
    """What a customer's preferences, quiet hours and the state of a campaign say of a message."""

    house: House
    customers: CustomerBook

    @property
    def rules(self) -> MessageRules:
        """The house's rules of messages."""
        return self.house.rulebook[MESSAGE_RULES]

    def standings(self, unit: Unit, customer: str) -> list[Standing]:
        """What every record of the person wants."""
        theirs = OF_CUSTOMER.among(self.customers.family(unit, customer))
        return [one.standing for one in unit.of(PREFERENCES).find(Query((theirs,))).items]

    def why_not(self, unit: Unit, customer: str, klass: MessageClass, channel: Channel | None = None) -> Outcome | None:
        """Why somebody is not to be written to; None where they may be. [MSG-10]"""
        return None if klass is MessageClass.CONTRACT else refusal(self.standings(unit, customer), klass, channel)

    def take(self, unit: Unit, customer: str, at: datetime, branch: str) -> Outcome | None:
        """As :meth:`why_not` of marketing; where it may be sent it is counted against the cap of the month. [MSG-08]"""
        why = self.why_not(unit, customer, MessageClass.MARKETING)
        if why is not None:
            return why
        root = self.customers.family(unit, customer)[0]
        month = f"{at.astimezone(ZoneInfo(self.house.zone(branch))):%Y-%m}"
        found = unit.obtain(
            PREFERENCES,
            preferences_of(root),
            lambda: ContactPreferences.new(root, branch, self.house.rulebook.ref, at),
        )
        if not found.count(month, self.rules.marketing_cap):
            return Outcome.CAP
        unit.of(PREFERENCES).save(found)
        unit.record([MarketingCounted(subject=found.id, by=SYSTEM, at=at, month=month, sent=found.sent)])
        return None


@attrs.frozen
class Door:
    """The gate at the moment of sending, for one store. ``opt_out`` notes what a gateway says of a customer; ``links``
    where the host gives links to unsubscribe."""

    store: Store
    gate: Gate
    opt_out: Callable[[str, Channel, datetime], object]
    links: Links | None = None

    def campaign(self, message: Queued) -> Campaign | None:
        """The campaign that a message is of; None where it is of none."""
        id = campaign_of(message)
        if not id:
            return None
        found: Campaign = self._read(lambda unit: unit.of(CAMPAIGNS).get(id))
        if found.erased_at is not None or found.restricted:
            raise _erased()
        return found

    def typed(self, message: Queued) -> Mapping[str, str]:
        """What somebody typed for a message, by its placeholder. Raises DeliveryFailed where it was erased."""
        found = self._read(lambda unit: typed(unit, message))
        if found is None:
            raise _erased()
        return found

    def check(self, message: Queued, to: Recipient, campaign: Campaign | None) -> None:
        """Refuse a message that is not to be sent, or not now. Raises Suppressed, Postponed, DeliveryFailed."""
        if message.klass not in OPTIONAL:
            return
        if campaign is not None and campaign.state is CampaignState.STOPPED:
            self._skip(message, Outcome.STOPPED)
        gate, klass = self.gate, message.klass
        known = self._read(lambda unit: gate.standings(unit, message.to))
        why = refusal(known, klass, to.channel)
        if why is not None:
            self._skip(message, why)
        try:
            zone = zone_of(to.zone or gate.house.organisation.zone)
        except InvalidValue as error:
            raise DeliveryFailed(definite=True, why=error.render("en")) from None
        now, rules = message.tried_at or message.created_at, gate.rules
        closed = [QuietHours(rules.quiet_from, rules.quiet_until)]
        calls = known if to.channel is Channel.PHONE else ()
        closed += [QuietHours(wished[1], wished[0]) for one in calls if (wished := one.hours) is not None]
        later = max(hours.allowed(now, zone) for hours in closed)
        if later > now:
            raise Postponed(until=later)

    def opted_out(self, message: Queued, channel: Channel) -> None:
        """Note that the gateway says of a customer that they opted out. Never raises: nothing is sent anyway."""
        at = message.tried_at or message.created_at
        with suppress(Exception):
            self.opt_out(message.to, channel, at)
        if message.klass in OPTIONAL:
            with suppress(DeliveryFailed):
                self._write(message, Outcome.OPTED_OUT)

    def link(self, message: Queued, channel: Channel) -> str:
        """The address that ends the subscription to such messages by the channel; empty where there is none."""
        if self.links is None or message.klass not in OPTIONAL:
            return ""
        until = (message.tried_at or message.created_at) + timedelta(self.gate.rules.links_for.days)
        name, klass = self.gate.house.rulebook.name, message.klass
        wanted = Unsubscription(house=name, customer=message.to, klass=klass, channel=channel, until=until)
        return f"{self.links.url}{token(self.links.key, wanted)}"

    def _skip(self, message: Queued, why: Outcome) -> NoReturn:
        self._write(message, why)
        raise Suppressed(why=why.value)

    def _write(self, message: Queued, outcome: Outcome) -> None:
        at = message.tried_at or message.created_at
        row = skipped(message.key, message.to, message.occasion, outcome, at, campaign_of(message))
        try:
            self.store.run(lambda unit: note(unit, row))
        except DomainError as error:
            raise DeliveryFailed(definite=False, why=type(error).__name__) from None

    def _read(self, work: Callable[[Unit], R]) -> R:
        try:
            return self.store.look(work)
        except Exception as error:  # noqa: BLE001 - nothing has left yet, whatever it is
            raise DeliveryFailed(definite=False, why=type(error).__name__) from None


def _erased() -> DeliveryFailed:
    return DeliveryFailed(definite=True, why="its text was erased")
