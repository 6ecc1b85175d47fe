"""A rulebook: typed sections of house rules, immutable, known by name and content (KRN-01, design decision D7)."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, unique
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

import attrs

from csdomain.kernel.cases.occasions import Occasion
from csdomain.kernel.rules import HOUSE_RULES, Text
from csdomain.kernel.rules.errors import InvalidValue, fact_labels
from csdomain.kernel.values.actors import Action

T = TypeVar("T")
NAMES: Final = "csdomain.names"
#: Metadata of a field that names positions, roles, or calendars of the house: a name that is not known is refused.
POSITION: Final = {NAMES: "permissions.positions"}
ROLE: Final = {NAMES: "permissions.roles"}
CALENDAR_NAME: Final = {NAMES: "calendars"}
fact_labels({"calendar": "日历", "holidays": "假日", "rulebook": "规则手册", "section": "章节"})


class SectionMissing(InvalidValue):
    """The rulebook does not have this section: it leaves that context off (KRN-01)."""

    default_rule = HOUSE_RULES
    problem = Text("This rulebook leaves that context off.", "该规则手册未启用此功能。")


@unique
class Unit(Enum):
    """What a bare number of a setting counts, and how a list of windows reads: for people, never for reckoning."""

    PLAIN = "plain"
    PERCENT = "percent"
    SHARE = "share"
    DAYS = "days"
    MONTHS = "months"
    HOURS = "opening hours"


@attrs.frozen
class Label(Text):
    """How people call a setting, and what its number counts: 0.17 as a ``SHARE`` reads 17%."""

    unit: Unit = Unit.PLAIN


#: What the bands of an approval ladder are called, by their path below it.
LADDER_LABELS: Final[Mapping[str, Text]] = {
    "": Text("authority {0}", "权限者 {0}"),
    "over": Text("where the band of {0} begins", "{0} 的起始金额"),
    "up_to": Text("limit of {0}", "{0} 的上限"),
}


def under(path: str, labels: Mapping[str, Text]) -> Mapping[str, Text]:
    """Labels of settings that several sections have, each below ``path`` there."""
    return {f"{path}.{name}" if name else path: label for name, label in labels.items()}


@attrs.frozen(eq=False)
class Section(Generic[T]):
    """A context's own part of a rulebook: the table's name in the file and the attrs class that types it.

    It is also the typed key: ``book[COMPLAINT_RULES].close_within``. ``actions`` are the permissions that the context
    asks for, so that a role cannot name one that does not exist; ``occasions`` are what it may tell, so that the house
    writes no text for another. ``check`` sees the whole book once every section has been read and yields faults that
    only show between sections, each with its key path; sections with faults of their own are not in the book it sees.
    A context whose section is left out is off, unless it is ``required``, or ``always`` on: then its settings are those
    that it has by default. ``needs`` are sections without which it cannot work: a book that has it has them.

    ``pinned``: a case keeps these rules as they were when it began; False where the current ones always hold.
    ``labels`` say how people call the settings, by their path in the section (``plans.*.price``; ``{0}`` in the text is
    what the first ``*`` stands for); the empty path is the section itself. ``texts`` are those of the occasions, by
    occasion, channel and language, for every house that takes the context and tells it in no words of its own; a
    function gives them from the section's data where not every house tells every occasion.
    """

    name: str
    type: type[T]
    actions: tuple[Action, ...] = ()
    check: "Callable[[T, Rulebook], Iterable[str]]" = lambda _part, _book: ()
    required: bool = False
    always: bool = False
    pinned: bool = True
    labels: Mapping[str, Text] = attrs.field(factory=dict)
    occasions: tuple[Occasion, ...] = ()
    needs: tuple[str, ...] = ()
    texts: Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]] = attrs.field(factory=dict)


def texts_beside(module: str | Path) -> Mapping[str, Any]:
    """The texts in ``texts.toml`` beside a module, or a folder of modules: those of its context."""
    return tomllib.loads((Path(module).parent / "texts.toml").read_text(encoding="utf-8"))


@attrs.frozen(eq=False, repr=False)
class Rulebook:
    """House rules, loaded whole and checked. ``ref`` is ``name@hash`` of the content: what a running case pins.

    ``canonical`` is the merged content as text, from which :func:`csdomain.rulebook.restore` makes the same book again;
    ``sections`` are those it was loaded with, turned on or not; ``actions`` and ``occasions`` (by name) all of theirs.
    """

    name: str
    ref: str
    canonical: str
    parts: Mapping[str, object]
    actions: frozenset[Action] = frozenset()
    sections: tuple[Section[Any], ...] = ()
    occasions: Mapping[str, Occasion] = attrs.field(factory=dict)

    def __getitem__(self, section: Section[T]) -> T:
        """The house rules of a context. Raises :class:`SectionMissing`."""
        part = self.parts.get(section.name)
        if part is None:
            raise SectionMissing(section=section.name, rulebook=self.ref)
        return cast("T", part)

    def __contains__(self, section: Section[T]) -> bool:
        return section.name in self.parts

    def __eq__(self, other: object) -> bool:
        return self.ref == other.ref if isinstance(other, Rulebook) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.ref)

    def __repr__(self) -> str:
        return f"Rulebook({self.ref!r})"
