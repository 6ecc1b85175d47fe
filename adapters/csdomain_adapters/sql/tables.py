"""Tables: one for each kind of aggregate (body and declared columns), and those that every store has (D2)."""

import threading
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    literal_column,
    select,
    update,
)

from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.digests import SALT
from csdomain.kernel.store.kinds import A, Kind
from csdomain.kernel.store.own import OWN
from csdomain.kernel.store.registers import Register, Stored
from csdomain.kernel.store.storable import NotStorable, copied, read_or_refuse
from csdomain.kernel.values.codec import make_converter
from csdomain_adapters.system import salt

from .columns import BODY as BODY
from .columns import CHAIN as CHAIN
from .columns import CHAIN_INDEX as CHAIN_INDEX
from .columns import OPTIONS as OPTIONS
from .columns import PREFIX as PREFIX
from .columns import SERIAL as SERIAL
from .columns import TYPES, Instant, index_name
from .columns import text as text
from .listings import Listings
from .prepared import Prepared
from .registers import RegisterTable, register_table
from .upserts import insert_new

R = TypeVar("R")
VERSION_TABLE: Final = "csd_alembic_version"
converter: Final = make_converter()


def ours(name: str | None) -> bool:
    """Whether a table belongs to csdomain: for ``include_name`` in a host's Alembic configuration."""
    return name is not None and name.startswith(PREFIX)


def aggregate_table(kind: Kind[Any], meta: MetaData) -> Table:
    """The table of a kind: id, version, schema, body, scope columns, and each declared field as a real column."""
    name = PREFIX + kind.table
    columns = [Column(f.name, TYPES[f.kind](), nullable=True) for f in kind.fields]
    # A list of what is one's own is in the order of the ids.
    scopes = {f.name: (f.name, "id") for f in (*kind.owners, *kind.branches)}
    indexes = [
        Index(index_name(name, (f.name,), unique=f.unique), *scopes.get(f.name, (f.name,)), unique=f.unique)
        for f in kind.fields
        if f.index or f.unique or f.name in scopes
    ]
    indexes += [Index(index_name(name, each), *each) for each in kind.indexes]
    return Table(
        name,
        meta,
        Column("id", text(40), primary_key=True),
        Column("version", Integer, nullable=False),
        Column("schema", Integer, nullable=False),
        Column("branch", text(64), nullable=False),
        Column("owner", text(64), nullable=False),
        *columns,
        Column("body", BODY, nullable=False),
        Index(f"ix_{name}_branch", "branch", "id"),  # in the order of a list that asks for no other
        Index(f"ix_{name}_owner", "owner", "id"),
        *indexes,
        **OPTIONS,
    )


def encoded(value: object, table: str) -> bytes:
    """Plain data as bytes. Raises :class:`~csdomain.kernel.store.storable.NotStorable`, which names the field."""
    try:
        return orjson.dumps(value)
    except (TypeError, UnicodeError) as error:
        copied(value, table)
        raise NotStorable(kind=table, given=type(error).__name__) from None


def written(columns: Sequence[object]) -> bytes:
    """The columns of an aggregate in one text, for their digest: instants and dates are told by orjson itself."""
    return orjson.dumps(columns)


