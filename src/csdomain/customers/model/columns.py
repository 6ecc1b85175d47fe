"""Columns that every paper about a customer has."""

from typing import Any

from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.store.kinds import Field


def customer_of() -> Field[Any, str]:
    """Whose paper it is."""
    return Field("customer", str, lambda paper: paper.customer or None)


def waits_for(table: Lifecycle[Any, Any]) -> Field[Any, str]:
    """Whom an open paper waits for: a position, or ``=`` and a person."""
    ended = table.final
    return Field("waits_for", str, lambda p: None if p.state in ended else p.desk or f"={p.owner}")
