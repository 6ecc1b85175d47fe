"""The table of complaints."""

import sqlalchemy as sa
from alembic import op

from csdomain_adapters.sql.tables import BODY, OPTIONS, text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLE = "csd_complaint"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", text(40), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("branch", text(64), nullable=False),
        sa.Column("owner", text(64), nullable=False),
        sa.Column("number", text(120), nullable=True),
        sa.Column("state", text(120), nullable=True),
        sa.Column("rulebook", text(120), nullable=True),
        sa.Column("customer", text(120), nullable=True),
        sa.Column("claimed", sa.BigInteger, nullable=True),
        sa.Column("granted", sa.BigInteger, nullable=True),
        sa.Column("lost", sa.BigInteger, nullable=True),
        sa.Column("received_at", sa.BigInteger, nullable=True),
        sa.Column("closed_at", sa.BigInteger, nullable=True),
        sa.Column("closed_month", text(120), nullable=True),
        sa.Column("class_name", text(120), nullable=True),
        sa.Column("cause", text(120), nullable=True),
        sa.Column("unit", text(120), nullable=True),
        sa.Column("product", text(120), nullable=True),
        sa.Column("in_time", sa.Boolean, nullable=True),
        sa.Column("grave", sa.Boolean, nullable=True),
        sa.Column("reviewed", sa.Boolean, nullable=True),
        sa.Column("discrepancies", sa.BigInteger, nullable=True),
        sa.Column("queue", text(120), nullable=True),
        sa.Column("body", BODY, nullable=False),
        **OPTIONS,
    )
    for scope in ("branch", "owner"):
        op.create_index(f"ix_{_TABLE}_{scope}", _TABLE, [scope, "id"])
    for column in (
        *("state", "rulebook", "customer", "received_at", "closed_at", "closed_month"),
        *("discrepancies", "queue"),
    ):
        op.create_index(f"ix_{_TABLE}_{column}", _TABLE, [column])
    op.create_index(f"uq_{_TABLE}_number", _TABLE, ["number"], unique=True)


def downgrade() -> None:
    op.drop_table(_TABLE, if_exists=True)
