"""The tables of jobs, of checks of the register and of free trials. They begin empty."""

from datetime import date, datetime

from csdomain_adapters.sql.kinds import create_kind, drop_kind

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind(
        "job",
        {
            **dict.fromkeys(("customer", "voucher", "technician"), str),
            "waiting_since": datetime,
            "kind": str,
            "received_at": datetime,
            **dict.fromkeys(("fee", "cost", "minutes"), int),
            **dict.fromkeys(("number", "state", "rulebook", "queue"), str),
        },
        unique=["voucher", "number"],
        unindexed=["kind", "fee", "cost", "minutes"],
        indexes=[("branch", "waiting_since"), ("branch", "state")],
        scoped=["technician"],
    )
    create_kind(
        "register_check",
        {"day": date, "differences": int, **dict.fromkeys(("state", "rulebook", "queue"), str)},
        unindexed=["differences"],
    )
    create_kind(
        "trial",
        {"customer": str, "until": date, **dict.fromkeys(("outcome", "state", "rulebook", "queue"), str)},
        unindexed=["outcome"],
    )


def downgrade() -> None:
    for table in ("trial", "register_check", "job"):
        drop_kind(table)
