"""What the shop does. The desk is asked for at import, which touches no database."""

from datetime import UTC, datetime

import csdomain
from csdomain.kernel.store.ports import Receipt
from csdomain_adapters.django import atomic, desk
from shop.models import Order

DESK = desk()
SALES = DESK.actor("u-17", branch="hq", positions=("sales",))
VISITOR = DESK.actor("v-1", branch="hq", positions=())
AT = datetime(2026, 3, 4, 2, tzinfo=UTC)
CUSTOMER, REASON = "c-2041", "the customer Zhang Wei called from 13812345678"


def order(name: str) -> Receipt:
    """An order that came with a complaint."""
    with atomic(DESK) as inner:
        filed = inner.complaints.receive(
            csdomain.ComplaintForm(customer=CUSTOMER, demand="refund", reason=REASON), by=SALES, at=AT
        )
        Order.objects.create(name=name, complaint=filed.id)
        inner.complaints.check(filed.id, "the order is ours", by=SALES, at=AT)
    return filed
