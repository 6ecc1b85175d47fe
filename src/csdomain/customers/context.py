"""Customers as a context of the desk."""

from typing import Final

from csdomain.casework.chronicle import chronicle
from csdomain.frame.contexts import Context

from . import service as s
from .model.connection import SECRETS
from .questions.finding import TERMS

_PAPERS: Final = (s.HANDOVER_CASES, s.RELEASE_CASES, s.CONNECTION_CASES, s.LEAD_CASES, s.CORRECTION_CASES)
_CASES: Final = (*_PAPERS, s.WORKLIST_CASES, s.CUSTOMER_CASES, s.HEALTH_CASES, s.VEHICLE_CASES)
CONTEXT: Final = Context(
    "customers",
    s.Customers,
    _CASES,
    (TERMS, SECRETS),
    projections=(
        chronicle(__file__, s.CUSTOMER_CASES, whose=""),
        chronicle(__file__, s.LEAD_CASES),
        chronicle(__file__, s.CONNECTION_CASES),
    ),
)
