"""Charts as inline SVG: drawn for screen and paper, with a title and a description for screen readers (RPT-05).

No scripts, no outside fonts or styles; whatever comes from a log is escaped.
"""

from collections.abc import Sequence
from html import escape
from itertools import count
from typing import Final

import attrs

DARK: Final = "#1f5f99"
LIGHT: Final = "#a9cbe8"
WARM: Final = "#c2560c"
GREY: Final = "#b4bac2"
PALE: Final = "#e3e7ec"
INK: Final = "#1c2733"
SOFT: Final = "#5b6875"
_WIDTH: Final = 760
_LABELS: Final = 150
_LONGEST_LABEL: Final = 22
_INSIDE: Final = 34


@attrs.frozen
class Series:
    """One kind of bar: its name in the legend and its colour."""

    name: str
    colour: str


@attrs.frozen
class Bar:
    """One row of bars: its label, a value and a written figure for each series."""

    label: str
    values: tuple[float, ...]
    figures: tuple[str, ...]


class Charts:
    """Draws the charts of one page; ids of titles are unique within it. ``labels`` is how wide those of bars are."""

    def __init__(self, labels: int = _LABELS) -> None:
        self._ids = count(1)
        self._labels = labels
        self._longest = labels * _LONGEST_LABEL // _LABELS

    def _svg(self, title: str, description: str, height: float, parts: Sequence[str]) -> str:
        n = next(self._ids)
        return (
            f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-labelledby="c{n}t c{n}d" '
            f'xmlns="http://www.w3.org/2000/svg"><title id="c{n}t">{escape(title)}</title>'
            f'<desc id="c{n}d">{escape(description)}</desc>{"".join(parts)}</svg>'
        )

    def bars(
        self, title: str, series: Sequence[Series], rows: Sequence[Bar], ticks: Sequence[tuple[float, str]]
    ) -> str:
        """A group of horizontal bars for each row, on one scale; ``ticks`` are marks on it, the last its end."""
        top, thick, gap = 34.0, 13.0, 12.0
        most = max((*(v for row in rows for v in row.values), *(at for at, _ in ticks[-1:]), 1e-9))
        room = _WIDTH - self._labels - 110
        height = top + len(rows) * (len(series) * thick + gap) + 24
        parts = [*_legend(series, self._labels)]
        for at, mark in ticks:
            x = self._labels + room * at / most
            parts.append(f'<path d="M{x:.1f} {top - 4} V{height - 24:.1f}" stroke="{PALE}"/>')
            parts.append(_text(x, height - 8, mark, anchor="middle", colour=SOFT))
        y = top
        for row in rows:
            parts.append(
                _text(self._labels - 10, y + len(series) * thick / 2 + 4, _cut(row.label, self._longest), anchor="end")
            )
            for one, value, figure in zip(series, row.values, row.figures, strict=True):
                long = room * value / most
                parts.append(_rect(self._labels, y, max(long, 1 if value else 0), thick - 1, one.colour))
                parts.append(_text(self._labels + long + 6, y + thick - 3, figure, size=11))
                y += thick
            y += gap
        return self._svg(title, _described(series, rows), height, parts)

    def shares(self, title: str, series: Sequence[Series], rows: Sequence[Bar]) -> str:
        """One bar a row, the whole of it divided among the series."""
        top, thick, gap = 34.0, 26.0, 14.0
        room = _WIDTH - self._labels - 20
        height = top + len(rows) * (thick + gap)
        parts = [*_legend(series, self._labels)]
        y = top
        for row in rows:
            parts.append(_text(self._labels - 10, y + thick / 2 + 4, _cut(row.label, self._longest), anchor="end"))
            whole, x = sum(row.values), float(self._labels)
            if not whole:
                parts.append(_rect(x, y, room, thick, PALE))
            for one, value, figure in zip(series, row.values, row.figures, strict=True):
                long = room * value / whole if whole else 0
                if value:
                    parts.append(_rect(x, y, max(long - 1, 0.75), thick, one.colour))
                if long > _INSIDE:
                    light = one.colour in (LIGHT, GREY, PALE)
                    parts.append(
                        _text(x + long / 2, y + thick / 2 + 4, figure, anchor="middle", colour=INK if light else "#fff")
                    )
                x += long
            y += thick + gap
        return self._svg(title, _described(series, rows), height, parts)

    def columns(self, title: str, series: Sequence[Series], rows: Sequence[Bar], every: int) -> str:
        """A column of each series for each row, side by side; every ``every``-th row has its label."""
        top, tall, left = 34.0, 170.0, 44.0
        most = max((*(v for row in rows for v in row.values), 1))
        step = nice(most)
        most = step * -(-int(most) // step)
        height = top + tall + 26
        parts = [*_legend(series)]
        for level in range(0, most + 1, step):
            y = top + tall - tall * level / most
            parts.append(f'<path d="M{left} {y:.1f} H{_WIDTH - 4}" stroke="{PALE}"/>')
            parts.append(_text(left - 6, y + 4, f"{level:,}", anchor="end", colour=SOFT, size=11))
        slot = (_WIDTH - left - 4) / max(len(rows), 1)
        thick = min(slot * 0.8 / len(series), 26.0)
        for i, row in enumerate(rows):
            x = left + i * slot + (slot - thick * len(series)) / 2
            for one, value in zip(series, row.values, strict=True):
                up = tall * value / most
                parts.append(_rect(x, top + tall - up, max(thick - 0.4, 0.3), up, one.colour))
                x += thick
            at = left + i * slot
            if not i % every and at < _WIDTH - 44:
                parts.append(f'<path d="M{at:.1f} {top + tall} v5" stroke="{SOFT}"/>')
                parts.append(_text(at + 2, top + tall + 17, row.label, colour=SOFT, size=11))
        return self._svg(title, _described(series, rows), height, parts)


def nice(most: float, marks: int = 5) -> int:
    """A step of 1, 2 or 5 times a power of ten that divides 0 to ``most`` into at most about ``marks`` parts."""
    step = 1
    while most / step > marks:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def _legend(series: Sequence[Series], left: int = _LABELS) -> list[str]:
    parts, x = [], float(left)
    for one in series:
        parts += [_rect(x, 6, 12, 12, one.colour), _text(x + 17, 16, one.name, colour=SOFT)]
        x += 34 + sum(13 if ord(char) > 0x2E7F else 7 for char in one.name)
    return parts


def _described(series: Sequence[Series], rows: Sequence[Bar]) -> str:
    told = []
    for row in rows:
        figures = ", ".join(f"{one.name} {figure}" for one, figure in zip(series, row.figures, strict=True))
        told.append(f"{row.label}: {figures}")
    return "; ".join(told)


def _cut(label: str, longest: int) -> str:
    return label if len(label) <= longest else label[: longest - 1] + "…"


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK, size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )
