"""The tables that every store has: audit, refusals, timers, outbox, numbers, keys, rulebooks, cursors."""

import sqlalchemy as sa
from alembic import op

from csdomain_adapters.sql.tables import BODY, OPTIONS, SERIAL, text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "csd_audit",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("event_id", text(40), nullable=False, unique=True),
        sa.Column("subject", text(64), nullable=False),
        sa.Column("actor", text(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("name", text(80), nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("move", text(64), nullable=False),
        sa.Column("source", text(64), nullable=False),
        sa.Column("dest", text(64), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("facts", BODY, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=True),
        **OPTIONS,
    )
    op.create_index("ix_csd_audit_subject", "csd_audit", ["subject", "seq"])
    op.create_index("uq_csd_audit_position", "csd_audit", ["position"], unique=True)
    unnumbered = sa.text("position IS NULL")
    if op.get_bind().dialect.name == "mariadb":
        op.create_index("ix_csd_audit_position", "csd_audit", ["position", "seq"])
    else:
        op.create_index(
            "ix_csd_audit_unnumbered", "csd_audit", ["seq"], sqlite_where=unnumbered, postgresql_where=unnumbered
        )
    op.create_table(
        "csd_cursor",
        sa.Column("consumer", text(64), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        **OPTIONS,
    )
    op.create_table(
        "csd_refusal",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("use_case", text(80), nullable=False),
        sa.Column("actor", text(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("subject", text(64), nullable=False),
        sa.Column("rule", text(16), nullable=False),
        sa.Column("code", text(64), nullable=False),
        sa.Column("facts", BODY, nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_csd_refusal_subject", "csd_refusal", ["subject", "seq"])
    op.create_table(
        "csd_timer",
        sa.Column("subject", text(64), primary_key=True),
        sa.Column("name", text(64), primary_key=True),
        sa.Column("state", text(16), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=True),
        sa.Column("body", BODY, nullable=False),
        **OPTIONS,
    )
    pending = sa.text("next_at IS NOT NULL")
    op.create_index(
        "ix_csd_timer_next",
        "csd_timer",
        ["next_at", "subject", "name"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
    op.create_table(
        "csd_outbox",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("key", text(120), nullable=False, unique=True),
        sa.Column("occasion", text(120), nullable=False),
        sa.Column("recipient", text(120), nullable=False),
        sa.Column("facts", BODY, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=True),
        sa.Column("sent_at", sa.BigInteger, nullable=True),
        sa.Column("failure", sa.String(400), nullable=False),
        **OPTIONS,
    )
    op.create_index(
        "ix_csd_outbox_next", "csd_outbox", ["next_at", "seq"], sqlite_where=pending, postgresql_where=pending
    )
    op.create_table(
        "csd_number",
        sa.Column("series", text(120), primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        **OPTIONS,
    )
    op.create_table(
        "csd_key",
        sa.Column("actor", text(64), primary_key=True),
        sa.Column("use_case", text(80), primary_key=True),
        sa.Column("key", text(120), primary_key=True),
        sa.Column("fingerprint", text(64), nullable=False),
        sa.Column("receipt", BODY, nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_csd_key_at", "csd_key", ["at"])
    op.create_table(
        "csd_rulebook",
        sa.Column("ref", text(120), primary_key=True),
        sa.Column("body", BODY, nullable=False),
        **OPTIONS,
    )


def downgrade() -> None:
    for table in ("rulebook", "key", "number", "outbox", "timer", "refusal", "cursor", "audit"):
        op.drop_table(f"csd_{table}", if_exists=True)