class KindTable(Generic[A]):
    """The table of a kind with its statements, prepared once."""

    def __init__(self, kind: Kind[A], table: Table, audit: Table) -> None:
        self.kind = kind
        self.table = t = table
        wanted = (t.c.body, t.c.version, t.c.schema)
        one = select(*wanted).where(t.c.id == bindparam("id_"))
        self.fetch, self.fetch_locked = Prepared(one), Prepared(one.with_for_update())
        # With the last line of its trail: for a database on which nobody can have added one while this waited.
        headed = one.add_columns(audit.c.place, audit.c.digest).outerjoin(audit, audit.c.subject == t.c.id)
        self.fetch_headed = Prepared(headed.order_by(audit.c.place.desc()).limit(literal_column("1")))
        #: The columns besides id, version, schema and body.
        self.columns = [*(field.name for field in kind.fields), "branch", "owner"]
        self.listings = Listings(t)
        self.insert = Prepared(insert(t))
        self._insert_new: dict[str, Prepared] = {}
        self.update = Prepared(
            update(t)
            .where(t.c.id == bindparam("id_"), t.c.version == bindparam("was_"))
            .values({c.name: bindparam(c.name) for c in t.c if c.name != "id"})
        )
        self._unstructure = converter.get_unstructure_hook(kind.type)
        self._structure = converter.get_structure_hook(kind.type)

    def insert_new(self, dialect: str) -> Prepared:
        """The insert that leaves a record with the same id as it is."""
        made = self._insert_new.get(dialect)
        if made is None:
            made = self._insert_new[dialect] = Prepared(insert_new(self.table, dialect, "id"))
        return made

    def row(self, aggregate: A) -> dict[str, Any]:
        """The whole row of an aggregate."""
        row: dict[str, Any] = dict(self.kind.row(aggregate))
        row["id"] = aggregate.id
        row["version"] = aggregate.version
        row["schema"] = self.kind.schema
        row["branch"] = aggregate.branch
        row["owner"] = aggregate.owner
        try:
            body = self._unstructure(aggregate)
        except (AttributeError, TypeError, ValueError) as error:  # of a value that is not of its field's type
            if isinstance(error, InvalidValue):
                raise
            raise NotStorable(kind=self.kind.table, given=type(error).__name__) from None
        body[SALT] = salt()
        row["body"] = encoded(body, self.kind.table)
        return row

    def load(self, id: str, body: bytes, version: int, schema: int) -> A:
        """The aggregate of a row, upcast where it was written in an older form. Raises Unreadable."""
        return read_or_refuse(lambda: self._load(body, version, schema), kind=self.kind.table, id=id)

    def _load(self, body: bytes, version: int, schema: int) -> A:
        data = orjson.loads(body)
        if schema != self.kind.schema:
            data = self.kind.upcast(data, schema)
        aggregate: A = self._structure(data, self.kind.type)
        aggregate.version = version
        return aggregate


