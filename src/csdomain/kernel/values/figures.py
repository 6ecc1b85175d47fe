"""Sums of money as people write them: digits however grouped, Chinese numerals, English number words."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import attrs

_ROWS: Final = "0〇零○ 1一壹弌 2二贰貳两兩 3三叁參叄 4四肆 5五伍 6六陆陸 7七柒 8八捌 9九玖".split()
_DIGITS: Final = {character: value for value, row in enumerate(_ROWS) for character in row}
_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS: Final = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALL: Final = {**{word: n for n, word in enumerate(_ONES)}, **{word: 10 * n for n, word in enumerate(_TENS, 2)}}
_LARGE: Final = {"thousand": 1000, "k": 1000, "million": 10**6, "hundred": 100}
_FACTORS: Final = {**_UNITS, **_MYRIADS, **_LARGE}
#: More groups or digits than this are no sum of money.
_GROUPS, _LONGEST = 6, 24
_HAN: Final = "".join(c for c in _DIGITS if c != "0" and not c.isdecimal())
_ARABIC: Final = re.compile(
    rf"\d+(?:[.,'’_\s]{{1,2}}\d+)*(?:\s*(?P<unit>{'|'.join([*_UNITS, *_MYRIADS])}|(?:k|thousand|million|hundred)\b))?"
)
_CHINESE: Final = re.compile(
    rf"(?P<whole>[0-9{_HAN}○十拾百佰千仟万萬亿億][0-9{_HAN}十拾百佰千仟万萬亿億]*)"
    rf"(?:[点點](?P<point>[0-9{_HAN}]+))?(?:[元圆圓块塊](?:(?P<jiao>[0-9{_HAN}])[角毛])?(?:零?(?P<fen>[0-9{_HAN}])分)?)?"
)
_WORD: Final = rf"(?:{'|'.join(sorted((*_SMALL, *_LARGE, 'and'), key=len, reverse=True))})"
_ENGLISH: Final = re.compile(rf"\b{_WORD}(?:[\s-]+{_WORD})*\b")
_MONEY: Final = r"[$€£¥元圆圓块塊]|yuan|rmb|cny|usd|eur|dollars?|euros?"
_BEFORE: Final = re.compile(rf"(?:{_MONEY})\s*$")
_NEAR: Final = 9
_AFTER: Final = re.compile(rf"\s*(?:{_MONEY})")


@attrs.frozen
class Figures:
    """The figures that a text names, in every way in which they can be read; ``priced`` are those beside a currency."""

    named: frozenset[Fraction]
    priced: frozenset[Fraction]


def figures(text: str) -> Figures:
    """What figures stand in a text that is folded (NFKC, lower case).

    >>> sorted(map(int, figures("4,321 yuan").named & figures("四千三百二十一").named))
    [4321]
    """
    named: set[Fraction] = set()
    priced: set[Fraction] = set()
    for pattern, read in ((_ARABIC, _arabic), (_CHINESE, _chinese), (_ENGLISH, _english)):
        for found in pattern.finditer(text):
            values = set(read(found))
            named |= values
            inside = pattern is _CHINESE and found[0] != found["whole"]
            before = text[max(0, found.start() - _NEAR) : found.start()]
            if inside or _BEFORE.search(before) or _AFTER.match(text, found.end()):
                priced |= values
    return Figures(frozenset(named), frozenset(priced))


def _arabic(found: re.Match[str]) -> Iterator[Fraction]:
    unit = found["unit"]
    parts = re.split(r"(\D+)", found[0][: len(found[0]) - len(unit or "")].strip())
    groups, between = parts[::2], parts[1::2]
    for first in range(len(groups)):
        for last in range(first, min(first + _GROUPS, len(groups))):
            digits = "".join(groups[first : last + 1])
            if len(digits) > _LONGEST:
                break
            readings = [Fraction(int(digits))]
            if last > first and between[last - 1].strip() in (".", ","):
                readings.append(Fraction(int(digits), 10 ** len(groups[last])))
            yield from readings
            if unit and last == len(groups) - 1:
                yield from (value * _FACTORS[unit] for value in readings)


def _chinese(found: re.Match[str]) -> Iterator[Fraction]:
    whole = found["whole"]
    if len(whole) > 2 * _LONGEST:
        return
    if all(character in _DIGITS for character in whole):
        values = [Fraction(int("".join(str(_DIGITS[character]) for character in whole)))]
    else:
        values = [Fraction(_numeral(whole))]
        factor, last = _FACTORS.get(whole[-2:-1], 0), _DIGITS.get(whole[-1], 0)
        if factor > 10:  # 四千三 is 4300
            values.append(values[0] + last * (factor // 10 - 1))
    rest = Fraction(0)
    for name, scale in (("jiao", 10), ("fen", 100)):
        rest += Fraction(_DIGITS[found[name]], scale) if found[name] else 0
    if found["point"]:
        point = "".join(str(_DIGITS[character]) for character in found["point"])[:_LONGEST]
        rest += Fraction(int(point), 10 ** len(point))
    yield from (value + rest for value in values)


def _numeral(text: str) -> int:
    total = section = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = 10 * digit + _DIGITS[character]
        elif character in _UNITS:
            section, digit = section + (digit or 1) * _UNITS[character], 0
        elif _MYRIADS[character] > 10**4:
            total, section, digit = (total + section + digit) * _MYRIADS[character], 0, 0
        else:
            total, section, digit = total + (section + digit) * _MYRIADS[character], 0, 0
    return total + section + digit


def _english(found: re.Match[str]) -> Iterator[Fraction]:
    total = part = 0
    for word in re.split(r"[\s-]+", found[0]):
        if word in _SMALL:
            part += _SMALL[word]
        elif word == "hundred":
            part = (part or 1) * 100
        elif word != "and":
            total, part = total + (part or 1) * _LARGE[word], 0
    if total + part:
        yield Fraction(total + part)
