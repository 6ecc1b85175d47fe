"""What a customer is found by, and how well: terms of texts, spelling in pinyin, scores. Pure functions (CUS-04)."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum, unique
from fractions import Fraction
from functools import cache
from itertools import islice, product
from typing import Final

import attrs

from csdomain.customers.ports import Fold

#: A field from its beginning on is a term that begins with this; no plain text holds it.
_BEGINS: Final = "^"
#: So many digits at its end tell a phone from others.
_SUBSCRIBER: Final = 8
#: No term is longer.
LONGEST: Final = 100
_SEARCHED: Final = 400
_SPELLED: Final = 12
_READINGS: Final = 8
#: The least share of the grams by which a field resembles what is asked for.
ENOUGH: Final = Fraction(1, 2)
_INITIALS: Final = ("zh", "ch", "sh")


@unique
class Group(IntEnum):
    """What kind of field it is, the one that counts most first."""

    NAME = 0
    PHONE = 1
    CODE = 2
    TEXT = 3


#: So many characters are a gram of a field of the kind.
GRAM: Final = {Group.NAME: 2, Group.PHONE: 4, Group.CODE: 3, Group.TEXT: 2}
#: The kinds of field that are found by what only resembles them; of the others each piece must be right.
RESEMBLING: Final = (Group.NAME, Group.TEXT)


def plain(text: str, fold: Fold, group: Group = Group.TEXT) -> str:
    """Letters, digits and characters alone, in one width, case and script; of a phone the digits."""
    found = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c for c in found if (c.isdecimal() if group is Group.PHONE else c.isalnum()))
    return fold.simplified(kept[:_SEARCHED])


def grams(text: str, group: Group) -> frozenset[str]:
    """The pieces of a plain text that its kind of field is searched by; none of a text that is shorter than one."""
    n = GRAM[group]
    return frozenset(text[i : i + n] for i in range(len(text) - n + 1))


def ends(text: str, group: Group) -> frozenset[str]:
    """Every end of a plain text that is not shorter than a gram: what is somewhere within it begins one of them."""
    return frozenset(text[i : i + LONGEST] for i in range(len(text) - GRAM[group] + 1))


def terms(text: str, group: Group, fold: Fold) -> frozenset[str]:
    """Every term by which a field is found."""
    found = plain(text, fold, group)
    if not found:
        return frozenset()
    within = grams(found, group) if group in RESEMBLING else ends(found, group)
    return within | {begins(found)} | set(_spelled(text, fold) if group is Group.NAME else ())


def begins(text: str) -> str:
    """The term of a plain text from its beginning on: of a whole field, or of what fields begin with."""
    return _BEGINS + text[:LONGEST]


def sure(text: str, group: Group) -> frozenset[str]:
    """The term that only one person has: the last digits of a phone, whichever prefix it is written with, a code."""
    if group is Group.PHONE and len(text) >= _SUBSCRIBER:
        return frozenset({text[-_SUBSCRIBER:]})
    return frozenset({begins(text)} if text and group in (Group.PHONE, Group.CODE) else ())


# --- spelling
def reads(text: str, fold: Fold) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each character of a text, and how it may be read: itself where it has no reading. Blanks are left out."""
    clean = fold.simplified(unicodedata.normalize("NFKC", text).casefold())
    surname = fold.surname(clean.strip())
    found: list[tuple[str, tuple[str, ...]]] = []
    for character in clean:
        if character.isspace():
            continue
        said = (*surname[len(found) : len(found) + 1], *fold.readings(character))
        found.append((character, tuple(dict.fromkeys(said))))
    return tuple(found)


def _spelled(text: str, fold: Fold) -> Iterator[str]:
    """Terms of a name in pinyin: from each character on the initials (``.wxm``), and its syllable before them."""
    if not fold.syllables:
        return
    read = reads(text[:LONGEST], fold)[:_SPELLED]
    for start, (_, readings) in enumerate(read):
        if not readings:
            continue
        rest = [tuple(dict.fromkeys(r[0] for r in said)) or (character,) for character, said in read[start + 1 :]]
        for tail in islice(product(*rest), _READINGS):
            after = "".join(tail)
            for initial in {reading[0] for reading in readings}:
                yield from ("." + initial + after[:n] for n in range(1, len(after) + 1))
            for reading in readings:
                yield from (f"{reading} {after[:n]}" for n in range(1, len(after) + 1))
        for reading in readings:
            yield from (reading[:n] for n in range(2, len(reading) + 1))


