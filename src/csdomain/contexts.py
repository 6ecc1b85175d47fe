"""The contexts, once, those that others plug in as ``csdomain.contexts``, and the lock order of their kinds (D19).

A unit of work locks kinds in :data:`LOCK_ORDER`, and by id within a kind. Nothing of a context is imported before a
rulebook takes it: its name here is that of its section.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from csdomain.frame.contexts import Context, ContextInvalid, check_distinct
from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.locks import OTHERS
from csdomain.kernel.store.projections import Projection
from csdomain.kernel.store.registers import Stored
from csdomain.rulebook import COMMON, Pinning, Section

GROUP: Final = "csdomain.contexts"
#: The name of each context of the house and the package that declares it.
HOUSE: Final[Mapping[str, str]] = {
    "complaints": "csdomain.complaints",
    "orders": "csdomain.orders",
    "customers": "csdomain.customers",
    "messages": "csdomain.messaging",
    "staff": "csdomain.staff",
    "renewals": "csdomain.renewals",
    "inventory": "csdomain.inventory",
    "service_desk": "csdomain.service_desk",
    "payments": "csdomain.payments",
}


#: The kinds by the names of their tables, in lock order: papers about customers, what people work through, cases, whom
#: they are about, papers of the office, money, and last what a decision rests on (D19). Numbers come after all of them.
LOCK_ORDER: Final = (
    *(
        "run",
        "handover",
        "release",
        "connection",
        "lead",
        "correction",
        "worklist",
        "call",
        "appointment",
        "diary_page",
    ),
    *("enquiry", "follow_up", "survey"),
    *("complaint", "contract", "term", "renewal", "job", "register_check", "trial", "repair", "installation"),
    *("unit_return", "pathway", "consultation", "report", "order", OTHERS),
    *("customer", "health_file", "vehicle", "message_text", "contact_preferences", "application", "requisition"),
    *("task", "plan", "purchase", "transfer", "count", "destruction", "shipment", "bill", "payment", "campaign"),
    *("practitioner", "partner", "staff", "delegation", "product", "zone", "lot", "shelf"),
)
#: Contexts that every house has, whether its rulebook names them or not.
ALWAYS: Final = frozenset({"staff"})


def _ours(package: str) -> Context[Any]:
    found: Context[Any] = import_module(f"{package}.context").CONTEXT
    return found


_PLUGGED: Final[dict[str, Context[Any]]] = {}


def plug_in(context: Context[Any]) -> None:
    """Add a context of the app's own, for an app that is not installed as a package with entry points.

    Call it once, before a rulebook is loaded or a desk is opened; adding the same context again changes nothing. Raises
    :class:`~csdomain.frame.contexts.ContextInvalid` where another context has its name.
    """
    if _PLUGGED.get(context.name) is context:
        return
    if context.name in registered():
        raise ContextInvalid(f"{context.name}: a context of this name is plugged in already")
    _PLUGGED[context.name] = context
    for known in (registered, _named, _beside):
        known.cache_clear()


@cache
def registered() -> Mapping[str, Callable[[], Context[Any]]]:
    """Every context by its name, imported when it is called: the house's, then those of others by their entry points.

    Raises :class:`~csdomain.frame.contexts.ContextInvalid` where two have the same name.
    """
    found: dict[str, Callable[[], Context[Any]]] = {name: partial(_ours, package) for name, package in HOUSE.items()}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry.name in found:
            raise ContextInvalid(f"{entry.name}: a context of this name is plugged in already ({entry.value})")
        found[entry.name] = entry.load
    return {**found, **{name: partial(_PLUGGED.__getitem__, name) for name in _PLUGGED}}


def context(name: str) -> Context[Any]:
    """A context by its name. Raises KeyError, and ContextInvalid where it does not declare a context of that name."""
    return _named(name)


@cache
def _named(name: str) -> Context[Any]:
    found = registered()[name]()
    if not isinstance(found, Context) or found.name != name:
        raise ContextInvalid(f"{name}: the entry point does not name a Context of this name")
    return found


@cache
def _beside(names: tuple[str, ...]) -> tuple[Context[Any], ...]:
    found = tuple(context(name) for name in names)
    check_distinct(found)
    return found


def contexts(names: Iterable[str] | None = None) -> tuple[Context[Any], ...]:
    """The contexts of these names, or every one, in lock order; names that no context has are passed over.

    Raises ContextInvalid where they cannot stand beside each other.
    """
    wanted = None if names is None else frozenset(names)
    return _beside(tuple(name for name in registered() if wanted is None or name in wanted))


def taken(raw: Mapping[str, Any]) -> tuple[Section[Any], ...]:
    """The sections that a rulebook's data may have: the common ones, and those of the contexts that it names.

    A permission or a text of a context that the book leaves off brings that context in, so that it is checked. A key
    that is no section's brings in all, so that the nearest is known.
    """
    named = contexts({*ALWAYS, *raw, *_permitted(raw)})
    declared = {occasion.name for one in named for occasion in one.section.occasions}
    found = (*COMMON, *(one.ruled for one in named))
    known = {"name", "extends", *(section.name for section in found)}
    return found if _told(raw) <= declared and raw.keys() <= known else sections()


def _permitted(raw: Mapping[str, Any]) -> set[str]:
    permissions = raw.get("permissions")
    roles = permissions.get("roles") if isinstance(permissions, Mapping) else None
    if not isinstance(roles, Mapping):
        return set()
    granted = (role for role in roles.values() if isinstance(role, Mapping))
    return {str(action).partition(".")[0] for role in granted for action in role}


def _told(raw: Mapping[str, Any]) -> set[str]:
    messages = raw.get("messages")
    templates = messages.get("templates") if isinstance(messages, Mapping) else None
    return set(templates) if isinstance(templates, Mapping) else set()


def sections() -> tuple[Section[Any], ...]:
    """The sections of every context."""
    return (*COMMON, *(context.ruled for context in contexts()))


def kinds(names: Iterable[str] | None = None) -> tuple[Kind[Any], ...]:
    """The aggregates of every context, or of those named."""
    return tuple(kind for context in contexts(names) for kind in context.kinds)


def stored(names: Iterable[str] | None = None) -> tuple[Stored, ...]:
    """What a store keeps in tables of its own: the aggregates and registers of every context, or of those named."""
    found = [each for context in contexts(names) for each in context.stored]
    shared = dict.fromkeys(one.register for one in projections(names))
    return (*found, *(register for register in shared if register not in found))


def projections(names: Iterable[str] | None = None) -> tuple[Projection[Any], ...]:
    """The rows that follow from the events of every context, or of those named."""
    return tuple(one for context in contexts(names) for one in context.projections)


def lifecycles() -> tuple[Lifecycle[Any, Any], ...]:
    """The lifecycles of every context."""
    return tuple(table for context in contexts() for table in context.lifecycles)


def pinnings(names: Iterable[str] | None = None) -> tuple[Pinning, ...]:
    """The kinds of case that keep the rulebook they began under, where that can be asked of a store."""
    return tuple(pinning for context in contexts(names) for pinning in context.pinnings)
