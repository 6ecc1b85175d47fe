"""What the service desk asks of others: money, contracts, colleagues, its own register, whoever surveys customers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol

import attrs

from csdomain.casework.outward import OrdersAmongMessages
from csdomain.kernel.store.ports import Queued
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money

from .values import Entry

#: The recipient of surveys that are due.
SATISFACTION: Final = "satisfaction"


class Till(Protocol):
    """Port: bills and payments, in the unit of work of the move that they belong to (SVC-05)."""

    @property
    def small_fee(self) -> Money | None:
        """Up to how much is collected on the spot; None: everything."""
        ...

    def charge(self, by: Actor, at: datetime, job: str, customer: str, fee: Money, /) -> str:
        """Open the bill of a job, once. Its id. Raises RuleBroken, InvalidValue."""
        ...

    def take(self, by: Actor, at: datetime, job: str, customer: str, amount: Money, /) -> str:
        """Take cash for the bill of a job; above a small fee only after the invoice. The id of the payment.

        Raises RuleBroken, InvalidValue.
        """
        ...


class Cover(Protocol):
    """Port: the contracts under which customers are served (SVC-01)."""

    def require_in_force(self, customer: str, contract: str, /) -> None:
        """Refuse a contract that is not this customer's, or not in force now. Raises RuleBroken."""
        ...


class AnyContract:
    """A :class:`Cover` of a house that keeps no contracts here: whoever takes the call has looked."""

    def require_in_force(self, customer: str, contract: str, /) -> None:
        """Refuses nothing."""


class Jobs(Protocol):
    """Port: the register, in the unit of work of the move."""

    def waiting(self, branch: str, before: datetime, /) -> str | None:
        """The number of the oldest job of a branch that waits to be dispatched since before then. [SVC-07]"""
        ...

    def entries(self, branch: str, /) -> Sequence[Entry]:
        """What the register of a branch says of every voucher that is not archived or filed away. [SVC-07]"""
        ...


# --- outward (D9)
class Surveys(Protocol):
    """Port: whoever asks customers what they think of a service (SVC-11)."""

    def ask(self, job: str, customer: str, /) -> None:
        """Survey the service ``job``: once, however often it comes. Raises DeliveryFailed."""
        ...


@attrs.frozen
class ListedSurveys:
    """A :class:`Surveys` where nobody asks yet: the surveys that are due, by job, with the customer."""

    due: dict[str, str] = attrs.field(factory=dict)

    def ask(self, job: str, customer: str, /) -> None:
        """Lists it."""
        self.due[job] = customer


@attrs.frozen
class SurveyOrders(OrdersAmongMessages):
    """A notifier that brings surveys to whoever asks customers, and everything else to ``others``."""

    kind: ClassVar = "job"
    orders: ClassVar = frozenset({"survey"})
    surveys: Surveys

    def takers(self) -> Mapping[tuple[str, str], Callable[[Queued], None]]:
        """Who takes an order: by recipient and occasion."""
        return {(SATISFACTION, "survey"): lambda message: self._ask(message.facts)}

    def _ask(self, facts: Mapping[str, Any]) -> None:
        self.surveys.ask(str(facts["job"]), str(facts["customer"]))
