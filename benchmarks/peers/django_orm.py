"""Django's ORM with django-fsm-2 on the same tables: models, `select_for_update`, `@transition`, `save`.

As its documentation has it, with what makes it quick: conflicts are ignored in one statement instead of
`get_or_create`'s two and a savepoint, updates go through the query where nothing needs to be read.
"""

from collections.abc import Callable
from hashlib import sha256
from itertools import count
from typing import Any

import django
import orjson
from django.conf import settings
from sqlalchemy.engine import make_url

from . import life

RECEIVED, CHECKED, ACCEPTED, WITHDRAWN = map(life.micros, (life.RECEIVED, life.CHECKED, life.ACCEPTED, life.WITHDRAWN))


def database(url: str, synchronous: str) -> dict[str, Any]:
    """Django's settings for the database that SQLAlchemy names ``url``."""
    if url.startswith("sqlite"):
        pragmas = f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA foreign_keys=ON;"
        options = {"transaction_mode": "IMMEDIATE", "init_command": pragmas}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.split("///", 1)[1], "OPTIONS": options}
    where = make_url(url)
    host = where.host or where.query.get("host", "")
    if url.startswith("mariadb"):
        import pymysql

        pymysql.version_info = (2, 2, 1, "final", 0)  # of mysqlclient, which Django asks for
        pymysql.install_as_MySQLdb()
        options = {"unix_socket": str(where.query["unix_socket"]), "charset": "utf8mb4"}
        place = {"NAME": where.database, "USER": where.username, "HOST": "localhost", "OPTIONS": options}
        return {"ENGINE": "django.db.backends.mysql", **place}
    return {"ENGINE": "django.db.backends.postgresql", "NAME": where.database, "USER": where.username, "HOST": host}


def set_up(databases: dict[str, dict[str, Any]]) -> None:
    """Configure Django once a process, with every database it will use."""
    settings.configure(USE_TZ=True, INSTALLED_APPS=[], DATABASES={"default": {}, **databases})
    django.setup()


