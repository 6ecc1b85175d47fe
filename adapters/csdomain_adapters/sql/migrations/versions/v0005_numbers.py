"""The register of numbers, filled with those of every paper that is there."""

import orjson
import sqlalchemy as sa
from alembic import op

from csdomain_adapters.sql.kinds import create_register, drop_kind, put_missing

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PAGE = 500


def upgrade() -> None:
    create_register("paper", {"number": str}, {"kind": str, "subject": str}, indexes=[("subject", "number")])
    connection = op.get_bind()
    there = sa.inspect(connection)
    # Of contexts of others too: their tables look like ours.
    for table in sorted(name for name in there.get_table_names() if name.startswith("csd_")):
        columns = {column["name"] for column in there.get_columns(table)}
        if {"id", "version", "schema", "body"} <= columns:
            _fill(connection, table, "number" in columns)


def _fill(connection: sa.Connection, table: str, numbered: bool) -> None:
    rows, last = sa.table(table, *map(sa.column, ("id", "number", "body") if numbered else ("id", "body"))), ""
    while True:
        page = connection.execute(sa.select(rows).where(rows.c.id > last).order_by(rows.c.id).limit(_PAGE)).all()
        if not page:
            return
        found = []
        for row in page:
            last = row.id
            own = [row.number] if numbered and row.number else []
            numbers = dict.fromkeys([*own, *_papers(orjson.loads(row.body))])
            found += [{"number": each, "kind": table.removeprefix("csd_"), "subject": last} for each in numbers]
        put_missing(connection, "paper", found)


def _papers(value: object) -> list[str]:
    """The numbers of all documents in a body, however deep they stand."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [number for each in inner for number in _papers(each)]
    if isinstance(value, dict) and {"number", "drawn_up_at", "signatures"} <= value.keys():
        found.insert(0, value["number"])
    return found


def downgrade() -> None:
    drop_kind("paper")
