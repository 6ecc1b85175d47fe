"""The desk of a database of Django's settings: opened when it is first asked for, once a process."""

import threading
from collections.abc import Mapping
from typing import Any, Final, cast

from django import conf
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.module_loading import import_string

import csdomain
from csdomain.desk import Desk

SETTING: Final = "CSDOMAIN"
#: Options that are objects: settings may name them by their dotted path, which is imported with the first desk.
OBJECTS: Final = ("clock", "ids", "observer", "handlers", "holidays")
OPTIONS: Final = ("rulebook", *OBJECTS)
#: By alias, each with the options that it was opened with: settings may change, in tests and back.
_desks: Final[dict[str, list[tuple[dict[str, Any], Desk]]]] = {}
_lock: Final = threading.Lock()


def desk(using: str | None = None) -> Desk:
    """The desk on the database ``using`` (``default``), by the options that ``settings.CSDOMAIN`` has for that alias.

    It works on Django's own connection: alone, each use case is a transaction; in a block of Django's, a savepoint in
    it. It touches no database until it is used, and goes where the alias leads then: in tests, to the tests' database.

    Raises ImproperlyConfigured for the settings, MissingBackend, RulebookInvalid, NotFound.
    """
    alias = using or DEFAULT_DB_ALIAS
    options = options_of(alias)
    with _lock:
        opened = _desks.setdefault(alias, [])
        for given, found in opened:
            if given == options:
                return found
        opened.append((options, csdomain.open(f"django:{alias}", **options)))
        return opened[-1][1]


def options_of(alias: str) -> dict[str, Any]:
    """The options of ``csdomain.open`` for a database. Raises ImproperlyConfigured."""
    given: object = getattr(conf.settings, SETTING, {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"{SETTING} is a dictionary of databases, as DATABASES is")
    unknown = sorted(str(name) for name in given.keys() - set(connections))
    if unknown:
        raise ImproperlyConfigured(f"{SETTING} names {unknown[0]!r}, which is not in DATABASES")
    options: object = given.get(alias, {})
    if not isinstance(options, Mapping):
        raise ImproperlyConfigured(f"{SETTING}[{alias!r}] is a dictionary of options")
    for name in options:
        if name not in OPTIONS:
            raise ImproperlyConfigured(f"{SETTING}[{alias!r}] has no option {name!r}; there are {', '.join(OPTIONS)}")
    return {name: _object(name, value) for name, value in cast("Mapping[str, Any]", options).items()}


def _object(name: str, value: Any) -> Any:
    if name not in OBJECTS or not isinstance(value, str):
        return value
    try:
        return import_string(value)
    except ImportError as error:
        raise ImproperlyConfigured(f"{SETTING}: {name} cannot be imported: {error}") from error
