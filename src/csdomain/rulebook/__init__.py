"""House rules as data: typed sections, loaded whole from TOML, pinned by ``name@hash`` (KRN-01)."""

from .diff import Acts, Change, RulebookDiff, compare
from .house import House, Place, Unpublished
from .loader import loads, restore
from .nearest import unknown
from .organisation import CALENDARS, COMMON, ORGANISATION, PERMISSIONS
from .reading import MISSING, Library, Source
from .running import Pinning, RunningCases, RunningPage, Stuck, Touched, running, running_page, stuck, touched
from .sections import POSITION, Label, Rulebook, Section, SectionMissing, Unit, texts_beside

__all__ = [
    "CALENDARS",
    "COMMON",
    "MISSING",
    "ORGANISATION",
    "PERMISSIONS",
    "POSITION",
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
    "Stuck",
    "Touched",
    "Unit",
    "Unpublished",
    "compare",
    "loads",
    "restore",
    "running",
    "running_page",
    "stuck",
    "texts_beside",
    "touched",
    "unknown",
]
