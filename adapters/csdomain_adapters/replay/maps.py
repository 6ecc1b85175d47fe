"""Reads the TOML of a map file; its size and depth are bounded before anything goes through it (RPT-06)."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from csdomain.reporting.log_faults import MapInvalid

#: Bytes of a map: far more than a help desk's workflow takes.
LARGEST: Final = 1_000_000
#: Tables and lists in each other; a map has four.
DEEPEST: Final = 16
_PART: Final = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
#: A name of many parts: reading one of n parts takes memory for n times n.
_LONG_NAME: Final = re.compile(rf"(?<![\w-])(?:{_PART}\.[ \t]*+){{{DEEPEST}}}")


def read_toml(path: Path) -> dict[str, Any]:
    """The data of a TOML file. Raises :class:`~csdomain.reporting.log_faults.MapInvalid`."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise MapInvalid((f"this file cannot be read: {type(error).__name__}",), name=path.name) from error
    if len(raw) > LARGEST:
        raise MapInvalid((f"a file of at most {LARGEST:,} bytes expected",), name=path.name)
    deep = MapInvalid((f"tables and lists at most {DEEPEST} deep expected",), name=path.name)
    if _LONG_NAME.search(text):
        raise deep
    try:
        data = tomllib.loads(text.replace("\r\n", "\n"), parse_float=Decimal)
    except RecursionError:
        raise deep from None
    except ValueError as error:  # TOMLDecodeError, or a number that Python does not read
        raise MapInvalid((f"not TOML: {error}",), name=path.name) from None
    if _deeper(data):
        raise deep
    return data


def _deeper(data: object) -> bool:
    level = [data]
    for _ in range(DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    return any(isinstance(value, dict | list) for value in level)
