"""Counting and splitting short messages: `messaging.policies.segments` against smpplib's `make_parts`, 100,000 texts.

    python benchmarks/bench_segments.py [--quick] [--json]

Both get the same texts: half plain GSM 7-bit, half Chinese, of 1 to 400 characters, among them some with characters of
two units, which smpplib breaks. Target: at least 5 times as fast. Right: wherever smpplib breaks nothing the parts are
the same, and ours always are the text.
"""

import random
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from common import Row, interleaved, options, ratio, report
from smpplib import consts
from smpplib.gsm import make_parts

from csdomain.messaging.policies import Encoding, segments

FASTER: Final = 5.0
LATIN: Final = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJ 0123456789.,-éÄø@£"
CHINESE: Final = "尊敬的王小明先生您反映的问题我们已经受理请留意后续通知，谢谢！0123456789"
ODD: Final = "€[]{}~|"
SEED: Final = 7


def texts(count: int) -> list[str]:
    """So many texts as houses send them; one of eight has characters of two units."""
    dice = random.Random(SEED)
    found = []
    for n in range(count):
        alphabet = LATIN if n % 2 else CHINESE
        more = (ODD if n % 2 else "😎𠮷") if n % 8 < 2 else ""
        found.append("".join(dice.choices(alphabet + more, k=dice.randint(1, 400))))
    return found


def theirs(text: str) -> tuple[Sequence[bytes], int]:
    """smpplib's parts, without their headers."""
    parts, encoding, esm_class = make_parts(text)
    return [part[6:] if esm_class else part for part in parts], encoding


def coded(part: str, encoding: Encoding) -> bytes:
    """A part of ours as smpplib codes it."""
    said, _, _ = make_parts(part) if encoding is Encoding.GSM7 else ([part.encode("utf-16-be")], 0, 0)
    return said[0]


def faults(all_texts: Sequence[str]) -> list[str]:
    """Where the parts are not right, and how often smpplib breaks a character."""
    wrong, broken = list[str](), 0
    for text in all_texts:
        found = segments(text)
        if "".join(found.parts) != text or any(found.units_of(part) > found.capacity for part in found.parts):
            wrong.append(f"parts that are not the text: {text[:20]!r}")
        parts, encoding = theirs(text)
        mine = [coded(part, found.encoding) for part in found.parts]
        same = (encoding == consts.SMPP_ENCODING_DEFAULT) is (found.encoding is Encoding.GSM7)
        if not same:
            wrong.append(f"another alphabet: {text[:20]!r}")
        elif mine != list(parts):
            # Then a part of theirs ends within a character, or theirs are longer from there on.
            broken += 1
            if not any(one in text for one in (*ODD, "😎", "𠮷")):
                wrong.append(f"other parts: {text[:20]!r}")
    if not broken:
        wrong.append("no text was broken by smpplib: then this compares too little")
    return wrong[:5]


def main() -> int:
    """Print the figures; 1 where the target is missed or a part is wrong."""
    asked = options(__doc__)
    given = texts(10_000 if asked.quick else 100_000)
    sides: dict[str, Callable[[], Any]] = {
        "csdomain": lambda: deque(map(segments, given), maxlen=0),
        "smpplib": lambda: deque(map(make_parts, given), maxlen=0),
    }
    times = interleaved(sides, 3 if asked.quick else 5)
    factor = ratio(times, "smpplib", "csdomain")
    missed = faults(given[:10_000])
    if factor < FASTER:
        missed.append(f"{factor:.1f} × smpplib, {FASTER:.0f} × wanted")
    rows: list[Row] = [
        {"what": f"{len(given):,} texts, {name}", "seconds": round(min(took), 3), "factor": None}
        for name, took in times.items()
    ]
    rows[0]["factor"] = round(factor, 1)
    return report("segments", rows, missed, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
