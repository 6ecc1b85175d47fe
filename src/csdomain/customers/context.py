"""Customers as a context of the desk."""

from typing import Final

from csdomain.casework.chronicle import chronicle
from csdomain.frame.contexts import Context

from .questions.finding import TERMS
from .service import CUSTOMER_CASES, HEALTH_CASES, Customers

CONTEXT: Final = Context(
    "customers",
    Customers,
    (CUSTOMER_CASES, HEALTH_CASES),
    (TERMS,),
    projections=(chronicle(__file__, CUSTOMER_CASES, whose=""),),
)
