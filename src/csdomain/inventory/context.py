"""Inventory as a context of the desk."""

from typing import Final

from csdomain.frame.contexts import Context

from .model import closing
from .model.stock import BALANCES, CLOSED, CLOSINGS, LOTS, MOVEMENTS
from .service import (
    COUNT_CASES,
    DESTRUCTION_CASES,
    PRODUCT_CASES,
    PURCHASE_CASES,
    SHELF_CASES,
    SHIPMENT_CASES,
    TRANSFER_CASES,
    Inventory,
)

_PAPERS: Final = (PURCHASE_CASES, TRANSFER_CASES, COUNT_CASES, DESTRUCTION_CASES, SHIPMENT_CASES)
CONTEXT: Final = Context(
    "inventory",
    Inventory,
    (SHELF_CASES, PRODUCT_CASES, *_PAPERS),
    registers=(MOVEMENTS, BALANCES, LOTS, CLOSINGS, CLOSED),
    sources={"stock_closings": closing.source},
)
