"""What a context that holds something about customers gives, to be erased and exported with the others (KRN-14)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from csdomain.kernel.store.kinds import ColumnValue, Kind
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.personal import Erasure

Cursor = tuple[ColumnValue, str]


class CustomerRecords(Protocol):
    """The records of one kind that a context keeps, found by their customer. A context's service satisfies it.

    It takes part once ``Desk.customer_records`` names it.
    """

    @property
    def kind(self) -> Kind[Any]:
        """What the records are."""
        ...

    def of_customer(
        self, customer: str, *, by: Actor, at: datetime, after: Cursor | None = None
    ) -> tuple[Sequence[str], Cursor | None]:
        """The ids of one page, and where the next begins. Raises NotPermitted unless ``by`` may erase all of them."""
        ...

    def forget(self, id: str, *, by: Actor, at: datetime) -> Erasure:
        """Erase one record, or restrict it where law demands keeping it; what came of it."""
        ...

    def export_of(self, customer: str, *, by: Actor) -> Iterable[Mapping[str, Any]]:
        """Everything in clear. Raises NotPermitted unless ``by`` may read all of it."""
        ...
