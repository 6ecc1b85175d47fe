"""The whole complaint by hand-written SQLAlchemy Core: prepared statements, the same rows, nothing checked."""

from hashlib import sha256
from itertools import count
from typing import Any

import orjson

from .hand_written import HandWritten
from .whole import Played


class WholeByHand(HandWritten):
    """Plays the record of a life with its own ids and numbers."""

    def __init__(self, url: str, record: tuple[Played, ...], synchronous: str = "FULL") -> None:
        super().__init__(url, "", synchronous)
        self._record = record
        self._serials = count(1)

    def live(self, key: str | None) -> str:
        """All use cases, each in a transaction of its own."""
        id = number = ""
        for played in self._record:
            id, number = self.play(played, id, number, key)
        return id

    def play(self, played: Played, id: str, number: str, key: str | None) -> tuple[str, str]:
        """One use case: its statements, in their order."""
        use_case = f"complaint.{played.name}"
        mine = {"a": played.actor, "u": use_case, "k": key}
        with self.engine.begin() as connection:
            run = connection.execute
            if key is not None:
                mark = sha256(orjson.dumps([use_case, id, played.arguments])).hexdigest()
                row = {"actor": played.actor, "use_case": use_case, "key": key, "fingerprint": mark, "receipt": None}
                if run(self.claim, row | {"at": played.at}).rowcount != 1:
                    raise ValueError(key)
            version, body, timers = 0, dict[str, Any](), dict[str, Any]()
            for operation, given in played.operations:
                match operation:
                    case "number":
                        number = f"KS202603-{run(self.count, {'s': 'KS202603-{seq:04}'}).scalar_one():04}"
                        id = f"cmp_{next(self._serials):026}"
                    case "add":
                        columns = {"id": id, **played.columns(id, number)}
                        run(self.add, columns | {"body": orjson.dumps(played.body(id, number))})
                    case "load":
                        stored, version = run(self.get, {"i": id}).one()
                        body = orjson.loads(stored)
                        if body["state"] != played.source:
                            raise ValueError(body["state"])
                    case "save":
                        for change in played.changes:
                            change.make(body, id, number)
                        columns = played.columns(id, number) | {"version": version + 1}
                        values = {"i": id, "v": version, **columns, "body": orjson.dumps(body)}
                        if run(self.save, values).rowcount != 1:
                            raise ValueError("changed by another")
                    case "begin":
                        timer = given(id, number)
                        run(self.start, timer | {"body": orjson.dumps(timer["body"])})
                    case "look":
                        timers = {name: orjson.loads(stored) for name, stored in run(self.timers, {"s": id})}
                    case "stop" | "stop held":
                        if operation == "stop":
                            timer = orjson.loads(run(self.timer, {"s": id, "n": given.name}).scalar_one())
                        else:
                            timer = timers[given.name]
                        for change in given.changes:
                            change.make(timer, id, number)
                        run(self.stop, {"s": id, "n": given.name, **given.columns, "body": orjson.dumps(timer)})
                    case "record":
                        rows = [line(id, number) | {"event_id": f"evt_{next(self._serials):026}"} for line in given]
                        run(self.audit, [row | {"facts": orjson.dumps(row["facts"])} for row in rows])
                    case "tell":
                        rows = [message(id, number) for message in given]
                        run(self.tell, [row | {"facts": orjson.dumps(row["facts"])} for row in rows])
            if key is not None:
                run(self.finish, mine | {"r": orjson.dumps(played.receipt(id, number))})
        return id, number
