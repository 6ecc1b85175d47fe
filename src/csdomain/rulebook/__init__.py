"""House rules as data: typed sections, loaded whole from TOML, pinned by ``name@hash`` (KRN-01)."""

from .sections import Rulebook, Section, SectionMissing

__all__ = ["Rulebook", "Section", "SectionMissing"]
