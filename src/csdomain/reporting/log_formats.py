"""How the times of a log may be written, and a reader for each way (RPT-06, KRN-03).

``iso``; ``epoch`` and ``epoch_ms``; or a format of ``%Y %y %m %b %B %d %H %I %p %M %S %f %z %Z %a %A``, which mean what
they mean to :meth:`datetime.datetime.strptime`, save that nothing depends on the machine: names are English, ``%Z`` is
``UTC``, ``GMT`` or ``Z``, ``%f`` has up to nine digits. Everything a format says is honoured, or the format is refused.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue

from .rules import REPLAY

ISO: Final = "iso"
#: Times that are counted from 1970, and how many microseconds one of their units has.
EPOCHS: Final = {"epoch": 1_000_000, "epoch_ms": 1_000}
#: What a text says: the instant and True, or a wall time, which says UTC for want of its zone, and False.
Said = tuple[datetime, bool]

_MONTHS: Final = "January February March April May June July August September October November December".split()
_WEEKDAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_FIELDS: Final = {
    "Y": r"\d\d\d\d",
    "y": r"\d\d",
    "m": r"1[0-2]|0[1-9]|[1-9]",
    "d": r"3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9]",
    "H": r"2[0-3]|[0-1]\d|\d",
    "I": r"1[0-2]|0[1-9]|[1-9]",
    "M": r"[0-5]\d|\d",
    "S": r"[0-5]\d|\d",
    "f": r"[0-9]{1,9}",
    "p": r"[AP]M",
    "z": r"[+-]\d\d(?::?[0-5]\d(?::?[0-5]\d)?)?|Z",
    "Z": r"UTC|GMT|Z",
    "B": "|".join(_MONTHS),
    "b": "|".join(name[:3] for name in _MONTHS),
    "A": "|".join(_WEEKDAYS),
    "a": "|".join(name[:3] for name in _WEEKDAYS),
}
#: Directives that say the same; a format has at most one of each, and one of each of those that are needed.
_YEAR, _MONTH, _ZONE, _HOUR, _WEEKDAY = "Yy", "mbB", "zZ", "HI", "aA"
_ONCE: Final = (_YEAR, _MONTH, "d", _HOUR, "p", "M", "S", "f", _ZONE, _WEEKDAY)
_NUMBERS: Final = "YmdHMS"
_SUCH_AS: Final = Text(
    '"iso", "epoch", "epoch_ms", or such as "%Y-%m-%d %H:%M:%S"',
    "“iso”、“epoch”、“epoch_ms”，或如“%Y-%m-%d %H:%M:%S”",
)
_HALVES: Final = Text("%I with %p, or %H without it", "%I 与 %p 同用，或单用 %H")
_OFFSET: Final = Text("%z where the times say +02:00 or Z", "时间写有 +02:00 或 Z 处用 %z")
_NAMED: Final = Text(
    "%Z where the times say UTC, GMT or Z; no other name of a zone means the same everywhere",
    "时间写有 UTC、GMT 或 Z 处用 %Z；其他时区名称并非处处同义",
)
_EPOCH_TEXT: Final = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,9}))?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MalformedTimeFormat(InvalidValue):
    """A time format that does not give a whole date and time, or says what cannot be honoured (RPT-06)."""

    default_rule = REPLAY
    problem = Text("This format does not give a date and a time.", "此格式不能给出日期与时间。")


def iso(text: str) -> Said:
    """Reads ISO 8601 with a time of day. Raises ValueError."""
    at = datetime.fromisoformat(text)
    if len(text) <= len("2026-W28-2") and _is_date(text):
        raise ValueError(text)
    return (at.replace(tzinfo=UTC), False) if at.tzinfo is None else (at.astimezone(UTC), True)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def epoch(unit: int) -> Callable[[str], Said]:
    """A reader of counts since 1970 whose unit is so many microseconds. The reader raises ValueError, OverflowError."""

    def read(text: str) -> Said:
        found = _EPOCH_TEXT.fullmatch(text)
        if found is None:
            raise ValueError(text)
        sign, whole, fraction = found.groups()
        micros = int(whole) * unit + int((fraction or "").ljust(9, "0")) * unit // 1_000_000_000
        return _EPOCH + timedelta(microseconds=-micros if sign else micros), True

    return read


def numbered(format: str) -> Callable[[str], Said]:
    """A reader of a format. Raises :class:`MalformedTimeFormat`; the reader raises ValueError, OverflowError."""
    fields, pattern, words = _taken_apart(format)
    _check(format, fields)
    utc = _says_utc(format, words)
    lettered = bool(words) or not {"p", "b", "B", "a", "A", "Z", "z"}.isdisjoint(fields)
    match = re.compile(pattern, re.IGNORECASE if lettered else 0).fullmatch
    if set(fields) <= set(_NUMBERS + "f"):
        return _plain(match, fields, utc=utc)

    def read(text: str) -> Said:
        found = match(text)
        if found is None:
            raise ValueError(text)
        return _moment(dict(zip(fields, found.groups(), strict=True)), utc=utc)

    return read


def _plain(match: Callable[[str], "re.Match[str] | None"], fields: list[str], *, utc: bool) -> Callable[[str], Said]:
    """A reader of formats of numbers only, which nearly all logs have."""
    order = [fields.index(field) for field in _NUMBERS if field in fields]
    fraction = fields.index("f") if "f" in fields else None

    def read(text: str) -> Said:
        found = match(text)
        if found is None:
            raise ValueError(text)
        groups = found.groups()
        micros = 0 if fraction is None else int(groups[fraction][:6].ljust(6, "0"))
        numbers = [int(groups[place]) for place in order]
        return datetime(*numbers, microsecond=micros, tzinfo=UTC), utc  # type: ignore[arg-type,misc]  # at most six

    return read


def _taken_apart(format: str) -> tuple[list[str], str, list[str]]:
    """The directives of a format, its pattern, and what stands between them."""
    fields: list[str] = []
    pattern = ""
    parts = re.split(r"%(.?)", format, flags=re.DOTALL)
    words = parts[::2]
    for word, directive in zip(words, [*parts[1::2], None], strict=True):
        pattern += re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(word))
        if directive == "%":
            pattern += "%"
        elif directive is not None:
            if directive not in _FIELDS:
                known = " ".join(f"%{name}" for name in _FIELDS)
                raise MalformedTimeFormat(given=format, accepted=Text(known, known))
            fields.append(directive)
            pattern += f"({_FIELDS[directive]})"
    return fields, pattern, [word for word in words if word.strip()]


def _check(format: str, fields: Sequence[str]) -> None:
    counts = {same: sum(field in same for field in fields) for same in _ONCE}
    if (counts["p"] == 1) is not ("I" in fields):
        raise MalformedTimeFormat(given=format, accepted=_HALVES)
    # Minutes are the least that orders the events of a day.
    needed = all(counts[same] for same in (_YEAR, _MONTH, "d", _HOUR, "M"))
    if not needed or max(counts.values()) > 1 or counts["f"] > counts["S"]:
        raise MalformedTimeFormat(given=format, accepted=_SUCH_AS)


def _says_utc(format: str, words: Sequence[str]) -> bool:
    """Whether a format itself says UTC. Refuses what is written in it and would go unheard."""
    utc = False
    for word in words:
        if re.search(r"(?<![^\W\d_])[ap]\.?m\b|[上下]午", word, re.IGNORECASE):
            raise MalformedTimeFormat(given=format, accepted=_HALVES)
        if re.search(r"[+-]\d", word):
            raise MalformedTimeFormat(given=format, accepted=_OFFSET)
        for name in re.findall(r"[^\W\d_]+", word):
            if name in ("UTC", "GMT", "Z"):
                utc = True
            elif re.fullmatch(r"[A-Z]{3,5}", name):
                raise MalformedTimeFormat(given=format, accepted=_NAMED)
    return utc


def _moment(said: dict[str, str], *, utc: bool) -> Said:
    year = int(said["Y"]) if "Y" in said else int(said["y"]) + (1900 if int(said["y"]) >= 69 else 2000)
    month = int(said["m"]) if "m" in said else _place(said.get("b") or said["B"], _MONTHS) + 1
    hour = int(said["H"]) if "H" in said else int(said["I"]) % 12 + 12 * (said["p"].upper() == "PM")
    micros = int(said.get("f", "")[:6].ljust(6, "0"))
    at = datetime(year, month, int(said["d"]), hour, int(said["M"]), int(said.get("S", 0)), micros, UTC)
    weekday = said.get("a") or said.get("A")
    if weekday is not None and _place(weekday, _WEEKDAYS) != at.weekday():
        raise ValueError("another day of the week")
    zone = said.get("z")
    return (at, utc or "Z" in said) if zone is None else (at.replace(tzinfo=_offset(zone)).astimezone(UTC), True)


def _place(name: str, names: Sequence[str]) -> int:
    return next(i for i, one in enumerate(names) if one[:3].casefold() == name[:3].casefold())


def _offset(text: str) -> timezone:
    if text in ("Z", "z"):
        return UTC
    digits = text[1:].replace(":", "").ljust(6, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return timezone(-span if text[0] == "-" else span)
