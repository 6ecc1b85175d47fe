"""Staff as a context of the desk."""

from typing import Final

from csdomain.frame.contexts import Context

from .lifecycle import DELEGATION_MOVES, STAFF_MOVES
from .model import DELEGATIONS, STAFF
from .service import Staff
from .values import STAFF_RULES

CONTEXT: Final = Context(
    "staff",
    Staff,
    more_sections=(STAFF_RULES,),
    more_kinds=(STAFF, DELEGATIONS),
    more_lifecycles=(STAFF_MOVES, DELEGATION_MOVES),
)
