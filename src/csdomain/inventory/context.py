"""Inventory as a context of the desk: rules without cases so far."""

from typing import Any, Final

from csdomain.frame.contexts import Context

from .values import INVENTORY_RULES

CONTEXT: Final[Context[Any]] = Context("inventory", lambda *_: None, section=INVENTORY_RULES)
