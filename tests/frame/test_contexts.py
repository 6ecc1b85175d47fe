"""Contexts are plugged in by name, and none takes what another has (design decision D15)."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs
import pytest

import csdomain.contexts
from csdomain.contexts import HOUSE, context, contexts, plug_in, registered, sections, taken
from csdomain.desk import load_rulebook, shipped_names
from csdomain.frame.cases import CaseType
from csdomain.frame.commands import Commands
from csdomain.frame.contexts import Context, ContextInvalid, check_distinct
from csdomain.frame.effects import Effects
from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps
from csdomain.kernel.rules import PORTS
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.values.arguments import is_command
from csdomain.kernel.values.ids import IdKind
from csdomain.rulebook import Section
from csdomain.testing import memory_desk, no_holidays
from csdomain.testing.samples import HEAPS, Heap
from csdomain_adapters.sql import schemas

from .lost_property import EXAMPLE, load

pytestmark = pytest.mark.rule(PORTS)
ROOT: Final = EXAMPLE.parents[1]


@pytest.fixture
def plugged() -> Iterator[ModuleType]:
    """The example's context, plugged in while a test runs."""
    example = load()
    plug_in(example.CONTEXT)
    yield example
    unplug()


def unplug() -> None:
    csdomain.contexts._PLUGGED.clear()
    for known in (csdomain.contexts.registered, csdomain.contexts._named, csdomain.contexts._beside):
        known.cache_clear()


def again(example: ModuleType, name: str = "parcels", **case: Any) -> Context[Any]:
    """A context like the example's under another name; ``case`` says what it has in common with it."""
    section = Section(name, example.FindRules)
    wanted = {"table": "parcel", "prefix": "prc", "lifecycle": "parcel", "occasions": ()} | case
    section = attrs.evolve(section, occasions=wanted["occasions"], actions=wanted.get("actions", ()))
    rows = [Row(s.trigger, s.source, s.dest, s.rule) for s in example.MOVES.steps]
    table = Lifecycle(wanted["lifecycle"], example.State, example.State.KEPT, steps(name, *rows))
    kind: Kind[Any] = Kind(example.Find, IdKind(wanted["prefix"]), wanted["table"], ())
    return Context(name, example.Finds, (CaseType(kind, Commands(table), Effects(kind, section)),))


@pytest.mark.parametrize("upgraded", [False, True], ids=["desk", "db upgrade"])
def test_the_registers_of_a_context_get_their_tables(tmp_path: Path, upgraded: bool) -> None:
    example, url = load(), f"sqlite:///{tmp_path / 'desk.db'}"
    plug_in(attrs.evolve(example.CONTEXT, registers=(HEAPS,)))
    try:
        if upgraded:
            schemas.upgrade(url)
        book = tmp_path / "hotel.toml"
        book.write_text('name = "hotel"\nextends = "after_sales"\n[finds]\nkeep = "30 days"\nkeeper = "porter"\n')
        with csdomain.open(url, book, holidays=no_holidays()) as desk:
            row = Heap("cellar", "umbrella", held=2)
            desk.store.run(lambda unit: unit.register(HEAPS).put([row]))
            assert desk.store.look(lambda unit: unit.register(HEAPS).get(("cellar", "umbrella"))) == row
    finally:
        unplug()


def test_a_context_is_plugged_in_once(plugged: ModuleType) -> None:
    plug_in(plugged.CONTEXT)  # the same again changes nothing
    with pytest.raises(ContextInvalid, match="finds: a context of this name is plugged in already"):
        plug_in(load("another_finds").CONTEXT)
    with pytest.raises(ContextInvalid, match="orders: a context of this name is plugged in already"):
        plug_in(again(plugged, "orders"))
    assert context("finds") is plugged.CONTEXT


@pytest.mark.parametrize(
    ("shared", "said"),
    [
        ({"table": "find"}, "parcels: the table find is taken by the context finds"),
        ({"prefix": "fnd"}, "parcels: ids that begin with fnd is taken by the context finds"),
        ({"lifecycle": "find"}, "parcels: the lifecycle find is taken by the context finds"),
        ({"actions": ("finds.keep",)}, "parcels: the permission finds.keep is taken by the context finds"),
        ({"occasions": "theirs"}, "parcels: the occasion find.unclaimed is taken by the context finds"),
    ],
)
def test_what_another_context_has_is_refused_by_name(shared: dict[str, Any], said: str) -> None:
    example = load()
    if shared.get("occasions") == "theirs":
        shared = {"occasions": example.FIND_RULES.occasions}
    with pytest.raises(ContextInvalid, match=said):
        check_distinct([example.CONTEXT, again(example, **shared)])
    check_distinct([example.CONTEXT, again(example)])
    with pytest.raises(ContextInvalid, match="finds: a context of this name"):
        check_distinct([example.CONTEXT, example.CONTEXT])


def test_a_declaration_that_contradicts_itself_is_refused() -> None:
    example = load()
    with pytest.raises(ContextInvalid, match="lost: its section is called finds"):
        Context("lost", example.Finds, (example.FIND_CASES,))
    with pytest.raises(ContextInvalid, match="names its section"):
        Context("lost", example.Finds)
    with pytest.raises(ContextInvalid, match="finds: two kinds of case are called find"):
        Context("finds", example.Finds, (example.FIND_CASES, example.FIND_CASES))


