"""Customers as a context of the desk."""

from typing import Final

from csdomain.frame.contexts import Context

from .questions.finding import TERMS
from .service import CUSTOMER_CASES, HANDOVER_CASES, HEALTH_CASES, Customers

CONTEXT: Final = Context("customers", Customers, (HANDOVER_CASES, CUSTOMER_CASES, HEALTH_CASES), (TERMS,))
