"""The whole complaint by Django's ORM and django-fsm-2: the same rows, the states by ``@transition``."""

from hashlib import sha256
from itertools import count
from typing import Any

import orjson

from .django_orm import DjangoOrm
from .whole import Played


class WholeByDjango(DjangoOrm):
    """Plays the record of a life with its own ids and numbers, on the database ``alias``."""

    def __init__(self, alias: str, record: tuple[Played, ...]) -> None:
        super().__init__(alias, "")
        self._record = record
        self._serials = count(1)

    def live(self, key: str | None) -> str:
        """All use cases, each in a transaction of its own."""
        id = number = ""
        for played in self._record:
            id, number = self.play(played, id, number, key)
        return id

    def play(self, played: Played, id: str, number: str, key: str | None) -> tuple[str, str]:
        """One use case."""
        m, use_case = self.m, f"complaint.{played.name}"
        timers = m.Timer.objects.using(self.alias)
        with m.atomic(using=self.alias):
            if key is not None:
                mark = sha256(orjson.dumps([use_case, id, played.arguments])).hexdigest()
                row = {"actor": played.actor, "use_case": use_case, "key": key, "fingerprint": mark, "receipt": None}
                m.Key.objects.using(self.alias).bulk_create([m.Key(**row, at=played.at)], ignore_conflicts=True)
            case: Any = None
            held: dict[str, Any] = {}
            for operation, given in played.operations:
                match operation:
                    case "number":
                        id, number = f"cmp_{next(self._serials):026}", f"KS202603-{self.number():04}"
                    case "add":
                        case = m.Complaint(
                            id=id, body=orjson.dumps(played.body(id, number)), **played.columns(id, number)
                        )
                        case.save(using=self.alias, force_insert=True)
                    case "load":
                        case = self.load(id)
                    case "save":
                        getattr(case, f"do_{played.name}")()
                        for change in played.changes:
                            change.make(case.data, id, number)
                        for name, value in (played.columns(id, number) | {"version": case.version + 1}).items():
                            if name != "state":  # that is the transition's
                                setattr(case, name, value)
                        case.body = orjson.dumps(case.data)
                        case.save(using=self.alias)
                    case "begin":
                        timer = given(id, number)
                        timers.create(**(timer | {"body": orjson.dumps(timer["body"])}))
                    case "look":
                        held = {timer.name: timer for timer in timers.select_for_update().filter(subject=id)}
                    case "stop" | "stop held":
                        if operation == "stop":
                            timer = timers.select_for_update().get(subject=id, name=given.name)
                        else:
                            timer = held[given.name]
                        body = orjson.loads(bytes(timer.body))
                        for change in given.changes:
                            change.make(body, id, number)
                        for name, value in given.columns.items():
                            setattr(timer, name, value)
                        timer.body = orjson.dumps(body)
                        timer.save(using=self.alias, force_update=True)
                    case "record":
                        for line in given:
                            row = line(id, number)
                            event = f"evt_{next(self._serials):026}"
                            row |= {"event_id": event, "facts": orjson.dumps(row["facts"])}
                            m.Audit.objects.using(self.alias).create(**row)
                    case "tell":
                        rows = [message(id, number) for message in given]
                        told = [m.Outbox(**(row | {"facts": orjson.dumps(row["facts"])})) for row in rows]
                        m.Outbox.objects.using(self.alias).bulk_create(told)
            if key is not None:
                mine = m.Key.objects.using(self.alias).filter(actor=played.actor, use_case=use_case, key=key)
                mine.update(receipt=orjson.dumps(played.receipt(id, number)))
        return id, number

    def number(self) -> int:
        """The next number of the one series."""
        series = "KS202603-{seq:04}"
        counters = self.m.Number.objects.using(self.alias).filter(series=series)
        if counters.update(last=self.m.F("last") + 1):
            return int(counters.values_list("last", flat=True).get())
        return int(self.m.Number.objects.using(self.alias).create(series=series, last=1).last)
