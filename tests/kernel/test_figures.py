"""Sums of money are known however they are written: digits in any grouping, Chinese numerals, English words (F18)."""

import unicodedata
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules import MONEY
from csdomain.kernel.values.figures import figures

pytestmark = pytest.mark.rule(MONEY)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


_HAN: Final = "零一二三四五六七八九"
_FINANCIAL: Final = str.maketrans(_HAN + "十百千万", "零壹贰叁肆伍陆柒捌玖拾佰仟萬")
_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS: Final = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_chinese(n: int) -> str:
    """``n`` below 100 million in Chinese, written from the grammar."""
    if n >= 10**4:
        rest = n % 10**4
        return in_chinese(n // 10**4) + "万" + ("" if not rest else ("零" if rest < 1000 else "") + in_chinese(rest))
    text, gap = "", False
    for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // place % 10
        gap = gap or (not digit and bool(text))
        if digit:
            text, gap = text + ("零" if gap else "") + _HAN[digit] + unit, False
    return text


def in_english(n: int) -> str:
    """``n`` from 1 to 999,999 in English."""
    if n >= 1000:
        return f"{in_english(n // 1000)} thousand" + (f" {in_english(n % 1000)}" if n % 1000 else "")
    if n >= 100:
        return f"{_ONES[n // 100]} hundred" + (f" and {in_english(n % 100)}" if n % 100 else "")
    return _ONES[n] if n < 20 else _TENS[n // 10] + (f"-{_ONES[n % 10]}" if n % 10 else "")


SPELLINGS: Final[dict[str, Callable[[int], str]]] = {
    "digits": str,
    "cents": "{}.00".format,
    "commas": "{:,}".format,
    "commas and cents": "{:,}.00".format,
    "the German way": lambda n: f"{n:,}".replace(",", ".") + ",00",
    "the Swiss way": lambda n: f"{n:,}".replace(",", "’"),
    "blanks": lambda n: f"{n:,}".replace(",", "\u202f"),
    "digit by digit": lambda n: " ".join(str(n)),
    "full width": lambda n: _wide(f"{n:,}"),
    "zero-width": lambda n: "\u200b".join(str(n)),
    "in tens of thousands": lambda n: f"{n / 10**4:.4f}万",
    "in thousands": lambda n: f"{n / 1000:.3f}k",
    "Chinese": in_chinese,
    "financial": lambda n: in_chinese(n).translate(_FINANCIAL) + "元整",
    "Chinese digits": lambda n: "".join(_HAN[int(digit)] for digit in str(n)),
    "English": in_english,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(st.integers(100, 999_999), st.sampled_from(["we lost {} in all.", "损失{}，已处理", "({})", "cny{}"]))
def test_f18_a_figure_is_known_in_any_spelling(spelling: str, amount: int, around: str) -> None:
    written = unicodedata.normalize("NFKC", around.format(f" {SPELLINGS[spelling](amount)} "))
    named = figures(written.replace("\u200b", "")).named
    assert amount in named
    assert amount + 0.37 not in named


@given(st.text(max_size=80) | st.text("0123456789., 十百千万零一点元角分", max_size=30))
def test_f18_any_text_has_figures_and_no_error(text: str) -> None:
    found = figures(text.lower())
    assert found.priced <= found.named
