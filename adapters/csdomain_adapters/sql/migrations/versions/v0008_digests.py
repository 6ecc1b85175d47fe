"""The chain of digests on the trail: for each subject that is there, it begins with what is there now."""

import json
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

from csdomain_adapters.sql.kinds import drop_index
from csdomain_adapters.sql.tables import CHAIN, CHAIN_INDEX
from csdomain_adapters.system import salt

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = "csd_audit"
SUBJECTS = 200


def upgrade() -> None:
    connection = op.get_bind()
    there = {column["name"] for column in sa.inspect(connection).get_columns(TABLE)}
    for name, made in CHAIN.items():
        if name not in there:  # where an upgrade was cut short, MariaDB keeps the columns that it had added
            op.add_column(TABLE, sa.Column(name, made(), nullable=True))
    _begin_chains(connection)
    if CHAIN_INDEX not in {index["name"] for index in sa.inspect(connection).get_indexes(TABLE)}:
        op.create_index(CHAIN_INDEX, TABLE, ["subject", "place"], unique=True)


def downgrade() -> None:
    drop_index(TABLE, CHAIN_INDEX)
    with op.batch_alter_table(TABLE) as table:
        for name in CHAIN:
            table.drop_column(name)


# --- as digests were made when this was written
def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _told(*parts: Any) -> str:
    return "".join(f"{len(text)}:{text}," for text in ("" if part is None else str(part) for part in parts))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _begin_chains(connection: Any) -> None:
    meta = sa.MetaData()
    meta.reflect(connection, only=lambda name, _: name.startswith("csd_"))
    audit, timer = meta.tables[TABLE], meta.tables["csd_timer"]
    kinds = [table for table in meta.tables.values() if {"id", "version", "schema", "body"} <= set(table.c.keys())]
    bare = sa.select(audit.c.subject).where(audit.c.digest.is_(None)).distinct().order_by(audit.c.subject)
    while subjects := list(connection.scalars(bare.limit(SUBJECTS))):
        proofs: dict[str, dict[str, Any]] = {subject: {} for subject in subjects}
        for table in kinds:
            _prove_bodies(connection, table, proofs)
        found = connection.execute(sa.select(timer).where(timer.c.subject.in_(subjects))).mappings().all()
        for row in found:
            told = [row["subject"], row["name"], *(row[name] for name in ("state", "started_at", "due_at", "next_at"))]
            digest = sha256(_told(*told).encode() + bytes(row["body"])).hexdigest()
            proofs[row["subject"]].setdefault("timers", {})[row["name"]] = digest
        for subject in subjects:
            _chain(connection, audit, subject, proofs[subject])


def _prove_bodies(connection: Any, table: Any, proofs: dict[str, dict[str, Any]]) -> None:
    name = table.name.removeprefix("csd_")
    wanted = sa.select(table.c.id, table.c.version, table.c.schema, table.c.body).where(table.c.id.in_(list(proofs)))
    for id, version, schema, stored in connection.execute(wanted).all():
        body = bytes(stored)
        if b'"~":"' not in body[-40:] and body.endswith(b"}"):
            body = body[:-1] + b',"~":"%s"}' % salt().encode()
            connection.execute(sa.update(table).where(table.c.id == id).values(body=body))
        proofs[id]["body"] = [name, version, sha256(_told(name, id, version, schema).encode() + body).hexdigest()]


def _chain(connection: Any, audit: Any, subject: str, proof: dict[str, Any]) -> None:
    rows = connection.execute(sa.select(audit).where(audit.c.subject == subject).order_by(audit.c.seq)).mappings().all()
    said = "event_id", "subject", "actor", "at", "name", "schema", "move", "source", "dest"
    before, changed = "", []
    for place, row in enumerate(rows, 1):
        proven: dict[str, Any] = proof if place == len(rows) else {}
        salted = salt() if row["reason"] else None
        if salted is not None:
            proven = {**proven, "said": _hash(f"{salted},{row['reason']}")}
        told = _written(proven) if proven else ""
        line = [row[name] for name in said]
        before = _hash(_told(before, place, *line, bytes(row["facts"]).decode(), told))
        link = {"place": place, "digest": before, "salt": salted, "proof": told.encode()}
        changed.append({"seq_": row["seq"], **{f"{name}_": value for name, value in link.items()}})
    filled = sa.update(audit).where(audit.c.seq == sa.bindparam("seq_"))
    names = "place", "digest", "salt", "proof"
    connection.execute(filled.values({name: sa.bindparam(f"{name}_") for name in names}), changed)
