"""A store in memory: for tests, for trying things out, for replays. Nothing outlives the process."""

from .encoding import NotStorable
from .store import MemoryStore, open_store

__all__ = ["MemoryStore", "NotStorable", "open_store"]
