"""The guard of letters: what is written to a customer repeats nothing that was written inside the house."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Final, Protocol

import attrs

from csdomain.frame.fields import Fields, InvalidSetting
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.figures import Figures, figures

#: Shorter runs ("ok", 同意) stand in any letter by chance. A Chinese character says as much as two letters.
_SHORTEST: Final = 6
#: What a run weighs. Of a text that is shorter than a run, three quarters are enough.
_RUN: Final = 10**9
_WORD: Final = re.compile(r"\w+")
#: Letters by category that show nothing: Hangul fillers.
_BLANK: Final = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0"))
_UNSEEN: Final = frozenset({"Mn", "Me", "Cf"})
_GRAM: Final = 3
#: A letter or digit that is no Chinese, Japanese or Korean character; what may stand between the letters of a name.
_LETTER: Final = r"[^\W_\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
_APART: Final = r"[\W_]*"


class InternalDisclosed(RuleBroken):
    """A form, or something internal that stands on it, would go to the customer."""

    problem = Text("What goes to the customer holds something internal.", "给客户的通知含有内部内容。")


#: What the settings of :class:`Disclosure` are called, by their path in it.
LABELS: Final[Mapping[str, Text]] = {
    "run_characters": Text("characters in a row that a letter may not repeat", "通知不得重复的连续字数"),
    "run_words": Text("words in a row that a letter may not repeat", "通知不得重复的连续词数"),
    "name": Text("characters from which a name is looked for", "姓名、单位名称检查的最少字数"),
    "figure": Text("sum from which figures are looked for anywhere", "任何位置都检查的最小金额"),
}


@attrs.frozen
class Disclosure:
    """What makes a letter repeat something internal.

    A run of ``run_characters`` (Chinese) or ``run_words`` (other) of an internal text; a name from ``name`` characters
    on; a sum from ``figure`` on, in the currency's major unit, a smaller one only where a currency stands beside it.
    """

    run_characters: int = 8
    run_words: int = 5
    name: int = 2
    figure: int = 100

    def __attrs_post_init__(self) -> None:
        for field, value in attrs.asdict(self).items():
            InvalidSetting.at_least(1, value, field)


class Cleared(Protocol):
    """Somebody's declaration that a text discloses nothing though it matches these fields."""

    @property
    def text(self) -> str:
        """The whole text."""
        ...

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields."""
        ...


@attrs.frozen
class Letter:
    """What goes to the customer, folded: case, width, accents and characters that show nothing make no difference.

    ``heard`` is what the customer said and is told anyway: words that stand there may be said back.
    """

    folded: str
    bare: str
    grams: frozenset[str]
    figures: Figures
    heard: "Letter | None" = None

    @classmethod
    def of(cls, text: str, heard: "Letter | None" = None) -> "Letter":
        """The folds of a text."""
        folded = fold(text)
        bare = _bare(folded)
        grams = frozenset(bare[n : n + _GRAM] for n in range(len(bare)))
        return cls(folded, bare, grams, figures(folded), heard)

    def says(self, bare: str) -> bool:
        """Whether it holds these letters, and not in what the customer said."""
        return bare in self.bare and (self.heard is None or bare not in self.heard.bare)


Sought = Callable[[Letter, str, Disclosure], bool]


@attrs.frozen
class Internal:
    """Something that stands on a form and is nobody's business outside: the name of its field, what was written, and
    how it is known again in a letter."""

    field: str
    written: str
    known: Sought


# --- how something is known again
def as_words(letter: Letter, written: str, house: Disclosure) -> bool:
    """A run of so many characters (Chinese) or words (others) of the text; most of it, where it is shorter."""
    folded = fold(written)
    text = _bare(folded)
    if letter.grams.isdisjoint(text[n : n + _GRAM] for n in range(len(text))):
        return False
    weights, widths = [0], [0]
    wide = -(-_RUN // house.run_characters)
    for word in _WORD.findall(folded):
        bare = _bare(word)
        width = [2 if _is_wide(character) else 1 for character in bare]
        narrow = -(-_RUN // (house.run_words * max(1, width.count(1))))  # a word counts as one, however long
        for each in width:
            weights.append(weights[-1] + (wide if each > 1 else narrow))
            widths.append(widths[-1] + each)
    need, last = min(_RUN, weights[-1] * 3 // 4), 0
    for first in range(len(text)):
        while weights[last] - weights[first] < need or widths[last] - widths[first] < _SHORTEST:
            last += 1
            if last > len(text):
                return False
        if text[first : first + _GRAM] in letter.grams and letter.says(text[first:last]):
            return True
    return False


def as_name(letter: Letter, written: str, house: Disclosure) -> bool:
    """The name of a person or unit: a whole word (Latin), or from a length on (Chinese)."""
    name = _bare(fold(written))
    if len(name) < house.name or name not in letter.bare:
        return False
    if any(map(_is_wide, name)):
        return letter.says(name)
    word = re.compile(f"(?<!{_LETTER}){_APART.join(map(re.escape, name))}(?!{_LETTER})")
    heard = letter.heard is not None and word.search(letter.heard.folded) is not None
    return word.search(letter.folded) is not None and not heard


def as_figure(letter: Letter, written: str, house: Disclosure) -> bool:
    """A sum of money, in any spelling; a small one only beside a currency."""
    sum_ = Fraction(written)
    return sum_ in (letter.figures.named if sum_ >= house.figure else letter.figures.priced)


def as_heading(letter: Letter, written: str, house: Disclosure) -> bool:
    """The heading of a form as it is printed."""
    return "".join(fold(written).split()) in "".join(letter.folded.split())


@attrs.frozen
class Guard:
    """Refuses, by ``rule``, a text to a customer that holds something internal; ``fields`` refuse what is no text."""

    rule: Rule
    fields: Fields

    def require_nothing_internal(
        self, text: object, internal: Iterable[Internal], heard: str, house: Disclosure, cleared: Iterable[Cleared] = ()
    ) -> str:
        """``text`` if it is our own words to the customer: not a form, and nothing that was written inside the house.

        What the customer said, or is told anyway, is ``heard`` and may be said back; what was declared no disclosure in
        this very text may stand in it. Raises :class:`InternalDisclosed`, which names the fields and never repeats
        them, and the error of ``fields``.
        """
        accepted = Text(
            "words of one's own to the customer, or a manager's `clear` of this text",
            "另行撰写给客户的文字，或由经理对此文字作出声明（clear）",
        )
        if isinstance(text, Document) or not isinstance(text, str):
            raise InternalDisclosed(self.rule, field="form", accepted=accepted)
        excused = {field for clearance in cleared if clearance.text == text for field in clearance.fields}
        found = [field for field in self.disclosed(text, internal, heard, house) if field not in excused]
        if found:
            raise InternalDisclosed(self.rule, field=", ".join(found), accepted=accepted)
        return text

    def disclosed(self, text: str, internal: Iterable[Internal], heard: str, house: Disclosure) -> tuple[str, ...]:
        """The names of the fields that ``text`` would disclose, sorted. Raises the error of ``fields``."""
        letter = Letter.of(self.fields.check_text(text, "text"), Letter.of(heard))
        return tuple(sorted({one.field for one in internal if one.known(letter, one.written, house)}))


# --- folding
def fold(text: str) -> str:
    """``text`` without what makes no difference to who reads it: case, width, accents, characters that show nothing."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).translate(_BLANK)
    return unicodedata.normalize("NFC", "".join(c for c in apart if unicodedata.category(c) not in _UNSEEN))


def _bare(folded: str) -> str:
    return "".join(filter(str.isalnum, folded))


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
