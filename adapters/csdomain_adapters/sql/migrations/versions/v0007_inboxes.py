"""Whom complaints wait for, by what they are searched, and clocks by their deadline.

Whom a case waits for is a matter of its house rules: cases of before are marked as ones to be asked, until they are
next saved.
"""

from collections.abc import Mapping
from typing import Any

from csdomain_adapters.sql.kinds import add_columns, add_index, drop_columns, drop_index, fill

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COLUMNS = {
    **dict.fromkeys(("order_number", "batch", "handler", "desks"), str),
    **dict.fromkeys(("open_remarks", "level", "urgency"), int),
}
_ENDED = ("settled", "withdrawn")
_GRAVE = 1000


def _columns(body: Mapping[str, Any], state: str) -> Mapping[str, Any]:
    goods = body["forms"][0]["content"]
    remarks = sum(remark["state"] == "open" for remark in body.get("remarks", ()))
    waits = {f"={wait['to']}" if wait.get("person") else wait["to"] for wait in body.get("waits", ())}
    asked = "*" if state not in _ENDED or remarks else None
    return {
        "order_number": goods.get("order_number") or None,
        "batch": goods.get("batch") or None,
        "handler": body.get("handler"),
        "open_remarks": remarks or None,
        "level": body.get("level", 0),
        "urgency": _GRAVE if body.get("grave") else 0,
        "desks": "@".join(sorted(waits)) or None if body.get("handed") else asked,
    }


def upgrade() -> None:
    add_columns("complaint", _COLUMNS, unindexed=("level", "urgency"))
    add_index("csd_complaint", ["product"])
    add_index("csd_timer", ["state", "due_at", "subject", "name"], name="ix_csd_timer_live")
    fill("complaint", _columns)


def downgrade() -> None:
    drop_columns("complaint", tuple(_COLUMNS))
    drop_index("csd_complaint", "ix_csd_complaint_product")
    drop_index("csd_timer", "ix_csd_timer_live")
