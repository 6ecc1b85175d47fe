"""Digests that make tampering show: of bodies, of timers, and of each line of the trail, chained (design decision D32).

A line of the trail has the digest of what it says and of the line before it of the same subject. The line of a change
also carries the digest of the body after it, and of the timers that changed. A body holds a salt of its own, new at
each change, and what people wrote on the trail is covered by a salted digest, whose salt goes when the text is erased:
so erasing leaves nothing to guess from, and what is left still verifies. Digests are over what is stored, with the
number of its form, so a newer form reads old bodies without touching them.

Whoever knows how this works can write the whole chain anew; only a :class:`~csdomain.kernel.store.verify.Checkpoint`
that is kept elsewhere shows that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted
from typing import Final, NamedTuple

from csdomain.kernel.values.codec import to_micros

from .ports import AuditRecord

#: Under this key a stored body holds its salt; no field of a class can be called so.
SALT: Final = "~"


class Link(NamedTuple):
    """What a line of the trail has besides what it says: its place among its subject's, from 1, and its digest.

    ``salt`` belongs to the reason, and goes with it. ``proof`` is the text of what the line vouches for.
    """

    place: int
    digest: str
    salt: str | None
    proof: str


#: The place and the digest of the last line of a subject, where it has one.
Head = tuple[int, str]
NO_HEAD: Final[Head] = (0, "")


def told(parts: Iterable[object]) -> str:
    """The one text of several values: each with its length, so that none runs into the next; nothing is empty text."""
    return "".join([f"{len(text)}:{text}," for text in ["" if part is None else str(part) for part in parts]])


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def body_digest(table: str, id: str, version: int, schema: int, body: bytes) -> str:
    """The digest of a stored aggregate: its body as it is stored, with its salt, under its id, version and form."""
    return sha256(told((table, id, version, schema)).encode() + body).hexdigest()


def columns_digest(columns: bytes) -> str:
    """The digest of an aggregate's columns, as a store writes them in one text: where it holds, no body is read."""
    return sha256(columns).hexdigest()


def timer_digest(subject: str, name: str, columns: Sequence[object], body: bytes) -> str:
    """The digest of a stored timer: state, start, deadline, when it fires next, and the body."""
    return sha256(told((subject, name, *columns)).encode() + body).hexdigest()


def said_digest(salt: str, reason: str) -> str:
    """The digest of what somebody wrote, which cannot be guessed once the salt is gone."""
    return _hash(f"{salt},{reason}")


def line_digest(before: str, place: int, line: Sequence[object], facts: str, proof: str) -> str:
    """The digest of a line of the trail; ``before`` is that of the subject's line before it, ``at`` in microseconds."""
    return _hash(told((before, place, *line, facts, proof)))


def line_of(record: AuditRecord) -> tuple[object, ...]:
    """What a line says, but for its reason, its facts and its position."""
    said = record.event_id, record.subject, record.by, to_micros(record.at), record.name, record.schema
    return *said, record.move, record.source, record.dest


class Unproven:
    """What one transaction has stored that no line of the trail vouches for yet: for a session to keep.

    A session notes each body and each timer that it stores; :meth:`link` gives the next lines their digests.
    """

    def __init__(self) -> None:
        self._bodies: dict[str, tuple[str, int, str, str]] = {}
        self._timers: dict[str, dict[str, str]] = {}
        self._heads: dict[str, Head] = {}

    def body(self, table: str, id: str, version: int, schema: int, body: bytes, columns: bytes) -> None:
        """Note the body and the columns of an aggregate that was stored."""
        self._bodies[id] = (table, version, body_digest(table, id, version, schema, body), columns_digest(columns))

    def head(self, subject: str, place: int | None = None, digest: str | None = None) -> None:
        """Note the last line of a subject, or that it has none: its aggregate is new, or was read under a lock."""
        self._heads[subject] = (place or 0, digest or "")

    def timer(self, subject: str, name: str, columns: Sequence[object], body: bytes) -> None:
        """Note a timer that was stored."""
        self._timers.setdefault(subject, {})[name] = timer_digest(subject, name, columns, body)

    def link(
        self,
        records: Sequence[AuditRecord],
        facts: Sequence[str],
        heads: Callable[[Iterable[str]], Mapping[str, Head]],
        salt: Callable[[], str],
    ) -> list[Link]:
        """The links of lines that come next, with ``facts`` as they are stored.

        ``heads`` gives the heads of subjects, of those that have one. The last line of a subject vouches for all that
        was stored of it.
        """
        last = {record.subject: place for place, record in enumerate(records)}
        found = {subject: self._heads.pop(subject) for subject in last if subject in self._heads}
        asked = [subject for subject in last if subject not in found]
        if asked:
            found |= heads(asked)
        links = []
        for count, (record, told) in enumerate(zip(records, facts, strict=True)):
            subject = record.subject
            said: str | None = None
            salted: str | None = None
            if record.reason:
                salted = salt()
                said = said_digest(salted, record.reason)
            proof = self._proof(subject if last[subject] == count else "", said)
            place, before = found.get(subject, NO_HEAD)
            digest = line_digest(before, place + 1, line_of(record), told, proof)
            found[subject] = (place + 1, digest)
            links.append(Link(place + 1, digest, salted, proof))
        return links

    def _proof(self, subject: str, said: str | None) -> str:
        """As JSON, written by hand: an encoder takes as long as all the rest."""
        parts = [] if said is None else [f'"said":"{said}"']
        body, timers = self._bodies.pop(subject, None), self._timers.pop(subject, None)
        if body is not None:
            parts.append(f'"body":[{quoted(body[0])},{body[1]},"{body[2]}","{body[3]}"]')
        if timers is not None:
            each = ",".join([f'{quoted(name)}:"{digest}"' for name, digest in timers.items()])
            parts.append(f'"timers":{{{each}}}')
        return f"{{{','.join(parts)}}}" if parts else ""
