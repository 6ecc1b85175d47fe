"""The table of complaints."""

from datetime import datetime

from csdomain_adapters.sql.kinds import create_kind, drop_kind

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind(
        "complaint",
        {
            **dict.fromkeys(("number", "state", "rulebook", "customer"), str),
            **dict.fromkeys(("claimed", "granted", "lost"), int),
            **dict.fromkeys(("received_at", "closed_at"), datetime),
            **dict.fromkeys(("closed_month", "class_name", "cause", "unit", "product"), str),
            **dict.fromkeys(("in_time", "grave", "reviewed"), bool),
            "discrepancies": int,
            "queue": str,
        },
        unique=["number"],
        unindexed=[
            *("claimed", "granted", "lost"),
            *("class_name", "cause", "unit", "product"),
            *("in_time", "grave", "reviewed"),
        ],
    )


def downgrade() -> None:
    drop_kind("complaint")
