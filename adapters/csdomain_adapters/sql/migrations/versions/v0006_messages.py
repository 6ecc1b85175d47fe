"""The states of messages, their windows and lines. What is there is waiting, sent, or was given up.

Each step is done where it is not done yet: on MariaDB one that was cut short is begun again.
"""

import sqlalchemy as sa
from alembic import op

from csdomain_adapters.sql.tables import text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLE = "csd_outbox"
_INDEXES = {"state": False, "recipient": False, "line": True, "ref": True}


def _columns() -> list["sa.Column[object]"]:
    return [
        # With defaults: a process of the version before may queue meanwhile.
        sa.Column("state", text(16), nullable=False, server_default="waiting"),
        sa.Column("until", sa.BigInteger, nullable=True),
        sa.Column("line", text(120), nullable=True),
        sa.Column("klass", text(16), nullable=False, server_default="contract"),
        sa.Column("responsible", text(120), nullable=True),
        sa.Column("tried_at", sa.BigInteger, nullable=True),
        sa.Column("delivered_at", sa.BigInteger, nullable=True),
        sa.Column("ref", text(120), nullable=True),
        sa.Column("resent", sa.Integer, nullable=False, server_default="0"),
    ]


def upgrade() -> None:
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(_TABLE)}
    for column in _columns():
        if column.name not in there:
            op.add_column(_TABLE, column)
    fill = "update csd_outbox set state = '{}' where state = 'waiting' and sent_at is {} and next_at is null"
    op.execute(sa.text(fill.format("sent", "not null")))
    op.execute(sa.text(fill.format("dead", "null")))
    indexed = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(_TABLE)}
    for name, partial in _INDEXES.items():
        if f"ix_{_TABLE}_{name}" not in indexed:
            where = sa.text(f"{name} IS NOT NULL") if partial else None
            op.create_index(f"ix_{_TABLE}_{name}", _TABLE, [name, "seq"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    indexed = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(_TABLE)}
    for name in _INDEXES:
        if f"ix_{_TABLE}_{name}" in indexed:
            op.drop_index(f"ix_{_TABLE}_{name}", _TABLE)
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(_TABLE)}
    for column in _columns():
        if column.name in there:
            op.drop_column(_TABLE, column.name)
