"""The registers of what follows from events and of what a date brings. They begin empty."""

from datetime import datetime

from csdomain_adapters.sql.kinds import create_register, drop_kind

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_register("followed", {"consequence": str}, {"position": int})
    create_register(
        "parked",
        {"consequence": str, "event": str},
        {"position": int, "subject": str, "tries": int, "code": str, "rule": str, "at": datetime, "done": bool},
        indexes=[("done", "consequence", "position")],
    )
    create_register(
        "run",
        {"source": str, "key": str},
        {
            "at": datetime,
            "facts": bytes,
            "held_until": datetime,
            "state": str,
            "held_by": str,
            "cursor": str,
            "begun": bool,
            "subjects": int,
            "failed": int,
            "code": str,
        },
        indexes=[("state", "held_until")],
    )
    create_register("watermark", {"source": str}, {"at": datetime})
    create_register(
        "run_failure", {"source": str, "key": str, "subject": str}, {"code": str, "rule": str, "at": datetime}
    )


def downgrade() -> None:
    for register in ("run_failure", "watermark", "run", "parked", "followed"):
        drop_kind(register)
