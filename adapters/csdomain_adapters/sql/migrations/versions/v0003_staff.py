"""The tables of staff records and of delegations."""

import sqlalchemy as sa
from alembic import op

from csdomain_adapters.sql.tables import BODY, OPTIONS, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STAFF = "csd_staff"
_DELEGATION = "csd_delegation"


def upgrade() -> None:
    op.create_table(
        _STAFF,
        sa.Column("id", text(40), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("branch", text(64), nullable=False),
        sa.Column("owner", text(64), nullable=False),
        sa.Column("actor", text(120), nullable=True),
        sa.Column("state", text(120), nullable=True),
        sa.Column("department", text(120), nullable=True),
        sa.Column("active_from", sa.BigInteger, nullable=True),
        sa.Column("active_until", sa.BigInteger, nullable=True),
        sa.Column("body", BODY, nullable=False),
        **OPTIONS,
    )
    for scope in ("branch", "owner"):
        op.create_index(f"ix_{_STAFF}_{scope}", _STAFF, [scope, "id"])
    for column in ("state", "department", "active_from", "active_until"):
        op.create_index(f"ix_{_STAFF}_{column}", _STAFF, [column])
    op.create_index(f"uq_{_STAFF}_actor", _STAFF, ["actor"], unique=True)
    op.create_table(
        _DELEGATION,
        sa.Column("id", text(40), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("branch", text(64), nullable=False),
        sa.Column("owner", text(64), nullable=False),
        sa.Column("deputy", text(120), nullable=True),
        sa.Column("principal", text(120), nullable=True),
        sa.Column("authority", text(120), nullable=True),
        sa.Column("since", sa.BigInteger, nullable=True),
        sa.Column("until", sa.BigInteger, nullable=True),
        sa.Column("state", text(120), nullable=True),
        sa.Column("body", BODY, nullable=False),
        **OPTIONS,
    )
    for scope in ("branch", "owner"):
        op.create_index(f"ix_{_DELEGATION}_{scope}", _DELEGATION, [scope, "id"])
    for column in ("deputy", "principal", "authority", "since", "until", "state"):
        op.create_index(f"ix_{_DELEGATION}_{column}", _DELEGATION, [column])


def downgrade() -> None:
    op.drop_table(_DELEGATION, if_exists=True)
    op.drop_table(_STAFF, if_exists=True)
