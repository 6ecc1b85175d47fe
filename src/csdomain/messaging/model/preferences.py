"""What a customer wants to hear, by which way and when, and the commands that change it."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, ClassVar, Final

import attrs

from csdomain.frame.acts import Act, Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands
from csdomain.frame.fields import LONG
from csdomain.kernel.cases.effects import MessageClass
from csdomain.kernel.rules import Text
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.messaging import events as e
from csdomain.messaging.lifecycle import PREFERENCES_MOVES, PreferencesMove, PreferencesState
from csdomain.messaging.values import (
    FIELDS,
    PREFERENCES_ID,
    Audience,
    Channel,
    Consent,
    MalformedPreference,
    MessageRules,
    Outcome,
    PreferencesId,
    Standing,
)

does: Final = Commands(PREFERENCES_MOVES)
_M: Final = PreferencesMove


@attrs.frozen(eq=False, kw_only=True)
class MessagingAct(Act[MessageRules]):
    """Besides who, when and by which rules: whether an audience in a branch is anybody at all, and why a customer is
    not to be written to of care."""

    anybody: Callable[[Audience, str], bool]
    why_not: Callable[[str], Outcome | None]


def preferences_of(customer: str) -> PreferencesId:
    """The id of a customer's preferences, whether there are any or not."""
    return PREFERENCES_ID.keyed(FIELDS.check_id(customer, "customer"))


@attrs.define(kw_only=True)
class ContactPreferences(Record):
    """What a customer wants to hear: :class:`~csdomain.messaging.values.Standing`, and of marketing how much was
    ``sent`` in ``month`` (2026-03). One for each record of a customer. [MSG-08, MSG-10]"""

    id: PreferencesId = attrs.field(on_setattr=attrs.setters.frozen)
    state: PreferencesState = PreferencesState.KEPT
    customer: str
    standing: Standing = attrs.field(factory=Standing)
    month: str = ""
    sent: int = 0
    number: ClassVar[str] = ""

    @staticmethod
    def new(customer: str, branch: str, rulebook: str, at: datetime) -> "ContactPreferences":
        """The preferences of somebody who has said nothing yet."""
        about: dict[str, Any] = {"branch": branch, "rulebook": rulebook, "moved_at": at}
        return ContactPreferences(id=preferences_of(customer), owner="", customer=customer, **about)

    @staticmethod
    @does.opens(_M.OPEN)
    def open(act: MessagingAct, customer: str) -> tuple["ContactPreferences", Events]:
        found = ContactPreferences.new(customer, act.by.branch, act.rulebook, act.at)
        return found, act.opened(found, e.PreferencesOpened())

    @does(_M.OPT_OUT)
    def opt_out(self, act: MessagingAct, klass: MessageClass | None, channel: Channel | None, source: str) -> Events:
        told = e.CustomerOptedOut(**_said(klass, channel, source))
        self.standing = self.standing.opting_out(klass, channel, act.at, source)
        return act.done(told)

    @does(_M.OPT_IN)
    def opt_in(self, act: MessagingAct, klass: MessageClass | None, channel: Channel | None, source: str) -> Events:
        told = e.CustomerOptedIn(**_said(klass, channel, source))
        self.standing = self.standing.without(klass, channel)
        return act.done(told)

    @does(_M.CONSENT)
    def consent(self, act: MessagingAct, channel: Channel, wording: str, source: str) -> Events:
        FIELDS.check_text(wording, "wording", LONG)
        agreed = Consent(channel=channel, at=act.at, source=FIELDS.check_id(source, "source"), wording=wording)
        self.standing = self.standing.agreeing(agreed)
        return act.done(e.MarketingAgreed(channel=channel.value, how=source))

    @does(_M.WISH)
    def wish(self, act: MessagingAct, since: time, until: time) -> Events:
        minutes = (_minutes(since, "since"), _minutes(until, "until"))
        self.standing = attrs.evolve(self.standing, since=minutes[0], until=minutes[1])
        return act.done(self._wished())

    @does(_M.FORBID_CALLS)
    def forbid_calls(self, act: MessagingAct, forbidden: bool) -> Events:
        self.standing = attrs.evolve(self.standing, do_not_call=forbidden)
        return act.done(self._wished())

    def _wished(self) -> e.CallsWished:
        since, until = (f"{at // 60:02}:{at % 60:02}" for at in (self.standing.since, self.standing.until))
        return e.CallsWished(since=since, until=until, forbidden=self.standing.do_not_call)

    def count(self, month: str, cap: int) -> bool:
        """Whether one more message of marketing may be sent in the month: it is counted. [MSG-08]"""
        sent = self.sent if self.month == month else 0
        if sent >= cap:
            return False
        self.month, self.sent = month, sent + 1
        return True


def _said(klass: MessageClass | None, channel: Channel | None, source: str) -> dict[str, str]:
    if klass is MessageClass.CONTRACT:
        names = ", ".join(one.name for one in MessageClass if one is not klass)
        raise MalformedPreference(field="klass", given=klass, accepted=Text(names, names))
    found = {"klass": klass.value if klass else "", "channel": channel.value if channel else ""}
    return {**found, "how": FIELDS.check_id(source, "source")}


def _minutes(at: time, field: str) -> int:
    if at.tzinfo is not None or at.second or at.microsecond:
        accepted = Text("hours and minutes on the customer's clock", "客户当地的时与分")
        raise MalformedPreference(field=field, given=at, accepted=accepted)
    return at.hour * 60 + at.minute


OF_CUSTOMER: Final[Field[ContactPreferences, str]] = Field("customer", str, lambda p: p.customer, unique=True)
PREFERENCES: Final = Kind(
    ContactPreferences,
    PREFERENCES_ID,
    "contact_preferences",
    (OF_CUSTOMER, Field("state", str, lambda p: p.state.value)),
)
