"""The tables of staff records and of delegations."""

from datetime import datetime

from csdomain_adapters.sql.kinds import create_kind, drop_kind

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind(
        "staff",
        {
            **dict.fromkeys(("actor", "state", "department"), str),
            **dict.fromkeys(("active_from", "active_until"), datetime),
        },
        unique=["actor"],
    )
    create_kind(
        "delegation",
        {
            **dict.fromkeys(("deputy", "principal", "authority"), str),
            **dict.fromkeys(("since", "until"), datetime),
            "state": str,
        },
    )


def downgrade() -> None:
    drop_kind("delegation")
    drop_kind("staff")
