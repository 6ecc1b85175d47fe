"""Calculations about customers: the grade that figures come to, a record out of a row of a table."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from csdomain.frame.requests import from_data
from csdomain.kernel.rules import Text

from .values import Criterion, CustomerRules, Figure, MalformedCustomer, Profile

_SEVERAL: Final = ("phones", "emails", "addresses", "contact_persons")
#: The columns of a table of customers that say nothing of the profile.
BESIDE: Final = ("ref", "registered_at", "representative")
_EXTRA: Final = "extra."


def grade(figures: Mapping[Figure, int], grades: Sequence[str], criteria: Sequence[Criterion]) -> str:
    """The grade that the figures come to: the mean of what each criterion says, a half counts as the worse. [CUS-07]

    A figure that gets better never makes the grade worse.
    """
    ranks = [criterion.rank(figures[criterion.figure]) for criterion in criteria]
    return grades[(2 * sum(ranks) + len(ranks)) // (2 * len(ranks))]


def check_columns(names: Sequence[str], rules: CustomerRules) -> None:
    """Refuse columns that no record has, and a table without ``ref``. Raises MalformedCustomer."""
    known = (*BESIDE, *rules.fields, "kind", "born_lunar", "born_year")
    unknown = [name for name in names if name not in known]
    if unknown or "ref" not in names or len(set(names)) != len(names):
        every = ", ".join(known)
        given = ", ".join(name[:40] for name in unknown[:5]) or "-"
        raise MalformedCustomer(field="columns", given=given, accepted=Text(f"ref, and of {every}", f"ref 及 {every}"))


def profile_of(row: Mapping[str, str]) -> Profile:
    """The record that a row describes: several values of one field are parted by semicolons, days as 1980-03-09, lunar
    ones as 1980-08-15, in a leap month 1980-R08-15. Raises MalformedRequest, MalformedCustomer."""
    data: dict[str, Any] = {}
    for name, value in row.items():
        if not value or name in BESIDE:
            continue
        if name.startswith(_EXTRA):
            data.setdefault("extra", {})[name.removeprefix(_EXTRA)] = value
        elif name in _SEVERAL:
            data[name] = [each.strip() for each in value.replace("；", ";").split(";") if each.strip()]
        elif name == "born_lunar":
            year, month, day = [*value.split("-"), "", ""][:3]
            data[name] = {"year": _int(year), "month": _int(month.removeprefix("R")), "day": _int(day)}
            data[name]["leap"] = month.startswith("R")
        else:
            data[name] = _int(value) if name == "born_year" else value
    found: Profile = from_data(Profile, data)
    return found


def instant_of(text: str, zone: str) -> datetime:
    """An instant with its offset, or a day, which begins in ``zone``. Raises MalformedCustomer."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or (found.tzinfo is None and len(text) != len("2026-03-09")):
        accepted = Text("2026-03-09, or 2026-03-09T10:00+08:00", "2026-03-09 或 2026-03-09T10:00+08:00")
        raise MalformedCustomer(field="registered_at", accepted=accepted)
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))


def _int(text: str) -> int | str:
    """A number; what is none is left for the field to refuse."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else text
