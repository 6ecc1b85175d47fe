"""What contracts and renewals ask of others: each other, payments, and whoever runs the service."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final, Protocol

import attrs

from csdomain.casework.outward import OrdersAmongMessages
from csdomain.frame.acts import Events
from csdomain.kernel.store.ports import Queued
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money

from .policies.revenue import PaidTerm

#: The recipient of orders to whoever runs the service.
PROVISIONING: Final = "provisioning"


class Contracts(Protocol):
    """Port: the contract beside a renewal, locked until the unit ends, and before it (ADR 25)."""

    def contract(self, id: str, /, by: Actor | None = None) -> Any:
        """A contract, where ``by`` is given if they may ask for its renewal.

        Raises NotFound, MalformedId, WrongKind, NotPermitted.
        """
        ...

    def under_way(self, contract: str, /) -> str | None:
        """The renewal of a contract that is under way."""
        ...

    def earn(self, contract: Any, terms: Sequence[tuple[PaidTerm, int]], /) -> None:
        """Put on record what a contract earns by the day: paid terms, each added (1) or taken off (-1). [REN-11]"""
        ...

    def keep(self, contract: Any, events: Events, /) -> None:
        """Store a contract that was changed beside a renewal, and what happened to it."""
        ...


@attrs.frozen
class Charge:
    """What is to be paid: the ``purpose`` of the case ``subject``, so many at a price, by a rule."""

    subject: str
    purpose: str
    customer: str
    what: str
    quantity: int
    price: Money
    rule: str


class Billing(Protocol):
    """Port: bills and payments, in the unit of work of the move that they belong to (REN-06, REN-13)."""

    def check_bank(self, bank: str, /) -> None:
        """Refuse a bank at which the house has no account. Raises InvalidValue."""
        ...

    def ask(self, by: Actor, at: datetime, charge: Charge, bank: str = "", /) -> str:
        """Open the bill; the customer who transfers is told our account at ``bank``. The id of the bill."""
        ...

    def paid_on(self, subject: str, purpose: str, amount: Money, /) -> date:
        """Since when finance has all of ``amount`` for the bill: the day of the payment that completed it.

        Raises RuleBroken that names what is missing and what credit there is. [REN-06]
        """
        ...

    def credit(self, by: Actor, at: datetime, amounts: Mapping[str, Money], reason: str, /) -> Sequence[str]:
        """So much of each bill, by id, is not owed after all, and is credit where it was paid: the bills of which it
        could be done. The others are for finance."""
        ...

    def drop(self, by: Actor, at: datetime, subject: str, purpose: str, reason: str, /) -> None:
        """Nothing is owed any more: what was paid is credit, the bill is cancelled. Raises RuleBroken."""
        ...


# --- outward (D9)
@attrs.frozen(kw_only=True)
class ServiceOrder:
    """Something to do with the service of a contract. ``key`` is the same however often it comes: do it once."""

    key: str
    subject: str
    contract: str
    since: str = ""
    until: str = ""
    vehicles: int = 0


class Provisioning(Protocol):
    """Port: whoever runs the service. What is done is confirmed with ``renewals.extend`` (REN-04)."""

    def extend(self, order: ServiceOrder, /) -> None:
        """Service runs until ``order.until``, and is resumed where it was suspended. Raises DeliveryFailed."""
        ...

    def take_back(self, order: ServiceOrder, /) -> None:
        """An order to extend is reversed: service ends with ``order.since`` again. Raises DeliveryFailed."""
        ...

    def suspend(self, order: ServiceOrder, /) -> None:
        """The contract has lapsed (REN-09). Raises DeliveryFailed."""
        ...

    def change(self, order: ServiceOrder, /) -> None:
        """The contract covers other vehicles now, ``order.vehicles`` of them (REN-10). Raises DeliveryFailed."""
        ...


@attrs.frozen
class ServiceOrders(OrdersAmongMessages):
    """A notifier that brings orders to whoever runs the service, and everything else to ``others``."""

    kind: ClassVar = ""
    orders: ClassVar = frozenset({"renewal.extend", "renewal.take_back", "contract.suspend", "contract.change"})
    provisioning: Provisioning

    def takers(self) -> Mapping[tuple[str, str], Callable[[Queued], None]]:
        """Who takes an order: by recipient and occasion."""
        return {
            (PROVISIONING, "renewal.extend"): lambda message: self.provisioning.extend(_order(message)),
            (PROVISIONING, "renewal.take_back"): lambda message: self.provisioning.take_back(_order(message)),
            (PROVISIONING, "contract.suspend"): lambda message: self.provisioning.suspend(_order(message)),
            (PROVISIONING, "contract.change"): lambda message: self.provisioning.change(_order(message)),
        }


def _order(message: Queued) -> ServiceOrder:
    facts = message.facts
    subject = str(facts.get("renewal") or facts.get("contract"))
    vehicles = facts.get("vehicles")
    return ServiceOrder(
        key=message.key,
        subject=subject,
        contract=str(facts["contract"]),
        since=str(facts.get("since") or ""),
        until=str(facts.get("until") or ""),
        vehicles=vehicles if isinstance(vehicles, int) else 0,
    )
