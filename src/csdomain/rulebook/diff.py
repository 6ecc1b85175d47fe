"""What a new version of a rulebook would change: in words, as data, and for which cases (KRN-01)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum, unique
from itertools import groupby
from typing import Any, Final

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RulebookInvalid

from .changes import Difference, applied, differences
from .loader import books_converter, content, structured
from .organisation import CALENDARS, PERMISSIONS, CalendarRules
from .sections import Rulebook, Section
from .wording import grants, said


@unique
class Acts(Enum):
    """On which cases a change acts (design decision D7).

    - ``AT_ONCE``: on running cases too, once the new book is the current one: permissions, calendars, organisation.
    - ``ON_REBASE``: on cases that begin under the new book, and on running ones once they are moved to it on purpose:
      on what begins then, since a deadline that runs stays where it is.
    - ``NEVER``: on none. The same is said in another way, a default is written out, the book has another name.
    """

    AT_ONCE = "at once"
    ON_REBASE = "on rebase"
    NEVER = "never"


ACTS: Final = {
    Acts.AT_ONCE: Text("at once, on running cases too", "立即生效，包括在办案件"),
    Acts.ON_REBASE: Text(
        "on new cases; on running ones once they are rebased, where deadlines that run stay",
        "适用于新案件；在办案件改挂新版后适用，已开始的期限不变",
    ),
    Acts.NEVER: Text("on no case: it means the same", "不影响任何案件：含义不变"),
}


@attrs.frozen(kw_only=True)
class Change(Difference):
    """One change of house rules: where (``path``), what (``before``, ``after``), in ``words``, and on whom it acts."""

    words: Text
    acts: Acts

    @property
    def section(self) -> str:
        """The section of the rulebook it is in; ``name`` for the name of the book."""
        return str(self.way[0])


@attrs.frozen
class RulebookDiff:
    """What turns the rulebook ``old`` into ``new`` (refs), by section and path. False where they are the same."""

    old: str
    new: str
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def acting(self, acts: Acts) -> tuple[Change, ...]:
        """The changes that act so."""
        return tuple(change for change in self.changes if change.acts is acts)

    def sections(self, acts: Acts) -> frozenset[str]:
        """The sections with changes that act so."""
        return frozenset(change.section for change in self.acting(acts))


def compare(old: Rulebook, new: Rulebook) -> RulebookDiff:
    """What ``new`` changes against ``old``, each whole, after what it extends. [KRN-01]

    Nothing that is alike is listed: there are no changes exactly where both have one ref. Made in the content of
    ``old``, in their order (:func:`~csdomain.rulebook.changes.applied`), they give the content of ``new``.
    """
    before, after = content(old.canonical), content(new.canonical)
    sections = {section.name: section for section in (*old.sections, *new.sections)}
    changes: list[Change] = []
    for name, found in groupby(differences(before, after), key=lambda one: str(one.way[0])):
        group = tuple(found)
        section = sections.get(name)
        idle = range(len(group)) if section is None else _idle(group, before, section, old, new)
        for place, one in enumerate(group):
            acts = Acts.AT_ONCE if section is not None and not section.pinned else Acts.ON_REBASE
            values = {field.name: getattr(one, field.name) for field in attrs.fields(Difference)}
            words = said(one, old, new)
            changes.append(Change(**values, words=words, acts=Acts.NEVER if place in idle else acts))
    return RulebookDiff(old.ref, new.ref, tuple(changes))


def _idle(
    group: Sequence[Difference], before: Mapping[str, Any], section: Section[Any], old: Rulebook, new: Rulebook
) -> Collection[int]:
    """The places of those changes of a section that change no meaning.

    One that does nothing alone may act beside another (a role that nobody holds, and a position that takes it on), so
    it is idle only where it is missed neither in the old rules nor among the new, and all of the idle together too.
    """
    was, now = old.parts.get(section.name), new.parts.get(section.name)
    if _same(section, old, was, now):
        return range(len(group))
    converter = books_converter()

    def gives(places: Collection[int], meant: object) -> bool:
        try:
            raw = applied([group[place] for place in sorted(places)], before).get(section.name)
            part = None if raw is None else structured(section, raw, converter)
        except (RulebookInvalid, LookupError):  # only together with others does it make sense
            return False
        return _same(section, old, part, meant)

    every = set(range(len(group)))
    idle = {place for place in every if gives({place}, was) and gives(every - {place}, now)}
    return idle if gives(idle, was) and gives(every - idle, now) else ()


def _same(section: Section[Any], book: Rulebook, one: object, other: object) -> bool:
    """Whether two typed parts of a section mean the same."""
    meaning = _MEANINGS.get(section.name)
    if meaning is None or one is None or other is None:
        return one == other
    return bool(meaning(book, one) == meaning(book, other))


def _granted(book: Rulebook, matrix: Any) -> object:
    """What each position may do by a permission matrix: through which roles does not matter."""
    there = attrs.evolve(book, parts={PERMISSIONS.name: matrix})
    found = {position: grants(there, "positions", position) for position in matrix.positions}
    return {position: may for position, may in found.items() if may}


def _opened(_: Rulebook, calendars: Mapping[str, CalendarRules]) -> object:
    """Calendars without the weekdays that are listed as closed: those that are not listed are closed too."""
    return {
        name: (
            attrs.evolve(rules.spec, weekly={d: w for d, w in rules.spec.weekly.items() if w}),
            rules.public_holidays,
        )
        for name, rules in calendars.items()
    }


#: Sections of which more than one typed value means the same.
_MEANINGS: Final[Mapping[str, Callable[[Rulebook, Any], object]]] = {
    PERMISSIONS.name: _granted,
    CALENDARS.name: _opened,
}
