"""The values of which a description of the domain is made."""

from collections.abc import Mapping
from typing import Any

import attrs

from csdomain.kernel.rules import Text


@attrs.frozen
class FieldDescription:
    """A field of a case: its name, its type as it is written in Python, and what personal data it holds, if any."""

    name: str
    type: str
    personal: str | None


@attrs.frozen
class ColumnDescription:
    """A column by which cases are found, counted and summed."""

    name: str
    type: str
    unique: bool
    index: bool


@attrs.frozen
class KindDescription:
    """A kind of case: its table's name, what its ids begin with, its fields, columns and lifecycles by name."""

    name: str
    id_prefix: str
    description: str
    fields: tuple[FieldDescription, ...]
    columns: tuple[ColumnDescription, ...]
    lifecycles: tuple[str, ...]
    schema: Mapping[str, Any]


@attrs.frozen
class StepDescription:
    """A row of a lifecycle. ``source`` is None where it opens a case; no ``paths``: it is on every one."""

    move: str
    source: str | None
    dest: str
    permission: str
    rule: str
    paths: tuple[str, ...]


@attrs.frozen
class LifecycleDescription:
    """The moves of a kind of case, or of a part of it, with the paths that cases take through them."""

    name: str
    states: tuple[str, ...]
    initial: str
    final: tuple[str, ...]
    paths: tuple[str, ...]
    steps: tuple[StepDescription, ...]


@attrs.frozen
class MethodDescription:
    """A command or a question: how it is called on the service of the context, and what its docstring says.

    ``name`` is the method, below a part of the service after a dot (``deputies.revoke``). ``takes_id`` says whether it
    is about one record, ``options`` which of ``key`` and ``expected_version`` it takes. ``arguments`` is the JSON
    Schema of the body of a request: everything but those, the id, who acts and when. ``rules`` are those of the
    docstring.
    """

    name: str
    kind: str | None
    signature: str
    description: str
    rules: tuple[str, ...]
    permissions: tuple[str, ...]
    moves: tuple[str, ...]
    takes_id: bool
    options: tuple[str, ...]
    arguments: Mapping[str, Any]


@attrs.frozen
class PermissionDescription:
    """A permission, the commands and questions that ask for it, and, by a rulebook, the positions that hold it."""

    name: str
    asked_by: tuple[str, ...]
    positions: tuple[str, ...] | None


@attrs.frozen
class EventDescription:
    """An event: its name on the trail, the number of its form, and its JSON Schema."""

    name: str
    version: int
    description: str
    schema: Mapping[str, Any]


@attrs.frozen
class OccasionDescription:
    """Something that is told: to customers, or ``internal``; and what a text about it may name."""

    name: str
    internal: bool
    placeholders: Mapping[str, str]


@attrs.frozen
class SettingDescription:
    """A setting of a section, by its path (``*`` is any key): its type, how people call it, its default where it has
    one. ``value`` is that of the rulebook, at the path itself; nothing where there is no book, or the path has ``*``.
    """

    path: str
    type: str
    label: Text | None
    required: bool
    default: object = None
    value: object = None


@attrs.frozen
class SectionDescription:
    """A section of a rulebook: how people call it, and its settings."""

    name: str
    label: Text | None
    description: str
    settings: tuple[SettingDescription, ...]


@attrs.frozen
class ContextDescription:
    """A context as a whole. ``taken`` says whether the rulebook takes it; None where none was given."""

    name: str
    description: str
    taken: bool | None
    kinds: tuple[KindDescription, ...]
    lifecycles: tuple[LifecycleDescription, ...]
    commands: tuple[MethodDescription, ...]
    questions: tuple[MethodDescription, ...]
    permissions: tuple[PermissionDescription, ...]
    events: tuple[EventDescription, ...]
    occasions: tuple[OccasionDescription, ...]
    section: SectionDescription


@attrs.frozen
class Description:
    """The domain as data: the sections that every rulebook has, and the contexts in lock order."""

    rulebook: str | None
    common: tuple[SectionDescription, ...]
    contexts: tuple[ContextDescription, ...]

    def context(self, name: str) -> ContextDescription:
        """A context by its name. Raises KeyError."""
        return {context.name: context for context in self.contexts}[name]
