"""A store in memory: for tests, for trying things out, for replays. Nothing outlives the process."""

from .store import MemoryStore, open_store

__all__ = ["MemoryStore", "open_store"]
