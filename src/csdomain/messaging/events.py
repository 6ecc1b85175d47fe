"""What happens to messages, to what customers want to hear, and to campaigns."""

from datetime import datetime

import attrs

from csdomain.frame.acts import Told, stamped
from csdomain.kernel.cases.events import Event


@attrs.frozen(kw_only=True)
class MessageRequeued(Event):
    """A message that had been given up after ``attempts`` was put back, to be sent again (MSG-09)."""

    message: str
    attempts: int


@attrs.frozen(kw_only=True)
class GreetingPlanned(Event):
    """The house writes to a customer on an occasion, as ``message``; empty where it was skipped for what ``outcome``
    says (MSG-10, MSG-11)."""

    occasion: str
    message: str
    outcome: str


# --- typed texts
@attrs.frozen(kw_only=True)
class TextTyped(Told):
    """Somebody typed a text that concerns ``customer``, empty for nobody in particular."""

    customer: str = stamped()


@attrs.frozen(kw_only=True)
class NoticeTyped(TextTyped):
    """Somebody of the house tells another, or a position, something (MSG-13)."""

    to: str


@attrs.frozen(kw_only=True)
class CareTyped(TextTyped):
    """Somebody of the house sends a driver something to keep awake by (MSG-07)."""


# --- preferences
@attrs.frozen(kw_only=True)
class PreferencesChanged(Told):
    """Something changed of what ``customer`` wants to hear."""

    customer: str = stamped()


@attrs.frozen(kw_only=True)
class PreferencesOpened(PreferencesChanged):
    """The customer's preferences are kept from now on (MSG-10)."""


@attrs.frozen(kw_only=True)
class CustomerOptedOut(PreferencesChanged):
    """The customer wants no more of a class (every one where empty) by a channel (every one where empty) (MSG-10)."""

    klass: str
    channel: str
    how: str


@attrs.frozen(kw_only=True)
class CustomerOptedIn(PreferencesChanged):
    """The customer takes an opt-out back (MSG-10)."""

    klass: str
    channel: str
    how: str


@attrs.frozen(kw_only=True)
class MarketingAgreed(PreferencesChanged):
    """The customer agreed to marketing by a channel (MSG-08)."""

    channel: str
    how: str


@attrs.frozen(kw_only=True)
class MarketingCounted(Event):
    """One more message of marketing was planned for the customer: the ``sent``-th of the ``month`` (MSG-08)."""

    month: str
    sent: int


@attrs.frozen(kw_only=True)
class CallsWished(PreferencesChanged):
    """The customer wishes calls at certain hours, or at none (``forbidden``), or at any (MSG-10)."""

    since: str
    until: str
    forbidden: bool


# --- campaigns
@attrs.frozen(kw_only=True)
class CampaignMoved(Told):
    """Something happened to the campaign ``called`` so."""

    called: str = stamped("name")


@attrs.frozen(kw_only=True)
class CampaignDrafted(CampaignMoved):
    """A campaign was written, to be sent up to ``until`` (MSG-08)."""

    until: datetime


@attrs.frozen(kw_only=True)
class CampaignStarted(CampaignMoved):
    """The campaign may begin (MSG-08)."""


@attrs.frozen(kw_only=True)
class CampaignDone(CampaignMoved):
    """Everybody of the audience was seen to: ``queued`` messages, the others were skipped (MSG-08)."""

    queued: int


@attrs.frozen(kw_only=True)
class CampaignStopped(CampaignMoved):
    """Nothing more of the campaign is sent (MSG-08)."""
