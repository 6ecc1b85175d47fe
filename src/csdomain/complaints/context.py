"""Complaints as a context of the desk."""

from typing import Final

from csdomain.frame.contexts import Context
from csdomain.rulebook import Pinning

from .effects import handlers
from .lifecycle import COMPLAINT_MOVES, LIFECYCLES
from .model import COMPLAINTS
from .service import Complaints
from .values import COMPLAINT_RULES

CONTEXT: Final = Context(
    "complaints",
    Complaints,
    more_sections=(COMPLAINT_RULES,),
    more_kinds=(COMPLAINTS,),
    more_lifecycles=LIFECYCLES,
    more_pinnings=(Pinning(COMPLAINTS, COMPLAINT_MOVES, (COMPLAINT_RULES,)),),
    more_handlers=handlers,
)
