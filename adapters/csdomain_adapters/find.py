"""Scripts, pinyin and likeness, by OpenCC, pypinyin and RapidFuzz (extra ``find``)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache
from typing import Final

import opencc
from pypinyin import Style, pinyin, pinyin_dict
from pypinyin.style import convert
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

#: Surnames that are read otherwise than the character mostly is, or than dictionaries list first.
SURNAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "长孙": ("zhang", "sun"),
    "尉迟": ("yu", "chi"),
    "万俟": ("mo", "qi"),
    "单于": ("chan", "yu"),
    "澹台": ("tan", "tai"),
    "曾": ("zeng",),
    "单": ("shan",),
    "解": ("xie",),
    "任": ("ren",),
    "朴": ("piao",),
    "翟": ("zhai",),
    "仇": ("qiu",),
    "区": ("ou",),
    "查": ("zha",),
    "盖": ("ge",),
    "华": ("hua",),
    "乐": ("yue",),
    "缪": ("miao",),
    "宁": ("ning",),
    "秘": ("bi",),
    "冼": ("xian",),
    "尹": ("yin",),
    "员": ("yun",),
    "纪": ("ji",),
    "折": ("she",),
    "黑": ("he",),
    "种": ("chong",),
    "繁": ("po",),
    "教": ("jiao",),
    "祭": ("zhai",),
}
_LONGEST: Final = max(map(len, SURNAMES))


@lru_cache(maxsize=8192)
def _readings(character: str) -> tuple[str, ...]:
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    said = [reading for reading in (found[0] if found else ()) if reading.isascii() and reading.isalpha()]
    return tuple(dict.fromkeys(said))


class Fold:
    """Satisfies :class:`csdomain.customers.ports.Fold`."""

    def __init__(self) -> None:
        self._simplify = opencc.OpenCC("t2s")

    @cached_property
    def syllables(self) -> AbstractSet[str]:
        """Every syllable of pinyin."""
        said = {one for several in pinyin_dict.pinyin_dict.values() for one in several.split(",")}
        plain = {convert(one, Style.NORMAL, strict=False) for one in said}
        return frozenset(one for one in plain if one.isascii() and one.isalpha())

    def simplified(self, text: str, /) -> str:
        """Character by character, so that no word is exchanged for another."""
        return text if text.isascii() else "".join(map(self._one, text))

    @lru_cache(maxsize=8192)  # noqa: B019 - a desk has one
    def _one(self, character: str) -> str:
        found = str(self._simplify.convert(character))
        return found if len(found) == 1 else character

    def readings(self, character: str, /) -> Sequence[str]:
        """By the dictionary of single characters."""
        return () if character.isascii() else _readings(character)

    def surname(self, name: str, /) -> Sequence[str]:
        """By the table of surnames, the longer first."""
        tries = (SURNAMES.get(name[:length]) for length in range(_LONGEST, 0, -1))
        return next((found for found in tries if found is not None), ())

    def alike(self, one: str, two: str, /) -> float:
        """The similarity of Jaro and Winkler; two texts of four letters or more with one slip are alike too."""
        close = min(len(one), len(two)) >= 4 and DamerauLevenshtein.distance(one, two, score_cutoff=1) <= 1
        return max(float(JaroWinkler.similarity(one, two)), 0.95 if close else 0.0)
