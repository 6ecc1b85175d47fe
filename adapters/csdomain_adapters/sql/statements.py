"""The statements on the tables that every store has, and where databases say the same differently."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    CursorResult,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite

from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.timers import LIVE

from . import outbox
from .dialects import MARIADB
from .prepared import Prepared
from .tables import Common
from .upserts import unless_there, wrote_no_mark, wrote_one

#: The columns of the trail, in the order of the fields of AuditRecord.
RECORD: Final = "event_id subject actor at name schema move source dest reason facts position".split()


class Statements:
    """The statements on the common tables, prepared once for a dialect."""

    #: Whether ``claim_key`` or ``add_timer`` put in its row.
    inserted: Callable[[CursorResult[Any]], bool]

    def __init__(self, common: Common, dialect: str) -> None:
        a, t, o, k = common.audit, common.timer, common.outbox, common.key
        self.common = common
        self.dialect = dialect
        #: Whether an aggregate and the last line of its trail can be read at once: elsewhere who waits for the lock on
        #: the first sees the second as it was before.
        self.heading = dialect == "sqlite"
        self.audit = Prepared(insert(a).inline())
        wanted = [a.c[name] for name in RECORD]
        self.trail = select(*wanted).where(a.c.subject == bindparam("subject_")).order_by(a.c.seq)
        among = a.c.subject.in_(bindparam("subjects_", expanding=True))
        self.trails = select(*wanted).where(among).order_by(a.c.subject, a.c.seq)
        self.redact = (
            update(a).where(a.c.subject == bindparam("subject_"), a.c.reason != "").values(reason="", salt=None)
        )
        # Not by the highest sequence: the database may look through both indexes for that.
        last = select(a.c.place, a.c.digest).where(a.c.subject == bindparam("subject_")).order_by(a.c.place.desc())
        self.head = Prepared(last.limit(bindparam("limit_")))
        self.unnumbered = select(a.c.seq).where(a.c.position.is_(None)).order_by(a.c.seq).limit(bindparam("limit_"))
        self.place = update(a).where(a.c.seq == bindparam("seq_")).values(position=bindparam("position_"))
        later = a.c.position > bindparam("position_")
        self.last_position = select(func.max(a.c.position))
        self.after = select(*wanted).where(later).order_by(a.c.position).limit(bindparam("limit_"))
        self.refuse = insert(common.refusal)
        r = common.refusal
        blank = bindparam("none_", type_=r.c.facts.type)
        self.redact_refusals = (
            update(r).where(r.c.subject == bindparam("subject_"), r.c.facts != blank).values(facts=blank)
        )
        # All keys that begin with the subject and a slash, by the index: "0" comes right after "/".
        self.redact_failures = (
            update(o)
            .where(o.c.key > bindparam("from_"), o.c.key < bindparam("below_"), o.c.failure != "")
            .values(failure="")
        )
        self.refusals = select(r).where(r.c.subject == bindparam("subject_")).order_by(r.c.seq)
        self.cursor = select(common.cursor.c.position).where(common.cursor.c.consumer == bindparam("consumer_"))

        one = select(t.c.body).where(t.c.subject == bindparam("subject_"), t.c.name == bindparam("name_"))
        self.timer, self.timer_locked = Prepared(one), Prepared(one.with_for_update())
        of_one = select(t.c.body, t.c.name).where(t.c.subject == bindparam("subject_"))
        of_one = of_one.order_by(t.c.started_at, t.c.name)
        self.timers_of, self.timers_of_locked = Prepared(of_one), Prepared(of_one.with_for_update())
        self.save_timer = Prepared(
            update(t)
            .where(t.c.subject == bindparam("subject_"), t.c.name == bindparam("name_"))
            .values({c: bindparam(c) for c in ("state", "started_at", "due_at", "next_at", "body")})
        )
        subject: BindParameter[str] = bindparam("subject_")
        self.live = (
            select(t.c.subject, t.c.name)
            .where(t.c.subject >= subject, or_(t.c.subject > subject, t.c.name > bindparam("name_")))
            .where(t.c.state.in_([state.value for state in LIVE]))
            .order_by(t.c.subject, t.c.name)
            .limit(bindparam("limit_"))
        )
        self.next_due = select(t.c.next_at).where(t.c.next_at.is_not(None)).order_by(t.c.next_at).limit(1)
        self.due = (
            select(t.c.subject, t.c.name, t.c.body)
            .where(t.c.next_at <= bindparam("until_"))
            .order_by(t.c.next_at, t.c.subject, t.c.name)
            .limit(bindparam("limit_"))
            .with_for_update(skip_locked=True)
        )
        said = select(*outbox.columns(o))
        self.claim_messages = (
            said.where(o.c.next_at <= bindparam("now_"))
            .order_by(o.c.next_at, o.c.seq)
            .limit(bindparam("limit_"))
            .with_for_update(skip_locked=True)
        )
        self.hold_message = Prepared(update(o).where(o.c.seq == bindparam("seq_")).values(next_at=bindparam("until_")))
        self.message = said.where(o.c.key == bindparam("key_"))
        self.message_locked = self.message.with_for_update()
        by_ref = said.where(o.c.ref == bindparam("ref_")).order_by(o.c.seq.desc()).limit(1)
        self.message_by_ref = by_ref.with_for_update()
        self.line = said.where(o.c.line == bindparam("line_")).order_by(o.c.seq).with_for_update()
        self.save_message = Prepared(
            update(o).where(o.c.key == bindparam("key_")).values({c: bindparam(c) for c in outbox.CHANGED})
        )
        other = o.alias()
        newer = select(other.c.seq).where(other.c.key == bindparam("key_")).scalar_subquery()
        self.supersede = (
            update(o)
            .where(o.c.line == bindparam("line_"), o.c.state == MessageState.WAITING.value, o.c.seq < newer)
            .values(state=MessageState.SUPERSEDED.value, next_at=None)
        )
        self.key_known = select(k.c.fingerprint, k.c.receipt).where(
            k.c.actor == bindparam("actor_"), k.c.use_case == bindparam("use_case_"), k.c.key == bindparam("key_")
        )
        mine = (k.c.actor == bindparam("actor_"), k.c.use_case == bindparam("use_case_"), k.c.key == bindparam("key_"))
        self.finish_key = Prepared(update(k).where(*mine).values(receipt=bindparam("receipt_")))
        self.release_key = delete(k).where(*mine)
        self.forget_keys = delete(k).where(k.c.at < bindparam("before_"))
        self.rulebook = select(common.rulebook.c.body).where(common.rulebook.c.ref == bindparam("ref_"))
        self.next_number: Any
        self.claim_key: Any
        self.queue: Any
        self.add_timer: Any
        self.put_rulebook: Any
        self.move_cursor: Any
        if dialect == MARIADB:
            self._say_to_mariadb()
        else:
            self._say_to(postgresql.insert if dialect == "postgresql" else sqlite.insert)

    def _say_to_mariadb(self) -> None:
        a, t, o, k = self.common.audit, self.common.timer, self.common.outbox, self.common.key
        r, n, c = self.common.rulebook, self.common.number, self.common.cursor
        # Not INSERT IGNORE, which also swallows what is too long, absent or out of range.
        self.claim_key = Prepared(unless_there(mysql.insert(k), k.c.actor))
        self.add_timer = Prepared(unless_there(mysql.insert(t), t.c.subject))
        self.queue = Prepared(mysql.insert(o).inline().on_duplicate_key_update(key=o.c.key))
        self.put_rulebook = mysql.insert(r).on_duplicate_key_update(ref=r.c.ref)
        self.inserted = wrote_no_mark
        counting = mysql.insert(n).values(series=bindparam("series_"), last=bindparam("by_"))
        self.next_number = Prepared(
            counting.on_duplicate_key_update(last=n.c.last + bindparam("by_")).returning(n.c.last)
        )
        moving = mysql.insert(c)
        self.move_cursor = moving.on_duplicate_key_update(position=moving.inserted.position)
        # A host may read its own snapshot, which is older than the key that was just found taken.
        self.key_known = self.key_known.with_for_update()
        # On small tables the planner would rather read, and so lock, every row.
        self.due = _through(self.due, t, "ix_csd_timer_next")
        self.claim_messages = _through(self.claim_messages, o, "ix_csd_outbox_next")
        self.unnumbered = _through(self.unnumbered, a, "ix_csd_audit_position")

    def _say_to(self, upsert: Callable[[Table], Any]) -> None:
        common = self.common
        t, o, n, k = common.timer, common.outbox, common.number, common.key
        self.inserted = wrote_one
        self.claim_key = Prepared(upsert(k).on_conflict_do_nothing())
        self.queue = Prepared(upsert(o).inline().on_conflict_do_nothing())
        self.add_timer = Prepared(upsert(t).on_conflict_do_nothing())
        self.put_rulebook = upsert(common.rulebook).on_conflict_do_nothing()
        counting = upsert(n).values(series=bindparam("series_"), last=bindparam("by_"))
        self.next_number = Prepared(
            counting.on_conflict_do_update(
                index_elements=[n.c.series], set_={"last": n.c.last + bindparam("by_")}
            ).returning(n.c.last)
        )
        moving = upsert(common.cursor)
        self.move_cursor = moving.on_conflict_do_update(
            index_elements=[common.cursor.c.consumer], set_={"position": moving.excluded.position}
        )


def _through(statement: Select[Any], table: Table, index: str) -> Select[Any]:
    hint = f"FORCE INDEX ({index})"
    return statement.with_hint(table, hint, "mariadb").with_hint(table, hint, "mysql")
