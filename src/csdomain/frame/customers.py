"""Whom a case may be about: the port that every context asks before it opens one (CUS-13)."""

from collections.abc import Sequence
from typing import Protocol

from csdomain.kernel.store.ports import Unit


class CustomerBook(Protocol):
    """Port: the house's records of customers, in the unit of work that opens a case."""

    def require_living(self, unit: Unit, customer: str, /) -> None:
        """Refuse a customer whose record was merged, naming the one to use, or erased.

        Raises RuleBroken: ``Merged(into=…)`` of :mod:`csdomain.customers.values`.
        """
        ...

    def family(self, unit: Unit, customer: str, /) -> Sequence[str]:
        """Every id under which the same person is kept, that of the living record first."""
        ...


class AnyCustomer:
    """A :class:`CustomerBook` of a house that keeps no records of customers: any id will do."""

    def require_living(self, unit: Unit, customer: str, /) -> None:
        """Refuses nothing."""

    def family(self, unit: Unit, customer: str, /) -> Sequence[str]:
        """The id itself."""
        return (customer,)
