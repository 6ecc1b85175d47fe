"""Payments as a context of the desk."""

from typing import Final

from csdomain.casework.chronicle import chronicle
from csdomain.frame.contexts import Context

from .service import BILL_CASES, PAYMENT_CASES, Payments

CONTEXT: Final = Context(
    "payments",
    Payments,
    (PAYMENT_CASES, BILL_CASES),
    projections=(chronicle(__file__, PAYMENT_CASES), chronicle(__file__, BILL_CASES)),
)
