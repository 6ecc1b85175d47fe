"""Inventory as a context of the desk."""

from typing import Final

from csdomain.frame.contexts import Context

from .model import closing, warning
from .model.stock import BALANCES, CLOSED, CLOSINGS, LOTS, MOVEMENTS, READINGS
from .service import (
    COUNT_CASES,
    DESTRUCTION_CASES,
    PRODUCT_CASES,
    PURCHASE_CASES,
    REQUISITION_CASES,
    SHELF_CASES,
    SHIPMENT_CASES,
    TRANSFER_CASES,
    ZONE_CASES,
    Inventory,
)

_PAPERS: Final = (REQUISITION_CASES, PURCHASE_CASES, TRANSFER_CASES, COUNT_CASES, DESTRUCTION_CASES, SHIPMENT_CASES)
CONTEXT: Final = Context(
    "inventory",
    Inventory,
    (SHELF_CASES, PRODUCT_CASES, ZONE_CASES, *_PAPERS),
    registers=(MOVEMENTS, BALANCES, LOTS, CLOSINGS, CLOSED, READINGS),
    sources={"stock_closings": closing.source, "stock_warnings": warning.source},
)