def test_a_command_called_like_a_question_is_refused() -> None:
    with pytest.raises(ContextInvalid, match="finds: a command is called like a question: trail"):
        load("asking", ('GIVE_BACK = "give_back"', 'GIVE_BACK = "trail"'))


def test_only_what_a_rulebook_takes_is_imported() -> None:
    """Of a context that the book leaves off nothing is imported; staff is always there."""
    program = (
        "import sys, csdomain\n"
        "csdomain.load_rulebook('after_sales')\n"
        "print(*sorted(n for n in sys.modules if n.startswith('csdomain.orders')), 'csdomain.staff' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]


@pytest.mark.parametrize("book", shipped_names())
def test_a_shipped_book_takes_the_contexts_of_its_sections(book: str) -> None:
    loaded = load_rulebook(book)
    names = {name for name in HOUSE if name in loaded.parts}
    assert {one.name for one in contexts(loaded.parts)} == names
    assert "staff" in names


def test_a_permission_of_a_context_that_is_off_is_still_checked() -> None:
    roles = {"permissions": {"roles": {"clerk": {"orders.ship": "all"}}}}
    assert "orders" in {section.name for section in taken(roles)}
    assert "orders" not in {section.name for section in taken({})}
    texts: dict[str, Any] = {"messages": {"templates": {"order.shipped": {}}}}
    assert {section.name for section in taken(texts)} == {section.name for section in sections()}


def test_contexts_stand_in_lock_order() -> None:
    assert list(registered())[: len(HOUSE)] == list(HOUSE)
    assert [one.name for one in contexts(reversed(list(HOUSE)))] == list(HOUSE)
    order = list(HOUSE)
    assert order.index("complaints") < order.index("staff"), "what a decision rests on is read last"


@pytest.mark.parametrize("name", ["complaints", "orders", "staff", "messages"])
def test_a_service_shows_commands_and_questions_and_nothing_else(name: str) -> None:
    """What the frame needs begins with an underscore (KRN-15)."""
    beside = {"staff": {"deputies"}, "messages": {"notifier", "preferences", "campaigns", "texts"}}.get(name, set())
    with memory_desk("medical_centre") as desk:
        service = desk.service(name)
        shown = {member for member in dir(service) if not member.startswith("_")}
        assert {member for member in shown if not is_command(getattr(service, member))} <= beside


def test_f07_what_a_command_does_not_take_is_a_type_error() -> None:
    with memory_desk() as desk:
        clerk = desk.actor("ann", branch="hq", positions=("sales",))
        given: dict[str, Any] = {"by": clerk, "at": desk.clock.now()}
        remark: Any = desk.complaints.remark
        check: Any = desk.complaints.check
        with pytest.raises(TypeError, match="unexpected keyword argument 'idempotency_key'; did you mean 'key'"):
            remark("cmp_1", "slow", "building", **given, idempotency_key="r1")
        with pytest.raises(TypeError, match="did you mean 'expected_version'"):
            check("cmp_1", "ours", **given, expected=99)
        with pytest.raises(TypeError, match="missing required keyword arguments: 'by'"):
            check("cmp_1", "ours", at=given["at"])


def test_f07_an_option_that_the_store_does_not_take_is_a_type_error() -> None:
    for url in ("memory:", "sqlite://"):
        with pytest.raises(TypeError, match="unexpected keyword argument 'rulebok'; did you mean 'rulebook'"):
            csdomain.open(url, rulebok="after_sales")


# --- a context of somebody else's -------------------------------------------------------------------------------------

HOTEL: Final = """
import sys
from datetime import timedelta
import csdomain, finds
from csdomain.contexts import registered
from csdomain.testing import MovableClock, no_holidays, staff

assert list(registered())[-1] == "finds"
clock = MovableClock()
with csdomain.open(sys.argv[1], finds.book(), clock=clock, holidays=no_holidays()) as desk:
    porter = staff(desk)["porter"]
    found = desk.of(finds.CONTEXT).keep("an umbrella", by=porter, at=clock.now())
with csdomain.open(sys.argv[1], finds.book(), clock=clock, holidays=no_holidays()) as desk:
    service = desk.service("finds")
    assert service.get(found.id, by=porter).what == "an umbrella"
    clock.advance(timedelta(days=40))
    assert desk.sweep().breached == 1
    assert [m.occasion for m in desk.store.look(lambda u: u.session.outbox(unsent=True, limit=9))] == ["find.unclaimed"]
    service.erase(found.id, by=porter, at=clock.now())
    assert "umbrella" not in repr(service.get(found.id, by=porter))
    print(*(record.name for record in service.trail(found.id, by=porter)))
"""


def test_a_context_installed_from_a_folder_is_found_by_its_entry_point(tmp_path: Path) -> None:
    """Section, table, permissions, texts, timers and erasing of a package that csdomain does not know."""
    (tmp_path / "finds.py").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    installed = tmp_path / "lost_property-0.1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: lost-property\nVersion: 0.1\n", "utf-8")
    (installed / "entry_points.txt").write_text("[csdomain.contexts]\nfinds = finds:CONTEXT\n", "utf-8")
    database = f"sqlite:///{(tmp_path / 'desk.db').as_posix()}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", HOTEL, database],
        env={"PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["find_kept", "timer_breached", "find_erased"]