class DjangoOrm:
    """The four use cases on the database ``alias``, whose tables are there already."""

    def __init__(self, alias: str, book: str) -> None:
        from . import django_models as models

        self.m = models
        self.alias = alias
        self.book = book
        self._serial = count(1)

    def claim(self, use_case: str, key: str | None, *body: object) -> None:
        if key is None:
            return
        mark = sha256(orjson.dumps([use_case, *body])).hexdigest()
        row = self.m.Key(actor=life.ACTOR, use_case=use_case, key=key, fingerprint=mark, receipt=None, at=RECEIVED)
        self.m.Key.objects.using(self.alias).bulk_create([row], ignore_conflicts=True)

    def finish(self, use_case: str, key: str | None, case: Any) -> None:
        if key is None:
            return
        receipt = {"id": case.id, "version": case.version, "state": case.state, "number": case.number}
        mine = self.m.Key.objects.using(self.alias).filter(actor=life.ACTOR, use_case=use_case, key=key)
        mine.update(receipt=orjson.dumps(receipt))

    def record(self, case: Any, move: str, source: str, at: int, why: str) -> None:
        self.m.Audit.objects.using(self.alias).create(
            event_id=f"evt_{next(self._serial):026}",
            subject=case.id,
            actor=life.ACTOR,
            at=at,
            name=f"complaint_{case.state}",
            schema=1,
            move=move,
            source=source,
            dest=case.state,
            reason=why,
            facts=orjson.dumps({"customer": life.CUSTOMER}),
        )

    def message(self, case: Any, occasion: str, to: str, at: int) -> None:
        self.m.Outbox.objects.using(self.alias).create(
            key=f"{case.id}/{occasion}/1",
            occasion=f"complaint.{occasion}",
            recipient=to,
            facts=orjson.dumps({"complaint": case.id, "number": case.number}),
            created_at=at,
            attempts=0,
            next_at=at,
            failure="",
        )

    def receive(self, key: str | None) -> str:
        use_case, series = "complaint.receive", "KS202603-{seq:04}"
        with self.m.atomic(using=self.alias):
            self.claim(use_case, key, life.FORM)
            counters = self.m.Number.objects.using(self.alias).filter(series=series)
            if counters.update(last=self.m.F("last") + 1):
                number = counters.values_list("last", flat=True).get()
            else:
                number = self.m.Number.objects.using(self.alias).create(series=series, last=1).last
            body = life.received(f"cmp_{next(self._serial):026}", f"KS202603-{number:04}", self.book)
            case = self.m.Complaint(id=body["id"], body=orjson.dumps(body), **life.columns(body))
            case.save(using=self.alias, force_insert=True)
            self.begin(case.id, life.CHECKING, RECEIVED)
            self.record(case, "receive", "", RECEIVED, "")
            self.message(case, "to_handle", life.HANDLED_BY, RECEIVED)
            self.finish(use_case, key, case)
        return str(case.id)

    def load(self, id: str) -> Any:
        case = self.m.Complaint.objects.using(self.alias).select_for_update().get(pk=id)
        case.data = orjson.loads(bytes(case.body))
        return case

    def save(self, case: Any, move: Callable[[Any], None]) -> None:
        move(case.data)
        case.data["version"] = case.version + 1
        for name, value in life.columns(case.data).items():
            if name != "state":  # that is the transition's
                setattr(case, name, value)
        case.body = orjson.dumps(case.data)
        case.save(using=self.alias)

    def begin(self, id: str, clock: tuple[str, int], at: int) -> None:
        timer = life.timer(id, clock, at)
        row = {name: timer[name] for name in ("subject", "name", "state", "started_at", "due_at")}
        timers = self.m.Timer.objects.using(self.alias)
        timers.create(**row, next_at=life.next_at(timer), body=orjson.dumps(timer))

    def end(self, timer: Any, state: str, at: int) -> None:
        ended = {"state": state, "ended_at": at, "completed_at": at if state == "met" else None}
        timer.state, timer.next_at = state, None
        timer.body = orjson.dumps(orjson.loads(bytes(timer.body)) | ended)
        timer.save(using=self.alias, force_update=True)

    def check(self, id: str, key: str | None) -> None:
        use_case = "complaint.check"
        with self.m.atomic(using=self.alias):
            self.claim(use_case, key, id, life.OPINION)
            case = self.load(id)
            case.check_order()
            self.save(case, life.check)
            timers = self.m.Timer.objects.using(self.alias).select_for_update()
            self.end(timers.get(subject=id, name=life.CHECKING[0]), "met", CHECKED)
            self.record(case, "check", "received", CHECKED, life.OPINION)
            self.finish(use_case, key, case)

    def accept(self, id: str, key: str | None) -> None:
        use_case = "complaint.accept"
        with self.m.atomic(using=self.alias):
            self.claim(use_case, key, id, life.CLASS, life.CAUSE)
            case = self.load(id)
            case.accept()
            self.save(case, life.accept)
            self.begin(id, life.CLOSING, ACCEPTED)
            self.begin(id, life.HANDLING, ACCEPTED)
            self.record(case, "accept", "checked", ACCEPTED, "")
            self.message(case, "accepted", life.CUSTOMER, ACCEPTED)
            self.finish(use_case, key, case)

    def withdraw(self, id: str, key: str | None) -> None:
        use_case = "complaint.withdraw"
        with self.m.atomic(using=self.alias):
            self.claim(use_case, key, id, life.REASON)
            case = self.load(id)
            case.withdraw()
            self.save(case, life.withdraw)
            for timer in self.m.Timer.objects.using(self.alias).select_for_update().filter(subject=id):
                if timer.state == "running":
                    self.end(timer, "cancelled", WITHDRAWN)
            self.record(case, "withdraw", "accepted", WITHDRAWN, life.REASON)
            self.finish(use_case, key, case)
