"""The use cases of contact preferences, one method each (MSG-10)."""

from collections.abc import Callable
from datetime import datetime, time
from operator import attrgetter
from typing import Any, ClassVar, Final, TypeVar, Unpack

import attrs

from csdomain.frame.acts import Events
from csdomain.frame.cases import CaseType
from csdomain.frame.keeping import Keeping
from csdomain.frame.service import CallOptions, CaseService, OpenOptions
from csdomain.kernel.cases.effects import MessageClass
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.ports import Call, Receipt, Unit
from csdomain.kernel.values.actors import Action, Actor, ActorId, Scope
from csdomain.messaging import effects as f
from csdomain.messaging.model.preferences import (
    OF_CUSTOMER,
    PREFERENCES,
    ContactPreferences,
    MessagingAct,
    does,
    preferences_of,
)
from csdomain.messaging.policies import ReplyAction, refusal, reply_action, unsubscription
from csdomain.messaging.ports import Audiences, ListedCustomers
from csdomain.messaging.values import Channel, Outcome

from .gate import Gate

C = TypeVar("C", bound=Any)
WRITE: Final = Action("messages.preferences_write")
PREFERENCES_CASES: Final = CaseType(
    PREFERENCES,
    does,
    f.PREFERENCES_EFFECTS,
    keeping=Keeping("contact_preferences", OF_CUSTOMER, attrgetter("hold_reasons")),
    prefix="preferences_",
)


@attrs.frozen
class MessagingService(CaseService[C, MessagingAct]):
    """What preferences and campaigns have at hand."""

    _audiences: Audiences = attrs.field(factory=ListedCustomers, kw_only=True)

    @property
    def _gate(self) -> Gate:
        return Gate(self._house, self._customers)

    def _hand(self, unit: Unit, **given: Any) -> MessagingAct:
        page, why_not = self._audiences.page, self._gate.why_not
        return MessagingAct(
            anybody=lambda whom, branch: bool(page(unit, whom, branch, "", 1).ids),
            why_not=lambda customer: why_not(unit, customer, MessageClass.CARE),
            **given,
        )


