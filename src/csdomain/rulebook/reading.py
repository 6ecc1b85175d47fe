"""A rulebook as it is written, one TOML text or a folder of files, merged with what it extends (KRN-01)."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault, RulebookInvalid

from .mending import Way, way_of
from .nearest import meant
from .organisation import COMMON
from .sections import Section

#: A rulebook as it is written: one TOML text, or the texts of a folder's files by their names (``complaints.toml``).
Source = str | Mapping[str, str]
#: Where a named rulebook comes from, for ``extends``; None where there is none of that name.
Library = Callable[[str], Source | None]
#: The file that every folder has: name, extends, organisation, calendars, permissions.
HOUSE_FILE: Final = "house.toml"
MISSING: Final = Text("this key is missing", "缺少此键")
TOP: Final = frozenset({"name", "extends"})

_IN_HOUSE: Final = TOP | {section.name for section in COMMON}
_NAME_LONGEST: Final = 64  # a store keeps it in the ref of each case
_LONGEST: Final = 400
_DEEPEST: Final = 32
_INTEGERS: Final = range(-(2**63), 2**63)  # TOML's own
_DIGITS: Final = 40
_TOO_DEEP: Final = Text(f"nested deeper than {_DEEPEST} levels", f"嵌套超过 {_DEEPEST} 层")


def refused(faults: Iterable[str], name: str) -> RulebookInvalid:
    """The error that names ``faults``, each on one line of a length that can be read, whatever was written."""
    return RulebookInvalid(tuple(Fault.of(fault).written(_readable) for fault in faults), name=name)


def _readable(fault: str) -> str:
    line = "".join(c if c.isprintable() else " " for c in fault)
    message, at, path = line.rpartition(" @ ")
    parts = [part if len(part) <= _LONGEST else part[:_LONGEST] + "…" for part in (message, path)]
    return at.join(parts) if at else parts[1]


@attrs.frozen
class Layer:
    """One book of a line of ``extends``: its tables by the file they stand in, ``""`` for a book of one text.

    ``asked`` is the name by which another book extends it; empty for the book that is loaded.
    """

    files: Mapping[str, Mapping[str, Any]]
    asked: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """The tables of all its files, of each what may stand in it."""
        house = self.files.get("", self.files.get(HOUSE_FILE, {}))
        files = {file.removesuffix(".toml"): tables for file, tables in self.files.items()}
        return {**house, **{key: tables[key] for key, tables in files.items() if key in tables.keys() - _IN_HOUSE}}

    def label(self, file: str) -> str:
        """How faults name one of its files: ``complaints.toml: ``; ``fleet/complaints.toml: `` of a book it extends."""
        return _label(self.asked, file)

    def misplaced(self, contexts: Iterable[str]) -> Iterator[str]:
        """Faults of a folder: a file of a context that is not known, a table in another file than its own."""
        known = set(contexts) - _IN_HOUSE
        for file, tables in self.files.items():
            own, label = file.removesuffix(".toml"), self.label(file)
            if file in ("", HOUSE_FILE):
                wrong = tables.keys() & known if file else ()
                yield from (_misplaced(label, key, f"{key}.toml") for key in sorted(wrong))
            elif own in _IN_HOUSE:
                yield _misplaced(label, own, HOUSE_FILE)
            elif own not in known:
                hint = meant(own, known)
                said = Text(f"no context {own} is installed{hint.en}", f"未安装功能 {own}{hint.zh}")
                yield _labelled(label, said, f"$.{own}")
            else:
                wrong = tables.keys() - {own}
                only = Text(f"only [{own}] stands in this file", f"此文件只写 [{own}]")
                yield from (_labelled(label, only, f"$.{key}") for key in sorted(wrong))
                if own not in tables:
                    yield _labelled(label, MISSING, f"$.{own}")


@attrs.frozen
class Written:
    """A rulebook's merged data, the sections that it may have, and its faults so far.

    ``layers`` are the books it was merged from, the one that is loaded first.
    """

    data: Mapping[str, Any]
    sections: tuple[Section[Any], ...]
    layers: tuple[Layer, ...] = ()
    faults: tuple[str, ...] = ()

    def placed(self, fault: str) -> str:
        """``fault`` with the file in which the key that it names is written, where the book is a folder."""
        way = way_of(fault)
        places = [
            (_depth(tables, way), layer.label(file)) for layer in self.layers for file, tables in layer.files.items()
        ]
        if not places:
            return fault
        deepest, label = max(places, key=lambda place: place[0])  # the first of the deepest: what overrides is first
        if not deepest:  # a key that is missing, or a fault of no file
            label = self.layers[0].label(HOUSE_FILE) if {*way} & _IN_HOUSE and "" not in self.layers[0].files else ""
        return Fault.of(fault).written(lambda said: f"{label}{said}")


def read(
    source: Source, library: Library, sections: Callable[[Mapping[str, Any]], tuple[Section[Any], ...]]
) -> Written:
    """What a rulebook says, merged with what it extends and with the texts of its contexts.

    Raises :class:`~csdomain.kernel.rules.errors.RulebookInvalid` where it cannot be read at all.
    """
    layers = _line(source, library)
    data: dict[str, Any] = {}
    for layer in reversed(layers):  # a book is told in whole before another overrides it
        own = overridden(data, layer.data)
        own.pop("extends", None)
        data = told(own, sections(own))
    files = {file.removesuffix(".toml") for layer in layers for file in layer.files} - {"", "house"}
    known = sections({**{file: {} for file in files}, **data})
    names = {section.name for section in known}
    faults = [fault for layer in layers for fault in layer.misplaced(names)]
    data = {key: value for key, value in data.items() if key not in files - names}  # told by the file's name
    return Written(data, known, layers, tuple(faults))


def told(data: dict[str, Any], sections: Iterable[Section[Any]]) -> dict[str, Any]:
    """A book with the texts of the contexts that it takes, where it has no words of its own."""
    messages = data.get("messages")
    own = messages.get("templates", {}) if isinstance(messages, dict) else None
    if not isinstance(own, dict):  # what is no table is named when the section is read
        return data
    texts: dict[str, Any] = {}
    for section in sections:
        rules = data.get(section.name, {} if section.always else None)
        if isinstance(rules, dict):
            texts |= section.texts(rules) if callable(section.texts) else section.texts
    return overridden(data, {"messages": {"templates": overridden(texts, own)}}) if texts else data


def overridden(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``over`` in it, table by table and key by key; a list is one value."""
    merged = dict(base)
    for key, value in over.items():
        there = merged.get(key)
        merged[key] = overridden(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return merged


def _line(source: Source, library: Library) -> tuple[Layer, ...]:
    """A book and those it extends, one after the other."""
    layers: list[Layer] = []
    line: tuple[str, ...] = ()
    asked = ""
    while True:
        layer = _layer(source, asked)
        layers.append(layer)
        label = layer.label(HOUSE_FILE) if HOUSE_FILE in layer.files else ""
        name, base = layer.data.get("name"), layer.data.get("extends")
        if not isinstance(name, str) or not name.isidentifier() or len(name) > _NAME_LONGEST:
            limit = Text(
                f"a name of up to {_NAME_LONGEST} letters, digits and _ expected",
                f"名称须为至多 {_NAME_LONGEST} 个字母、数字或 _",
            )
            raise refused((_labelled(label, limit, "$.name"),), asked)
        if base is None:
            return tuple(layers)
        line = tuple(dict.fromkeys((*line, name)))  # a text may have another name than it was asked for by
        if base in line:
            circle = Text(" extends ".join((*line, base)), " 沿用 ".join((*line, base)))
            raise refused((_labelled(label, circle, "$.extends"),), name)
        found = library(base) if isinstance(base, str) and base.isidentifier() else None
        if found is None:
            said = Text(f"no rulebook {base}", f"没有规则手册 {base}")
            raise refused((_labelled(label, said, "$.extends"),), name)
        line, source, asked = (*line, base), found, base


def _layer(source: Source, asked: str) -> Layer:
    files: dict[str, Mapping[str, Any]] = {}
    faults: list[Fault] = []
    for file, text in ({"": source} if isinstance(source, str) else source).items():
        label = _label(asked, file) if file else ""
        try:
            files[file] = tomllib.loads(text.removeprefix("\ufeff"), parse_float=_number)
        except RecursionError:
            faults.append(_labelled(label, _TOO_DEEP))
        except ValueError as error:  # TOMLDecodeError, or a number that Python does not read
            faults.append(_labelled(label, Text(f"not TOML: {error}", f"不是 TOML：{error}")))
        else:
            faults += (_labelled(label, said, path) for said, path in _unbounded(files[file]))
    if not isinstance(source, str) and HOUSE_FILE not in source:
        missing = Text(
            "this file is missing: name, organisation, calendars and permissions stand there",
            "缺少此文件：其中写 name、organisation、calendars 和 permissions",
        )
        faults.append(_labelled(_label(asked, HOUSE_FILE), missing))
    if faults:
        raise refused(faults, asked)
    return Layer(files, asked)


def _label(asked: str, file: str) -> str:
    return "" if not file else f"{asked}/{file}: " if asked else f"{file}: "


def _labelled(label: str, said: Text, path: str = "") -> Fault:
    return Fault.of(said, path).written(lambda text: f"{label}{text}")


def _misplaced(label: str, key: str, file: str) -> Fault:
    return _labelled(label, Text(f"[{key}] stands in {file}", f"[{key}] 应写在 {file}"), f"$.{key}")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the number {text[:_DIGITS]} is out of bounds") from None


def _unbounded(tables: Mapping[str, Any]) -> Iterator[tuple[Text, str]]:
    """What no setting can be: numbers of more digits than anybody reckons with, tables in tables without end."""
    waiting: list[tuple[str, int, object]] = [("$", 0, tables)]
    while waiting:
        path, depth, value = waiting.pop()
        if isinstance(value, dict | list):
            if depth == _DEEPEST:
                yield _TOO_DEEP, path
                continue
            rows = enumerate(value) if isinstance(value, list) else value.items()
            waiting += ((f"{path}[{k}]" if isinstance(k, int) else f"{path}.{k}", depth + 1, v) for k, v in rows)
        elif isinstance(value, Decimal) and value.is_finite():
            if len(value.as_tuple().digits) > _DIGITS or abs(value.adjusted()) > _DIGITS:
                yield Text(f"a number of up to {_DIGITS} digits expected", f"数字至多 {_DIGITS} 位"), path
        elif isinstance(value, int) and value not in _INTEGERS:
            yield Text("an integer of 64 bits expected", "应为 64 位整数"), path


def _depth(value: object, way: Way) -> int:
    """How many steps of a way lead on in nested tables and lists."""
    depth = 0
    for step in way:
        if (isinstance(value, list) and step in range(len(value))) or (isinstance(value, Mapping) and step in value):
            value = value[step]
        else:
            break
        depth += 1
    return depth
