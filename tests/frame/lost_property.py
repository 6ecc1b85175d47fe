"""The context of ``examples/07_a_context_of_ones_own.py``, loaded as it stands there, or with a change."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Final

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "07_a_context_of_ones_own.py"


def load(name: str = "lost_property_example", *changes: tuple[str, str]) -> ModuleType:
    """A module of the example's source after ``changes`` of text, each of which must apply."""
    text = EXAMPLE.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
        text = text.replace(old, new)
    module = ModuleType(name)
    module.__file__ = str(EXAMPLE)
    sys.modules[name] = module
    exec(compile(text, str(EXAMPLE), "exec"), vars(module))  # noqa: S102 - our own example
    return module