@attrs.frozen
class Preferences(MessagingService[ContactPreferences]):
    """What customers want to hear, one record for each customer. Commands take the id that :meth:`of` gives.

    Commands take ``by`` and ``at``, and optionally ``key`` and ``expected_version``; they raise NotFound, NotPermitted,
    NaiveTime, Conflict, KeyReused, MalformedPreference.
    """

    _cases: ClassVar = PREFERENCES_CASES

    # --- commands
    def open(self, customer: str, **call: Unpack[OpenOptions]) -> Receipt:
        """Begin to keep a customer's preferences. Raises Conflict where they are, Merged, RuleBroken. [MSG-10]"""
        return self._begin(ContactPreferences.open, call, customer)

    def opt_out(
        self,
        id: str,
        klass: MessageClass | None,
        channel: Channel | None,
        source: str,
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """Note that the customer wants no more of a class (None: of any) by a channel (None: by any); ``source`` is a
        code of how it was said. What the contract demands still comes. [MSG-10]"""
        return self._do(ContactPreferences.opt_out, id, call, klass, channel, source)

    def opt_in(
        self,
        id: str,
        klass: MessageClass | None,
        channel: Channel | None,
        source: str,
        **call: Unpack[CallOptions],
    ) -> Receipt:
        """Take an opt-out back, as :meth:`opt_out` is said. Marketing needs :meth:`consent` besides. [MSG-10]"""
        return self._do(ContactPreferences.opt_in, id, call, klass, channel, source)

    def consent(self, id: str, channel: Channel, wording: str, source: str, **call: Unpack[CallOptions]) -> Receipt:
        """Note that the customer agreed to marketing by a channel, to these words. [MSG-08]"""
        return self._do(ContactPreferences.consent, id, call, channel, wording, source)

    def wish(self, id: str, since: time, until: time, **call: Unpack[CallOptions]) -> Receipt:
        """Note at which hours, on the customer's clock, calls are wished; at any where both are the same. [MSG-10]"""
        return self._do(ContactPreferences.wish, id, call, since, until)

    def forbid_calls(self, id: str, forbidden: bool = True, **call: Unpack[CallOptions]) -> Receipt:
        """Note that the customer is not to be called, or may be again. [MSG-10]"""
        return self._do(ContactPreferences.forbid_calls, id, call, forbidden)

    # --- of a customer
    def of(self, customer: str, *, by: Actor, at: datetime) -> str:
        """The id of a customer's preferences, which are opened where there are none. Raises as :meth:`open`."""
        id = preferences_of(customer)
        try:
            self._store.look(lambda unit: unit.of(PREFERENCES).get(id))
        except NotFound:
            self.open(customer, by=by, at=at)
        return id

    def refusal(
        self, customer: str, klass: MessageClass, channel: Channel | None = None, *, by: Actor
    ) -> Outcome | None:
        """Why the customer is not to be written to, of all records of the person; None where they may be. It is what
        the planner and the relay ask. Raises NotPermitted. [MSG-10]"""

        def work(unit: Unit, actor: Actor) -> Outcome | None:
            actor.require(self._cases.read, owner="", branch="")
            return refusal(self._gate.standings(unit, customer), klass, channel)

        return self._read(work, by)

    def replied(self, customer: str, channel: Channel, text: str, *, by: Actor, at: datetime) -> ReplyAction | None:
        """Do what a customer's reply asks for where it is a stop word, or the opposite, for every class by that
        channel; what it asked for. None: it is no such word, nothing changed, and people read it. ``by`` may be the
        host's own actor. Raises NotPermitted, RuleBroken. [MSG-10]"""
        self._house.resolve(by).require(WRITE, owner="", branch="")
        found = reply_action(text)
        if found is ReplyAction.OPT_OUT:
            self._opted_out(customer, channel, at, "reply")
        elif found is ReplyAction.OPT_IN:
            self._themselves(customer, at, lambda p, act: p.opt_in(act, None, channel, "reply"))
        return found

    def unsubscribe(self, token: str, key: bytes, *, at: datetime) -> Outcome:
        """Do what a link to unsubscribe says; twice is once. ``key`` is the secret with which it was signed. No actor
        asks it: who has the link may. Raises LinkRefused, RuleBroken for a customer who was erased. [MSG-10]"""
        wanted = unsubscription(key, token, self._house.rulebook.name, utc(at))
        klass, channel = wanted.klass, wanted.channel
        self._themselves(wanted.customer, at, lambda p, act: p.opt_out(act, klass, channel, "link"))
        return Outcome.OPTED_OUT

    def _opted_out(self, customer: str, channel: Channel, at: datetime, source: str) -> None:
        """What a customer wants who said so by a stop word, to us or to a gateway. [MSG-10]"""
        self._themselves(customer, at, lambda p, act: p.opt_out(act, None, channel, source))

    def _themselves(
        self, customer: str, at: datetime, command: Callable[[ContactPreferences, MessagingAct], Events]
    ) -> None:
        """What a customer does, to the preferences of the living record, which are opened where there are none."""

        def work(unit: Unit) -> None:
            root = self._customers.family(unit, customer)[0]
            self._customers.require_living(unit, root)
            house, rules = self._house, self._rules_now
            branch = "system"
            found = unit.obtain(
                PREFERENCES,
                preferences_of(root),
                lambda: ContactPreferences.new(root, branch, house.rulebook.ref, utc(at)),
            )
            who = Actor(ActorId(root), branch, frozenset(), {WRITE: Scope.ALL})
            then = max(utc(at), found.moved_at)
            events = command(found, self._act(unit, who, then, rules, house.rulebook.ref, branch))
            self._keep(unit, found, events)
            unit.record(events)

        self._store.run(work, Call("contact_preferences.reply", ActorId(customer), utc(at), preferences_of(customer)))

    @property
    def _rules_now(self) -> Any:
        return self._house.rulebook[self._cases.section]
