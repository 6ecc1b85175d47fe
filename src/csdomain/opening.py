"""What a desk is opened on: installed adapters, rulebooks that ship or stand beside an app, the house they make."""

import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, cast

from csdomain.contexts import stored, taken
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import MissingBackend, NotFound, RulebookInvalid, fact_labels
from csdomain.kernel.store.ports import OpenStore, Store
from csdomain.kernel.store.unit import Backstage
from csdomain.rulebook import House, Library, Rulebook, Source, loads, restore
from csdomain.rulebook.house import calendars
from csdomain.rulebook.reading import HOUSE_FILE

STORES: Final = "csdomain.stores"
HOLIDAYS: Final = "csdomain.holidays"
fact_labels({"file": "文件", "group": "类别"})


def installed(group: str) -> EntryPoints:
    """The entry points of a group. They are looked for again only where the import path has changed."""
    return _installed(group, tuple(sys.path))


@cache
def _installed(group: str, _: tuple[str, ...]) -> EntryPoints:
    return entry_points(group=group)


def adapter(group: str, name: str) -> Any:
    """What the entry point ``name`` of ``group`` names. Raises MissingBackend where there is none that can load."""
    found = installed(group)
    if name not in found.names:
        known = ", ".join(sorted(found.names)) or "-"
        raise MissingBackend(group=group, name=name, accepted=Text(known, known))
    try:
        return found[name].load()
    except ImportError as error:
        extra = Text(f"pip install 'csdomain[{name}]'", f"pip install 'csdomain[{name}]'")
        raise MissingBackend(group=group, name=name, missing=error.name or "", accepted=extra) from error


def scheme(url: str) -> str:
    """The name of the store that a URL asks for: ``sqlite``, ``postgresql``, ``memory``."""
    return url.partition(":")[0].partition("+")[0]


def shipped_names() -> tuple[str, ...]:
    """The names of the rulebooks that ship with csdomain."""
    books = files("csdomain.rulebook") / "books"
    return tuple(sorted(book.name for book in books.iterdir() if (book / HOUSE_FILE).is_file()))


def shipped(name: str) -> Mapping[str, str] | None:
    """The files of a rulebook that ships with csdomain, by their names; None where there is none of that name."""
    folder = files("csdomain.rulebook") / "books" / name if name.isidentifier() else None
    return _folder(folder) if folder is not None and (folder / HOUSE_FILE).is_file() else None


def load_rulebook(rulebook: str | Path | Rulebook) -> Rulebook:
    """A rulebook: one that ships with csdomain by its name, or a TOML file or a folder of them by its path.

    It may ``extends`` one that ships, and a file or a folder beside it. A name that ships is that of the book; for a
    folder of that name give a :class:`~pathlib.Path`.

    Raises :class:`~csdomain.kernel.rules.errors.RulebookInvalid` or NotFound. [KRN-01]
    """
    if isinstance(rulebook, Rulebook):
        return rulebook
    path = Path(rulebook)
    found = shipped(rulebook) if isinstance(rulebook, str) else None
    if found is not None:
        return loads(found, taken, shipped)
    if rulebook != "" and path.is_dir():
        return loads(_folder(path), taken, _beside(path))
    if path.suffix == ".toml":
        if not path.is_file():
            raise NotFound(file=str(path))
        return loads(_read(path), taken, _beside(path))
    known = ", ".join(shipped_names())
    accepted = Text(f"{known}, or a path to a .toml file or a folder", f"{known}，或 .toml 文件或文件夹")
    raise NotFound(rulebook=str(rulebook), accepted=accepted)


def _beside(path: Path) -> Library:
    """What a rulebook at ``path`` may extend: a file or a folder beside it, else one that ships."""

    path = path if path.name.strip(".") else path.resolve()  # "." and ".." have a name of their own

    def library(name: str) -> Source | None:
        file, folder = path.with_name(f"{name}.toml"), path.with_name(name)
        texts = _folder(folder) if folder.is_dir() else {}
        if file.is_file() and texts:
            raise RulebookInvalid((f"both {file.name} and the folder {name} are there @ $.extends",), name=name)
        return _read(file) if file.is_file() else texts or shipped(name)

    return library


def _folder(folder: Path | Traversable) -> Mapping[str, str]:
    """The TOML files of a folder, by their names. Hidden ones are an editor's or a system's."""
    found = {entry.name: entry for entry in folder.iterdir() if entry.name.lower().endswith(".toml")}
    return {name: _read(found[name]) for name in sorted(found) if not name.startswith(".")}


def _read(path: Path | Traversable) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise RulebookInvalid((f"{path.name} is not text in UTF-8",), name=Path(path.name).stem) from None


def stored_rulebook(store: Store, ref: str) -> Rulebook:
    """The rulebook that a store keeps under ``ref`` (``name@hash``). Raises NotFound, RulebookInvalid. [KRN-01]"""
    text = store.look(lambda unit: unit.session.get_rulebook(ref))
    if text is None:
        raise NotFound(rulebook=ref)
    return restore(text, taken)


def store_to_read(url: str) -> OpenStore:
    """The store at ``url`` for questions alone: no table is brought up to date, no rulebook is kept in it.

    Raises MissingBackend, and what the store raises where its tables are of another version.
    """
    backstage = Backstage(calendars({}), adapter("csdomain.system", "system")().ids)
    return cast("OpenStore", adapter(STORES, scheme(url))(url, stored(), backstage, {"upgrade": False}))


def _holidays(name: str) -> Holidays | None:
    if name not in installed(HOLIDAYS).names:
        return None
    return cast("Holidays", adapter(HOLIDAYS, name)())


def house_of(rulebook: str | Path | Rulebook, holidays: Mapping[str, Holidays] | None = None) -> House:
    """A house by a rulebook: with ``holidays`` by the name that calendars use for them, before those installed.

    Raises RulebookInvalid, NotFound, MissingBackend.
    """
    given = holidays or {}
    return House(load_rulebook(rulebook), taken, lambda name: given.get(name) or _holidays(name))
