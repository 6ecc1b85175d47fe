"""Marking personal data, so that it is masked unless someone may see it (KRN-14).

A field is marked where its class is defined; masking, export and erasing read the marks::

    @attrs.frozen
    class Contact:
        id: str
        phone: str = personal(PersonalKind.PHONE)
"""

from collections.abc import Callable, Mapping
from enum import Enum, unique
from typing import Any, Final, TypeVar, cast

import attrs

_MARK: Final = "csdomain.personal"
_ERASED: Final = "csdomain.erased"
_WITHHELD: Final = "csdomain.withheld"
_HIDDEN: Final = "•••"
#: Metadata of a field that no view shows to anybody: a salt, a seal, a digest.
WITHHELD: Final[Mapping[str, object]] = {_WITHHELD: True}
T = TypeVar("T")


@unique
class Erasure(Enum):
    """What came of erasing a person from a record: erased, only restricted where law demands keeping it, or nothing
    was left to erase (KRN-14)."""

    ERASED = "erased"
    RESTRICTED = "restricted"
    UNCHANGED = "unchanged"


@unique
class PersonalKind(Enum):
    """What a marked field holds; it decides how much of it a mask leaves."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ID_NUMBER = "id_number"
    ADDRESS = "address"
    MEDICAL = "medical"
    OTHER = "other"


def mask(kind: PersonalKind, value: object) -> str:
    """``value`` as it may be shown without permission: enough to recognise, too little to use.

    >>> mask(PersonalKind.PHONE, "13812345678"), mask(PersonalKind.NAME, "王小明"), mask(PersonalKind.MEDICAL, "asthma")
    ('•••5678', '王•••', '•••')
    """
    if value is None or value == "":
        return ""
    text = str(value)
    if kind is PersonalKind.PHONE and len(text) >= 8:
        return _HIDDEN + text[-4:]
    if kind is PersonalKind.NAME and len(text) >= 2:
        return text[0] + _HIDDEN
    if kind is PersonalKind.EMAIL and "@" in text:
        return _HIDDEN + "@" + text.rpartition("@")[2]
    return _HIDDEN


def personal(kind: PersonalKind, *, erased: object = None, **options: Any) -> Any:
    """An ``attrs`` field that holds personal data: masked in the repr, found by the functions below.

    ``erased`` is what an erased field holds where it must hold something.
    """
    metadata = {**options.pop("metadata", {}), _MARK: kind, _ERASED: erased}
    return attrs.field(**{"repr": lambda value: mask(kind, value), **options}, metadata=metadata)


def marks(cls: type) -> Mapping[str, PersonalKind]:
    """The marked fields of an attrs class and what each holds."""
    return {field.name: field.metadata[_MARK] for field in attrs.fields(cls) if _MARK in field.metadata}


def personal_kind(field: "attrs.Attribute[Any]") -> PersonalKind | None:
    """What a marked field holds; None where it is not marked."""
    kind: PersonalKind | None = field.metadata.get(_MARK)
    return kind


def is_withheld(field: "attrs.Attribute[Any]") -> bool:
    """Whether no view shows the field to anybody."""
    return _WITHHELD in field.metadata


def masked_field(field: "attrs.Attribute[Any]", item: Any) -> Any:
    """What a marked field holds, as :func:`covered` masks it."""
    return _masks(field, item)


def masked(value: object) -> Any:
    """``value`` as plain data for logs and exports, every marked field masked, however deep it stands."""
    return _plain(value, reveal=False)


def exported(value: object) -> Any:
    """``value`` as plain data with personal fields in clear, for those with the permission."""
    return _plain(value, reveal=True)


def _plain(value: object, *, reveal: bool) -> Any:
    if attrs.has(type(value)):
        kinds = marks(type(value))
        return {
            field.name: mask(kinds[field.name], item)
            if field.name in kinds and not reveal
            else _plain(item, reveal=reveal)
            for field in attrs.fields(cast("Any", type(value)))
            for item in (getattr(value, field.name),)
        }
    if isinstance(value, Mapping):
        return {key: _plain(item, reveal=reveal) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, reveal=reveal) for item in value]
    return value


def erased(value: T) -> T:
    """A copy of an attrs value whose marked fields hold nothing any more: empty text, or None, or an empty container.

    What stands deeper, in further values and in containers of them, is erased as well.
    Ids, amounts and dates stay, so that figures, audit and ledgers stay whole.
    """
    return _replaced(value, _without)


def covered(value: T) -> T:
    """A copy of an attrs value of the same type whose marked fields, however deep, hold masks: to be shown (KRN-14).

    Texts and the texts in containers are masked; what is neither is gone, as in :func:`erased`.
    """
    return _replaced(value, _masks)


_Replace = Callable[["attrs.Attribute[Any]", Any], Any]


def _without(field: "attrs.Attribute[Any]", item: Any) -> Any:
    # What held nothing still holds nothing: a stand-in would say that there had been something.
    empty = _emptied(item)
    stands_in = field.metadata.get(_ERASED)
    return empty if stands_in is None or item == empty else stands_in


def _masks(field: "attrs.Attribute[Any]", item: Any) -> Any:
    kind = field.metadata[_MARK]
    if isinstance(item, str):
        return mask(kind, item)
    if isinstance(item, Mapping):
        return {key: None if part is None else mask(kind, part) for key, part in item.items()}
    if isinstance(item, list | tuple | set | frozenset):
        return type(item)(mask(kind, part) for part in item)
    return _without(field, item)


def _replaced(value: T, replace: _Replace) -> T:
    changes: dict[str, Any] = {}
    for field in attrs.fields(cast("Any", type(value))):
        item = getattr(value, field.name)
        new = replace(field, item) if _MARK in field.metadata else _deeper(item, replace)
        if new is not item:
            changes[field.alias] = new
    return attrs.evolve(value, **changes) if changes else value  # type: ignore[misc]  # T is an attrs class


def _deeper(item: Any, replace: _Replace) -> Any:
    if attrs.has(type(item)):
        return _replaced(item, replace)
    if isinstance(item, Mapping):
        changed = {key: _deeper(part, replace) for key, part in item.items()}
        return changed if any(changed[key] is not part for key, part in item.items()) else item
    if isinstance(item, list | tuple | set | frozenset):
        parts = [(_deeper(part, replace), part) for part in item]
        return type(item)(new for new, _ in parts) if any(new is not old for new, old in parts) else item
    return item


def _emptied(item: object) -> object:
    if isinstance(item, str):
        return ""
    if isinstance(item, Mapping):
        return {}
    if isinstance(item, list | tuple | set | frozenset):
        return type(item)()
    return None
