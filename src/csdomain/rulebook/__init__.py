"""House rules as data: typed sections, loaded whole from TOML, pinned by ``name@hash`` (KRN-01)."""

from .house import House
from .loader import loads, restore
from .organisation import CALENDARS, COMMON, ORGANISATION, PERMISSIONS
from .sections import Rulebook, Section, SectionMissing

__all__ = [
    "CALENDARS",
    "COMMON",
    "ORGANISATION",
    "PERMISSIONS",
    "House",
    "Rulebook",
    "Section",
    "SectionMissing",
    "loads",
    "restore",
]
