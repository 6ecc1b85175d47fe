"""One greeting: once for the occasion, to somebody who wants it, with somebody who answers for it (MSG-10, MSG-11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from csdomain.frame.customers import AnyCustomer, CustomerBook
from csdomain.kernel.cases.effects import Fact, Message, MessageClass
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.planning import occasion_key
from csdomain.kernel.store.ports import Unit
from csdomain.messaging.events import GreetingPlanned
from csdomain.messaging.model.outcomes import OUTCOMES, note, skipped
from csdomain.messaging.service import Gate
from csdomain.rulebook import House


@attrs.frozen(kw_only=True)
class Wish:
    """A greeting as it is to be sent: the ``period`` in which the occasion comes once, the window, who answers."""

    occasion: str
    customer: str
    period: str
    since: datetime
    until: datetime
    by: str
    facts: Mapping[str, Fact] = attrs.field(factory=dict)
    line: str = ""

    @property
    def key(self) -> str:
        """The key of the message: the customer first, whose trail it is on."""
        return occasion_key(self.customer, self.occasion, self.period)


def book_of(house: House) -> CustomerBook:
    """The records of customers, where the house keeps some."""
    if "customers" not in house.rulebook.parts:
        return AnyCustomer()
    from csdomain.customers.questions.finding import RecordedCustomers

    return RecordedCustomers()


def greet(unit: Unit, house: House, wish: Wish, at: datetime) -> bool:
    """Queue a greeting, or note why it is skipped; whether it was queued. Once: a second time changes nothing."""
    key = wish.key
    if unit.session.message(key) is not None or unit.register(OUTCOMES).get((key,)) is not None:
        return False
    why = Gate(house, book_of(house)).why_not(unit, wish.customer, MessageClass.CARE)
    told = {"occasion": wish.occasion, "message": key, "outcome": "" if why is None else why.value}
    event = GreetingPlanned(subject=wish.customer, by=SYSTEM, at=at, **told)
    if why is not None:
        note(unit, skipped(key, wish.customer, wish.occasion, why, at))
        unit.record([event])
        return False
    window = {"since": wish.since, "until": wish.until, "line": wish.line}
    about: dict[str, Any] = {**window, "klass": MessageClass.CARE, "by": wish.by}
    unit.record([event], [Message(key, wish.occasion, wish.customer, wish.facts, **about)])
    return True
