"""Renewals as a context of the desk: rules without cases so far."""

from typing import Any, Final

from csdomain.frame.contexts import Context

from .values import RENEWAL_RULES

CONTEXT: Final[Context[Any]] = Context("renewals", lambda *_: None, section=RENEWAL_RULES)