class Common:
    """The tables that every store has, whatever its contexts."""

    def __init__(self, meta: MetaData) -> None:
        self.audit = Table(
            PREFIX + "audit",
            meta,
            Column("seq", SERIAL, primary_key=True, autoincrement=True),
            Column("event_id", text(40), nullable=False, unique=True),
            Column("subject", text(64), nullable=False),
            Column("actor", text(64), nullable=False),
            Column("at", Instant, nullable=False),
            Column("name", text(80), nullable=False),
            Column("schema", Integer, nullable=False),
            Column("move", text(64), nullable=False),
            Column("source", text(64), nullable=False),
            Column("dest", text(64), nullable=False),
            Column("reason", String(400), nullable=False),
            Column("facts", BODY, nullable=False),
            Column("position", BigInteger, nullable=True),
            *(Column(name, made(), nullable=True) for name, made in CHAIN.items()),
            Index("ix_csd_audit_subject", "subject", "seq"),
            # Whoever appends beside another, after the same line, begins again: a chain has no two ends.
            Index(CHAIN_INDEX, "subject", "place", unique=True),
            Index("uq_csd_audit_position", "position", unique=True),
            **OPTIONS,
        )
        a = self.audit
        # Events without a position, oldest first; on MariaDB no index is partial.
        Index(
            "ix_csd_audit_unnumbered",
            a.c.seq,
            sqlite_where=a.c.position.is_(None),
            postgresql_where=a.c.position.is_(None),
        ).ddl_if(dialect=("sqlite", "postgresql"))  # type: ignore[arg-type]  # a tuple is taken, the stub is narrower
        Index("ix_csd_audit_position", a.c.position, a.c.seq).ddl_if(dialect="mariadb")
        self.cursor = Table(
            PREFIX + "cursor",
            meta,
            Column("consumer", text(64), primary_key=True),
            Column("position", BigInteger, nullable=False),
            **OPTIONS,
        )
        self.refusal = Table(
            PREFIX + "refusal",
            meta,
            Column("seq", SERIAL, primary_key=True, autoincrement=True),
            Column("use_case", text(80), nullable=False),
            Column("actor", text(64), nullable=False),
            Column("at", Instant, nullable=False),
            Column("subject", text(64), nullable=False),
            Column("rule", text(16), nullable=False),
            Column("code", text(64), nullable=False),
            Column("facts", BODY, nullable=False),
            Index("ix_csd_refusal_subject", "subject", "seq"),
            **OPTIONS,
        )
        self.timer = Table(
            PREFIX + "timer",
            meta,
            Column("subject", text(64), primary_key=True),
            Column("name", text(64), primary_key=True),
            Column("state", text(16), nullable=False),
            Column("started_at", Instant, nullable=False),
            Column("due_at", Instant, nullable=False),
            Column("next_at", Instant, nullable=True),
            Column("body", BODY, nullable=False),
            **OPTIONS,
        )
        t = self.timer
        # Partial: a sweep costs what is due, not what was ever started.
        Index(
            "ix_csd_timer_next",
            t.c.next_at,
            t.c.subject,
            t.c.name,
            sqlite_where=t.c.next_at.is_not(None),
            postgresql_where=t.c.next_at.is_not(None),
        )
        # What runs, by deadline: an overview costs what is due.
        Index("ix_csd_timer_live", t.c.state, t.c.due_at, t.c.subject, t.c.name)
        self.outbox = Table(
            PREFIX + "outbox",
            meta,
            Column("seq", SERIAL, primary_key=True, autoincrement=True),
            Column("key", text(120), nullable=False, unique=True),
            Column("occasion", text(120), nullable=False),
            Column("recipient", text(120), nullable=False),
            Column("facts", BODY, nullable=False),
            Column("created_at", Instant, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("next_at", Instant, nullable=True),
            Column("sent_at", Instant, nullable=True),
            Column("failure", String(400), nullable=False),
            Column("state", text(16), nullable=False, server_default="waiting"),
            Column("until", Instant, nullable=True),
            Column("line", text(120), nullable=True),
            Column("klass", text(16), nullable=False, server_default="contract"),
            Column("responsible", text(120), nullable=True),
            Column("tried_at", Instant, nullable=True),
            Column("delivered_at", Instant, nullable=True),
            Column("ref", text(120), nullable=True),
            Column("resent", Integer, nullable=False, server_default="0"),
            Index("ix_csd_outbox_state", "state", "seq"),
            Index("ix_csd_outbox_recipient", "recipient", "seq"),
            **OPTIONS,
        )
        o = self.outbox
        for name in ("line", "ref"):
            there = o.c[name].is_not(None)
            Index(f"ix_csd_outbox_{name}", o.c[name], o.c.seq, sqlite_where=there, postgresql_where=there)
        Index(
            "ix_csd_outbox_next",
            o.c.next_at,
            o.c.seq,
            sqlite_where=o.c.next_at.is_not(None),
            postgresql_where=o.c.next_at.is_not(None),
        )
        self.number = Table(
            PREFIX + "number",
            meta,
            Column("series", text(120), primary_key=True),
            Column("last", BigInteger, nullable=False),
            **OPTIONS,
        )
        self.key = Table(
            PREFIX + "key",
            meta,
            Column("actor", text(64), primary_key=True),
            Column("use_case", text(80), primary_key=True),
            Column("key", text(120), primary_key=True),
            Column("fingerprint", text(64), nullable=False),
            Column("receipt", BODY, nullable=True),
            Column("at", Instant, nullable=False),
            Index("ix_csd_key_at", "at"),
            **OPTIONS,
        )
        self.rulebook = Table(
            PREFIX + "rulebook",
            meta,
            Column("ref", text(120), primary_key=True),
            Column("body", BODY, nullable=False),
            **OPTIONS,
        )


_DECLARING: Final = threading.Lock()


class Schema:
    """All tables of a store."""

    def __init__(self, stored: Sequence[Stored]) -> None:
        self.meta = MetaData()
        self.common = Common(self.meta)
        self._kinds: dict[str, KindTable[Any]] = {}
        self._registers: dict[str, RegisterTable[Any]] = {}
        for each in (*OWN, *stored):
            if isinstance(each, Register):
                self.register(each)
            else:
                self.of(each)

    def register(self, register: Register[R]) -> RegisterTable[R]:
        """The table of a register: declared when it is first asked for."""
        found: RegisterTable[R] | None = self._registers.get(register.table)
        if found is None:
            with _DECLARING:
                found = self._registers.get(register.table)
                if found is None:
                    made = RegisterTable(register, register_table(register, self.meta))
                    found = self._registers[register.table] = made
        return found

    def of(self, kind: Kind[A]) -> KindTable[A]:
        """The table of a kind: declared when it is first asked for."""
        found: KindTable[A] | None = self._kinds.get(kind.table)
        if found is None:
            with _DECLARING:  # threads that ask at once get one and the same
                found = self._kinds.get(kind.table)
                if found is None:
                    found = self._kinds[kind.table] = KindTable(
                        kind, aggregate_table(kind, self.meta), self.common.audit
                    )
        return found
