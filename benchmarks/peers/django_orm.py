"""Django's ORM with django-fsm-2 on the same tables: models, `select_for_update`, `@transition`, `save`.

As its documentation has it, with what makes it quick: conflicts are ignored in one statement instead of
`get_or_create`'s two and a savepoint, updates go through the query where nothing needs to be read.
"""

from hashlib import sha256
from itertools import count
from typing import Any

import django
import orjson
from django.conf import settings
from sqlalchemy.engine import make_url

from . import life

DAY = 86_400_000_000
RECEIVED, ACCEPTED, CLOSED = life.micros(life.RECEIVED), life.micros(life.ACCEPTED), life.micros(life.CLOSED)


def database(url: str, synchronous: str) -> dict[str, Any]:
    """Django's settings for the database that SQLAlchemy names ``url``."""
    if url.startswith("sqlite"):
        pragmas = f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA foreign_keys=ON;"
        options = {"transaction_mode": "IMMEDIATE", "init_command": pragmas}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.split("///", 1)[1], "OPTIONS": options}
    where = make_url(url)
    host = where.host or where.query.get("host", "")
    return {"ENGINE": "django.db.backends.postgresql", "NAME": where.database, "USER": where.username, "HOST": host}


def set_up(databases: dict[str, dict[str, Any]]) -> None:
    """Configure Django once a process, with every database it will use."""
    settings.configure(USE_TZ=True, INSTALLED_APPS=[], DATABASES={"default": {}, **databases})
    django.setup()


class DjangoOrm:
    """The three use cases on the database ``alias``, whose tables are there already."""

    def __init__(self, alias: str) -> None:
        from . import django_models as models

        self.m = models
        self.alias = alias
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

    def message(self, key: str, occasion: str, id: str, at: int) -> None:
        self.m.Outbox.objects.using(self.alias).create(
            key=key,
            occasion=occasion,
            recipient=life.CUSTOMER,
            facts=orjson.dumps({"complaint": id}),
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
            case = self.m.Complaint(
                id=f"cmp_{next(self._serial):026}",
                version=1,
                schema=1,
                branch=life.BRANCH,
                owner=life.ACTOR,
                number=f"KS202603-{number:04}",
                state="received",
                customer=life.CUSTOMER,
                claimed=life.CLAIMED,
                received_at=RECEIVED,
            )
            case.data = {
                "id": case.id,
                "number": case.number,
                "branch": life.BRANCH,
                "owner": life.ACTOR,
                "rulebook": life.BOOK,
                "form": {**life.FORM, "claimed": {"minor": life.CLAIMED, "currency": life.CURRENCY}, "extra": {}},
                "received_at": RECEIVED,
                "state": "received",
                "version": 1,
                "accepted_at": None,
                "closed_at": None,
                "outcome": "",
            }
            case.body = orjson.dumps(case.data)
            case.save(using=self.alias, force_insert=True)
            self.record(case, "receive", "", RECEIVED, "")
            self.finish(use_case, key, case)
        return str(case.id)

    def load(self, id: str) -> Any:
        case = self.m.Complaint.objects.using(self.alias).select_for_update().get(pk=id)
        case.data = orjson.loads(bytes(case.body))
        return case

    def save(self, case: Any, **changes: object) -> None:
        case.version += 1
        case.data |= {**changes, "state": case.state, "version": case.version}
        case.body = orjson.dumps(case.data)
        case.save(using=self.alias)

    def accept(self, id: str, key: str | None) -> None:
        use_case = "complaint.accept"
        with self.m.atomic(using=self.alias):
            self.claim(use_case, key, id)
            case = self.load(id)
            case.accept()
            self.save(case, accepted_at=ACCEPTED)
            due = ACCEPTED + 6 * DAY
            timer = {
                "subject": id,
                "name": life.TIMER,
                "calendar": "office",
                "duration": {"kind": "calendar_days", "days": 6, "end_of_day": False},
                "started_at": ACCEPTED,
                "due_at": due,
                "budget": 4 * DAY,
                "warnings": [{"percent": 50, "at": due - 3 * DAY}, {"percent": 80, "at": due - DAY}],
                "warned": 0,
                "state": "running",
                "pauses": [],
                "ended_at": None,
                "completed_at": None,
            }
            self.m.Timer.objects.using(self.alias).create(
                subject=id,
                name=life.TIMER,
                state="running",
                started_at=ACCEPTED,
                due_at=due,
                next_at=due - 3 * DAY,
                body=orjson.dumps(timer),
            )
            self.record(case, "accept", "received", ACCEPTED, "")
            self.message(f"{id}/accepted", "complaint.accepted", id, ACCEPTED)
            self.finish(use_case, key, case)

    def close(self, id: str, key: str | None) -> None:
        use_case = "complaint.close"
        with self.m.atomic(using=self.alias):
            self.claim(use_case, key, id, life.OUTCOME)
            case = self.load(id)
            case.close()
            case.closed_at = CLOSED
            self.save(case, closed_at=CLOSED, outcome=life.OUTCOME)
            timer = self.m.Timer.objects.using(self.alias).select_for_update().get(subject=id, name=life.TIMER)
            data = orjson.loads(bytes(timer.body)) | {"state": "met", "ended_at": CLOSED, "completed_at": CLOSED}
            timer.state, timer.next_at, timer.body = "met", None, orjson.dumps(data)
            timer.save(using=self.alias, force_update=True)
            self.record(case, "close", "accepted", CLOSED, life.OUTCOME)
            self.message(f"{id}/closed", "complaint.closed", id, CLOSED)
            self.finish(use_case, key, case)
