"""The chronicle, and how far each projection is made. They begin empty: the rows of what is there are made from the
trail, by the job ``rebuild`` or ``csdomain rebuild``."""

from datetime import datetime

from csdomain_adapters.sql.kinds import create_register, drop_kind

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_register("projected", {"name": str}, {"version": str, "cursor": str, "whole": bool})
    create_register(
        "chronicle",
        {"event": str},
        {"customer": str, "at": datetime, "kind": str, "subject": str, "name": str, "amount": int},
        optional=["amount"],
        indexes=[("customer", "at", "event"), ("subject",)],
    )


def downgrade() -> None:
    for register in ("chronicle", "projected"):
        drop_kind(register)
