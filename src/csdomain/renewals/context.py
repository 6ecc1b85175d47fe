"""Renewals as a context of the desk."""

from typing import Final

from csdomain.casework.chronicle import chronicle
from csdomain.frame.contexts import Context

from .model.terms import EARNINGS, TERMS
from .service import CONTRACT_CASES, RENEWAL_CASES, Renewals

CONTEXT: Final = Context(
    "renewals",
    Renewals,
    (RENEWAL_CASES, CONTRACT_CASES),
    (TERMS, EARNINGS),
    projections=(chronicle(__file__, RENEWAL_CASES), chronicle(__file__, CONTRACT_CASES)),
)
