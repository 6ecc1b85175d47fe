"""House rules as data: typed sections, loaded whole from TOML, pinned by ``name@hash`` (KRN-01)."""

from .diff import Acts, Change, RulebookDiff, compare
from .house import House, Place, Unpublished
from .loader import loads, restore
from .organisation import CALENDARS, COMMON, ORGANISATION, PERMISSIONS
from .reading import Library, Source
from .running import Pinning, RunningCases, RunningPage, Touched, running, running_page, touched
from .sections import Label, Rulebook, Section, SectionMissing, Unit, texts_beside

__all__ = [
    "CALENDARS",
    "COMMON",
    "ORGANISATION",
    "PERMISSIONS",
    "Acts",
    "Change",
    "House",
    "Label",
    "Library",
    "Pinning",
    "Place",
    "Rulebook",
    "RulebookDiff",
    "RunningCases",
    "RunningPage",
    "Section",
    "SectionMissing",
    "Source",
    "Touched",
    "Unit",
    "Unpublished",
    "compare",
    "loads",
    "restore",
    "running",
    "running_page",
    "texts_beside",
    "touched",
]
