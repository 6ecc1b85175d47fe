"""What follows from a contract: a welcome, thanks for a renewal, a greeting when it has run out (MSG-02, 05, 06).

The notice of a renewal is the renewal's own (``renewal.done``), sent at once: the thanks are the second message.
"""

from datetime import datetime, timedelta
from typing import Final

from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.consequences import Consequence
from csdomain.kernel.store.ports import AuditRecord, Unit
from csdomain.messaging.events import GreetingPlanned
from csdomain.messaging.values import GREETING_DUE, LAPSE, MESSAGE_RULES, THANKS, WELCOME, Greeting
from csdomain.renewals.events import ContractExpired, RenewalRecorded, TermBegan
from csdomain.rulebook import House

from .greeting import Wish, greet

NAME: Final = "contract_greetings"
_DAY: Final = timedelta(days=1)


def consequence(house: House) -> Consequence:
    """What follows where the house writes such greetings."""
    greetings = house.rulebook[MESSAGE_RULES].greetings

    def run(unit: Unit, happened: AuditRecord) -> None:
        name, occasion = _occasion_of(happened)
        greeting = greetings.get(name)
        if greeting is None:
            return
        contract = str(happened.facts.get("contract", happened.subject))
        wish = _wish(house, unit, happened, contract, occasion, greeting)
        if greet(unit, house, wish, happened.at):
            _remind(unit, wish, name, happened.at)

    return Consequence(NAME, (TermBegan, RenewalRecorded, ContractExpired), run)


def _occasion_of(happened: AuditRecord) -> tuple[str, str]:
    if happened.name == ContractExpired.name:
        return "lapse", LAPSE
    first = happened.facts["term"] == 1  # the first form is the deal, and no renewal
    if happened.name == RenewalRecorded.name:
        return ("", "") if first else ("thanks", THANKS)
    return ("welcome", WELCOME) if first else ("", "")


def _wish(house: House, unit: Unit, happened: AuditRecord, contract: str, occasion: str, greeting: Greeting) -> Wish:
    """Not before ``after``, not later than ``within``: a greeting of the line that waits still is superseded, so that
    nobody who has just renewed is told that the service has run out."""
    customer, owner = str(happened.facts["customer"]), str(happened.facts["owner"])
    calendar = house.place(_branch(unit, contract)).calendar
    until = calendar.deadline(happened.at, greeting.within)
    since = max(happened.at, min(calendar.deadline(happened.at, greeting.after), until - _DAY))
    period = f"{contract}/{happened.facts['term']}"
    line = f"{contract}/greeting"
    by = owner if occasion != LAPSE and owner else greeting.by
    return Wish(occasion=occasion, customer=customer, period=period, since=since, until=until, by=by, line=line)


def _branch(unit: Unit, contract: str) -> str:
    from csdomain.renewals.model.contract import CONTRACTS

    return unit.of(CONTRACTS).get(contract).branch


def _remind(unit: Unit, wish: Wish, name: str, at: datetime) -> None:
    """Who answers for the greeting is told of it before it leaves. [MSG-14]"""
    key = f"{wish.key}/due"
    event = GreetingPlanned(subject=wish.customer, by=SYSTEM, at=at, occasion=GREETING_DUE, message=key, outcome="")
    unit.record([event], [Message(key, GREETING_DUE, wish.by, {"greeting": name, "customer": wish.customer})])
