"""Complaints as a context of the desk."""

from typing import Final

from csdomain.casework.chronicle import chronicle
from csdomain.frame.contexts import Context

from .service import COMPLAINT_CASES, Complaints

CONTEXT: Final = Context(
    "complaints", Complaints, (COMPLAINT_CASES,), projections=(chronicle(__file__, COMPLAINT_CASES),)
)