def spellings(query: str, fold: Fold) -> frozenset[str]:
    """The terms of names that a query in Latin letters may spell; none for any other query."""
    text = "".join(query.casefold().split())
    if not (2 <= len(text) <= LONGEST and text.isascii() and text.isalpha() and fold.syllables):
        return frozenset()

    @cache
    def rests(at: int) -> frozenset[str]:
        """The initials of what a query may go on with."""
        if at == len(text):
            return frozenset({""})
        found = {text[at] + rest for end in _pieces(text, at, fold) for rest in rests(end)}
        return frozenset(sorted(found, key=len)[:_READINGS])

    found = {text} if any(syllable.startswith(text) for syllable in fold.syllables) else set()
    for end in _pieces(text, 0, fold):
        for rest in rests(end):
            if text[:end] in fold.syllables:
                found.add(f"{text[:end]} {rest[: _SPELLED - 1]}" if rest else text[:end])
            if rest:
                found.add("." + text[0] + rest[: _SPELLED - 1])
    return frozenset(found)


def _pieces(text: str, at: int, fold: Fold) -> Iterator[int]:
    """Where a syllable that begins at ``at`` may end: a whole one, an initial, an unfinished last one."""
    ends = {end for end in range(at + 1, min(at + 6, len(text)) + 1) if text[at:end] in fold.syllables}
    ends |= {at + 1, at + 2} if text[at : at + 2] in _INITIALS else {at + 1}
    if any(syllable.startswith(text[at:]) for syllable in fold.syllables):
        ends.add(len(text))
    return iter(sorted(ends, reverse=True))


def spelled(query: str, text: str, fold: Fold) -> tuple[int, int] | None:
    """The first and the last character of the run of ``text`` that a query says by characters, syllables, initials or
    an unfinished last syllable; None where it says none. Blanks count for nothing."""
    wanted = fold.simplified("".join(unicodedata.normalize("NFKC", query).casefold().split()))
    read = reads(text, fold)
    if not wanted or len(wanted) > LONGEST:
        return None

    @cache
    def ends(at: int, character: int) -> int | None:
        if at == len(wanted):
            return character - 1
        if character == len(read):
            return None
        itself, readings = read[character]
        taken = [len(itself)] if wanted.startswith(itself, at) else []
        taken += [len(reading) for reading in readings if wanted.startswith(reading, at)]
        taken += [len(i) for i in _INITIALS for r in readings if r.startswith(i) and wanted.startswith(i, at)]
        taken += [len(wanted) - at for reading in readings if reading.startswith(wanted[at:])]
        taken += [1 for reading in readings if reading[0] == wanted[at]]
        for length in dict.fromkeys(taken):
            end = ends(at + length, character + 1)
            if end is not None:
                return end
        return None

    for start in range(len(read)):
        end = ends(0, start)
        if end is not None:
            return start, end
    return None


# --- scores
@attrs.frozen(order=True)
class Score:
    """How well a field fits: whole (4), its beginning or the end of a phone (3), somewhere (2), or the share of its
    grams (below 1); then the kind of field: a greater score fits better."""

    fit: Fraction
    field: int


@attrs.frozen
class Wanted:
    """What is asked for: as it was written, and of each kind of field the plain text and its pieces."""

    text: str
    plain: Mapping[Group, str]
    pieces: Mapping[Group, frozenset[str]]

    @classmethod
    def of(cls, text: str, fold: Fold) -> "Wanted":
        """What ``text`` asks for."""
        found = {group: plain(text, fold, group) for group in Group}
        return cls(text, found, {group: grams(said, group) for group, said in found.items()})


def score(wanted: Wanted, fields: Iterable[tuple[Group, str]], fold: Fold) -> Score | None:
    """The best score of any field; None where none fits. [CUS-04]"""
    found = [
        Score(Fraction(fit), -group) for group, text in fields if (fit := _fit(wanted, text, group, fold)) is not None
    ]
    return max(found, default=None)


def _fit(asked: Wanted, text: str, group: Group, fold: Fold) -> Fraction | int | None:
    wanted, pieces, there = asked.plain[group], asked.pieces[group], plain(text, fold, group)
    if wanted and wanted == there:
        return 4
    if group is Group.NAME:
        if len(wanted) == 1:
            return 3 if there.startswith(wanted) else None
        span = spelled(asked.text, text, fold) if fold.syllables and wanted.isascii() else None
        if span is not None:
            return 2 + (span[0] == 0) + (span == (0, len(reads(text, fold)) - 1))
    if not pieces:
        return None
    if wanted in there:
        ahead = there.endswith(wanted) if group is Group.PHONE else there.startswith(wanted)
        return 3 if ahead else 2
    if group not in RESEMBLING:
        return None
    share = Fraction(len(pieces & grams(there, group)), len(pieces))
    return share if share >= ENOUGH else None


def alike(one: Sequence[str], two: Sequence[str], fold: Fold, least: float) -> bool:
    """Whether a name of one is as a name of the other, or nearly."""
    return any(a and b and fold.alike(plain(a, fold), plain(b, fold)) >= least for a in one for b in two)
