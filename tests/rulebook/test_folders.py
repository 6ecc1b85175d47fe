"""A rulebook in a folder, one file a context: it means what one text means, and faults name the file (KRN-01)."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.contexts import sections, taken
from csdomain.desk import load_rulebook, shipped, shipped_names
from csdomain.kernel.rules import HOUSE_RULES
from csdomain.kernel.rules.errors import InvalidValue, NotFound, RulebookInvalid
from csdomain.kernel.values.actors import MalformedActor, UnknownPosition
from csdomain.kernel.values.durations import CalendarDays
from csdomain.orders.values import ORDER_RULES
from csdomain.rulebook import CALENDARS, Source, loads
from csdomain.rulebook.loader import content
from csdomain.testing import memory_desk
from rulebook.test_loading import put, toml

pytestmark = pytest.mark.rule(HOUSE_RULES)

BOOK: Mapping[str, Any] = content(load_rulebook("medical_centre").canonical)
HOUSE = ("name", "extends", "organisation", "calendars", "permissions")
CONTEXTS = sorted(BOOK.keys() - set(HOUSE))


def folder(book: Mapping[str, Any]) -> dict[str, str]:
    """A book as the files of a folder."""
    files = {f"{key}.toml": toml({key: table}) for key, table in book.items() if key not in HOUSE}
    return {"house.toml": toml({key: book[key] for key in HOUSE if key in book}), **files}


def written(path: Path, files: Mapping[str, str]) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text, "utf-8")
    return path


def faults_of(source: Source | Path) -> tuple[str, ...]:
    with pytest.raises(RulebookInvalid) as refused:
        load_rulebook(source) if isinstance(source, Path) else loads(source, taken, shipped)
    assert all(fault in str(refused.value) for fault in refused.value.faults)
    return refused.value.faults


# --- one book, written in two ways ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_names())
def test_a_folder_and_one_text_have_one_ref(name: str) -> None:
    book = load_rulebook(name)
    data = content(book.canonical)
    assert loads(toml(data), taken).ref == loads(folder(data), taken).ref == book.ref


def test_the_books_that_ship_hold_each_context_in_its_file() -> None:
    assert shipped_names() == ("after_sales", "enquiry_desk", "fleet", "medical_centre")
    files = shipped("medical_centre") or {}
    names = ["complaints", "customers", "house", "inventory", "messages", "orders", "payments", "staff"]
    assert sorted(files) == [f"{name}.toml" for name in names]
    assert "[messages.templates" not in "".join(files.values()), "what a context tells stands beside it"
    assert shipped("nobody") is None
    assert shipped("../books/fleet") is None


def test_a_house_s_own_rulebook_is_a_folder(tmp_path: Path) -> None:
    ours = written(tmp_path / "ours", folder({"name": "ours", **{k: v for k, v in BOOK.items() if k != "name"}}))
    (ours / "README.md").write_text("not of the rulebook")
    (ours / ".house.toml.swp").write_text("an editor's")
    (ours / "._complaints.toml").write_bytes(b"\xff a system's")
    (ours / "old").mkdir()
    for given_as in (ours, str(ours), f"{ours}/"):
        assert load_rulebook(given_as).ref == loads(toml({**BOOK, "name": "ours"}), taken).ref


def test_a_name_that_ships_is_that_of_the_book_and_a_path_that_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "fleet", {"house.toml": 'name = "ours"\nextends = "fleet"\n'})
    written(tmp_path / "harbour", {"house.toml": 'name = "harbour"\nextends = "medical_centre"\n'})
    monkeypatch.chdir(tmp_path)
    assert load_rulebook("fleet").name == "fleet"
    assert load_rulebook("harbour").name == "harbour"
    assert faults_of(Path("fleet")) == ("fleet/house.toml: ours extends fleet extends fleet @ $.extends",)
    monkeypatch.chdir(tmp_path / "harbour")
    assert load_rulebook(".").name == load_rulebook(Path()).name == "harbour"
    for nothing in ("", "nobody", "nobody/"):
        with pytest.raises(NotFound, match="after_sales, enquiry_desk, fleet, medical_centre, or a path"):
            load_rulebook(nothing)


FASTER = '[complaints]\nclose_within = "4 days"\n'


def test_extends_takes_files_and_folders_beside_and_those_that_ship(tmp_path: Path) -> None:
    written(tmp_path / "base", {"house.toml": 'name = "base"\nextends = "after_sales"\n', "complaints.toml": FASTER})
    (tmp_path / "file.toml").write_text('name = "file"\nextends = "base"\n', "utf-8")
    on_file = written(tmp_path / "on_file", {"house.toml": 'name = "on_file"\nextends = "file"\n'})
    on_folder = written(tmp_path / "on_folder", {"house.toml": 'name = "on_folder"\nextends = "on_file"\n'})
    for path in (tmp_path / "base", tmp_path / "file.toml", on_file, on_folder):
        book = load_rulebook(path)
        assert book.name == path.stem
        assert book[COMPLAINT_RULES].close_within == CalendarDays(4)
        assert CALENDARS in book
    (tmp_path / "fleet").mkdir()  # no rulebook: nothing is in it
    (tmp_path / "on_fleet.toml").write_text('name = "on_fleet"\nextends = "fleet"\n', "utf-8")
    assert "renewals" in load_rulebook(tmp_path / "on_fleet.toml").parts
    (tmp_path / "base.toml").write_text('name = "base"\nextends = "after_sales"\n', "utf-8")
    (fault,) = faults_of(tmp_path / "file.toml")
    assert fault == "both base.toml and the folder base are there @ $.extends"


@pytest.mark.parametrize("base", ["../secret", "/etc", "a/b", "fleet/house", "..", "."])
def test_extends_names_a_book_and_no_path(base: str, tmp_path: Path) -> None:
    path = written(tmp_path / "ours", {"house.toml": f'name = "ours"\nextends = "{base}"\n'})
    (tmp_path / "secret.toml").write_text('name = "secret"\nextends = "fleet"\n')
    assert faults_of(path) == (f"house.toml: no rulebook {base} @ $.extends",)


# --- faults name the file ---------------------------------------------------------------------------------------------


def test_a_folder_without_its_house_is_refused(tmp_path: Path) -> None:
    files = folder(BOOK)
    del files["house.toml"]
    (fault,) = faults_of(written(tmp_path / "ours", files))
    assert fault == "house.toml: this file is missing: name, organisation, calendars and permissions stand there"
    (fault,) = faults_of({})
    assert fault.startswith("house.toml: this file is missing")


#: A file, its text, and the faults that name it.
FILES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a context that is not there": (
        "complainst.toml",
        "[complainst]\nnumber = 1\n",
        ("complainst.toml: no context complainst is installed; did you mean complaints? @ $.complainst",),
    ),
    "nothing like it": (
        "weddings.toml",
        "[complaints]\nnumber = 1\n",
        ("weddings.toml: no context weddings is installed @ $.weddings",),
    ),
    "in capitals": (
        "Renewals.toml",
        "",
        ("Renewals.toml: no context Renewals is installed; did you mean renewals? @ $.Renewals",),
    ),
    "a suffix in capitals": (
        "renewals.TOML",
        "",
        ("renewals.TOML: no context renewals.TOML is installed; did you mean renewals? @ $.renewals.TOML",),
    ),
    "what the house has": (
        "organisation.toml",
        '[organisation]\nzone = "UTC"\n',
        ("organisation.toml: [organisation] stands in house.toml @ $.organisation",),
    ),
    "another context's table": (
        "inventory.toml",
        folder(BOOK)["inventory.toml"] + "\n[staff]\n",
        ("inventory.toml: only [inventory] stands in this file @ $.staff",),
    ),
    "keys without a table": (
        "staff.toml",
        'name = 1\nextends = "x"\n',
        (
            "staff.toml: only [staff] stands in this file @ $.extends",
            "staff.toml: only [staff] stands in this file @ $.name",
            "staff.toml: this key is missing @ $.staff",
        ),
    ),
    "nothing": ("staff.toml", "# nothing yet\n", ("staff.toml: this key is missing @ $.staff",)),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_its_own_context_s_table(name: str) -> None:
    file, text, wanted = FILES[name]
    assert faults_of({**folder(BOOK), file: text}) == wanted


def test_a_context_s_table_in_the_house_s_file_is_sent_to_its_own() -> None:
    files = folder({key: BOOK[key] for key in HOUSE if key in BOOK})
    files["house.toml"] += '\n[inventory]\nstrategy = "fifo"\nusable_on_expiry_date = true\nrefill_reminder_days = 7\n'
    (fault,) = faults_of({**folder(BOOK), "house.toml": files["house.toml"]})
    assert fault == "house.toml: [inventory] stands in inventory.toml @ $.inventory"


#: Where a fault is planted, and the file and path at which it is told.
PLANTED: dict[str, tuple[list[str], Any, str, str]] = {
    "complaints": (["complaints", "number"], 5, "complaints.toml", "$.complaints.number"),
    "orders": (["orders", "remind_befor"], 5, "orders.toml", "$.orders"),
    "inventory": (["inventory", "strategy"], "lifo", "inventory.toml", "$.inventory.strategy"),
    "messages": (["messages", "default_language"], "de", "messages.toml", "$.messages.default_language"),
    "calendars": (["calendars", "centre", "zone"], "Mars", "house.toml", "$.calendars['centre'].zone"),
    "permissions": (
        ["permissions", "positions", "hq"],
        ["hedquarters"],
        "house.toml",
        "$.permissions.positions['hq'][0]",
    ),
    "top": (["organistion"], {"zone": "UTC"}, "house.toml", "$.organistion"),
}


@given(st.sets(st.sampled_from(sorted(PLANTED)), min_size=1))
def test_all_faults_of_all_files_are_told_at_once_with_file_and_path(planted: set[str]) -> None:
    book = content(load_rulebook("medical_centre").canonical)
    for name in planted:
        put(book, PLANTED[name][0], PLANTED[name][1])
    files = folder({key: value for key, value in book.items() if key != "organistion"})
    if "top" in planted:
        files["house.toml"] += "\n" + toml({"organistion": book["organistion"]})
    wanted = sorted((file, path) for file, path in (PLANTED[name][2:] for name in planted))
    found = faults_of(files)
    assert sorted((fault.partition(": ")[0], fault.rpartition(" @ ")[2]) for fault in found) == wanted


def test_files_that_are_not_toml_are_all_named(tmp_path: Path) -> None:
    files = {**folder(BOOK), "orders.toml": "[orders", "house.toml": "name = "}
    assert [fault.partition(": not TOML")[0] for fault in faults_of(files)] == ["house.toml", "orders.toml"]
    path = written(tmp_path / "ours", folder(BOOK))
    (path / "orders.toml").write_bytes(b"[orders]\nnumber = \xff")
    assert faults_of(path) == ("orders.toml is not text in UTF-8",)


def test_a_fault_between_books_names_the_file_that_it_stands_in(tmp_path: Path) -> None:
    base = folder({**BOOK, "name": "base"})
    base["orders.toml"] += "\n[orders.products.x]\nprice = 5\n"
    path = written(tmp_path / "ours", {"house.toml": 'name = "ours"\nextends = "base"\n', "complaints.toml": FASTER})
    written(tmp_path / "base", base)
    (path / "complaints.toml").write_text("[complaints]\nclose_within = 4\n")
    assert [fault.partition(": ")[0] for fault in faults_of(path)] == ["complaints.toml", *["base/orders.toml"] * 2]
    (path / "house.toml").write_text('name = "ours"\nextends = "after_sales"\n[organisation]\ncurrency = "USD"\n')
    (path / "complaints.toml").unlink()
    first, *others = faults_of(path)
    assert first.startswith("after_sales/complaints.toml: amounts in USD expected @ ")
    assert {fault.partition(": ")[0] for fault in others} == {"after_sales/payments.toml"}


def test_what_a_book_extends_is_refused_by_its_file(tmp_path: Path) -> None:
    path = written(tmp_path / "ours", {"house.toml": 'name = "ours"\nextends = "base"\n'})
    base = written(tmp_path / "base", {"complaints.toml": FASTER})
    (fault,) = faults_of(path)
    assert fault.startswith("base/house.toml: this file is missing")
    (base / "house.toml").write_text('name = "two words"')
    (fault,) = faults_of(path)
    assert fault.startswith("base/house.toml: a name of up to 64 letters")
    (base / "house.toml").write_text("name = ")
    (fault,) = faults_of(path)
    assert fault.startswith("base/house.toml: not TOML")


def test_f56_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('\ufeffname = "ours"\nextends = "fleet"\n', "utf-8")
    files = {name: "\ufeff" + text for name, text in folder({**BOOK, "name": "ours"}).items()}
    assert load_rulebook(path).name == load_rulebook(written(tmp_path / "ours", files)).name == "ours"
    assert ORDER_RULES in load_rulebook(tmp_path / "ours")


def test_f56_a_name_fits_the_ref_that_a_store_keeps() -> None:
    assert len(loads(f'name = "{"n" * 64}"\nextends = "fleet"', taken, shipped).ref) == 64 + 13
    (fault,) = faults_of(f'name = "{"n" * 65}"\nextends = "fleet"')
    assert fault == "a name of up to 64 letters, digits and _ expected @ $.name"


# --- what never ends is refused at once -------------------------------------------------------------------------------

ENDLESS: dict[str, tuple[str, str]] = {
    "exponent": ("rate = 1e999999999", "a number of up to 40 digits expected @ $.x.rate"),
    "small exponent": ("rate = 1e-999999999", "a number of up to 40 digits expected @ $.x.rate"),
    "exponent of nothing": ("rate = 0e999999999", "a number of up to 40 digits expected @ $.x.rate"),
    "exponent that Decimal does not take": ("rate = 1e99999999999999999999", "not TOML: the number 1e9999"),
    "digits": (f"rate = 0.{'3' * 50}", "a number of up to 40 digits expected @ $.x.rate"),
    "in a list": ("rate = [[0.1, 1e50]]", "a number of up to 40 digits expected @ $.x.rate[0][1]"),
    "integer": ("count = 9223372036854775808", "an integer of 64 bits expected @ $.x.count"),
    "arrays": (f"deep = {'[' * 40}{']' * 40}", "nested deeper than 32 levels @ $.x.deep[0]"),
    "more arrays": (f"deep = {'[' * 100_000}{']' * 100_000}", "nested deeper than 32 levels"),
    "tables": (f"deep.{'.'.join('a' * 5000)} = 1", "nested deeper than 32 levels @ $.x.deep.a"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_f30_numbers_and_depths_are_bounded(name: str) -> None:
    line, wanted = ENDLESS[name]
    for source, label in ((f'name = "a"\n[x]\n{line}\n', ""), ({**folder(BOOK), "x.toml": f"[x]\n{line}"}, "x.toml: ")):
        (fault,) = faults_of(source)
        assert fault.startswith(label + wanted)
        assert len(fault) < 300


def test_f30_the_largest_figures_are_taken() -> None:
    text = 'name = "a"\nextends = "fleet"\n[renewals]\n[[renewals.tax]]\nsince = 2020-01-01\nrate = 0.' + "1" * 40
    assert loads(text, sections(), shipped).name == "a"


NEAREST: dict[str, tuple[str, str]] = {
    "section": ('[complainst]\nnumber = "A"', "unknown key; did you mean complaints? @ $.complainst"),
    "top": ('extend = "fleet"', "unknown key; did you mean extends? @ $.extend"),
    "key": ('[complaints]\nclose_witin = "6 days"', "unknown key close_witin; did you mean close_within? @ $.compl"),
    "calendar key": ("[calendars.office]\npublic_holiday = ''", "unknown key public_holiday; did you mean public_hol"),
    "calendar": ('[organisation]\ncalendar = "ofice"', "no calendar ofice; did you mean office? @ $.organisation"),
    "role": ('[permissions.positions]\nx = ["deciiding"]', "no role deciiding; did you mean deciding? @ $.permi"),
    "permission": ('[permissions.roles.x]\n"complaints.recieve" = "own"', "did you mean complaints.receive? @ $.perm"),
    "occasion": (
        '[messages.templates."complaint.acepted".sms]\nzh_hans = "x"',
        "no context declares the occasion complaint.acepted; did you mean complaint.accepted? @ $.messages",
    ),
    "nothing like it": ("[zzz]", "unknown key @ $.zzz"),
}


@pytest.mark.parametrize("name", NEAREST)
def test_f30_an_unknown_name_suggests_the_nearest(name: str) -> None:
    text, wanted = NEAREST[name]
    (fault,) = faults_of(f'name = "ours"\nextends = "after_sales"\n{text}\n')
    assert wanted in fault


#: What somebody may write where something else is meant.
ODD: list[Any] = [
    *(0, -1, 2**63 - 1, -(2**63), True, "", " ", "x", "x" * 3000, "a\nb", "\0", "../../etc/passwd", "own", "*", "*.*"),
    *("0 days", "-1 days", "999999999999999999 days", "9" * 400 + " days", "99999999999 working days"),
    *("1e400 CNY", "9" * 60 + " CNY", "-5 CNY", "nan CNY", "5 XYZ", "{seq}", "{seq:999999999}", "{x.__class__}"),
    *("00:00-24:00", "24:00-00:00", "99:99-00:00", [], [[]], {}, {"a": 1}, [1, 2], ["a", "a"], [""]),
    *(Decimal("1e39"), Decimal("-0.5"), Decimal("nan"), Decimal("inf")),
    *(date.min, date.max, time.min, datetime(9999, 12, 31, 23, 59)),  # noqa: DTZ001 - TOML has such
]


def ways(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*way, key)
        yield from ways(inner, (*way, key))


WAYS = {
    name: [way for way in ways(content(load_rulebook(name).canonical)) if way[:2] != ("messages", "templates")]
    for name in ("after_sales", "fleet", "medical_centre")
}


@given(st.data())
def test_f30_whatever_is_written_is_taken_or_refused_on_lines_that_can_be_read(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(WAYS)))
    book = content(load_rulebook(name).canonical)
    *way, last = data.draw(st.sampled_from(WAYS[name]))
    table = reduce(lambda there, step: there[step], way, book)
    if isinstance(table, dict) and data.draw(st.booleans()):
        last = str(data.draw(st.sampled_from(ODD)))
    table[last] = data.draw(st.sampled_from(ODD))
    try:
        faults: tuple[str, ...] = () if loads(toml(book), taken).canonical else ("nothing was read",)
    except RulebookInvalid as refused:
        faults = refused.faults or ("refused without a fault",)
    assert all(" @ $" in fault or fault.startswith("not TOML") for fault in faults)
    assert all(len(fault) < 850 and fault.isprintable() for fault in faults)


def test_f30_a_fault_stays_short_whatever_was_written() -> None:
    text = f'name = "ours"\nextends = "after_sales"\n[complaints]\npath = "{"x" * 10_000}"\n{"y" * 10_000} = 1\n'
    assert all(len(fault) < 600 for fault in faults_of(text))


# --- names that are given to the desk ---------------------------------------------------------------------------------


def test_f31_a_text_is_no_set_of_positions_and_branches_and_months_are_checked() -> None:
    with memory_desk() as desk:
        with pytest.raises(MalformedActor, match="positions"):
            desk.actor("u-1", branch="hq", positions="sales")  # type: ignore[arg-type]
        with pytest.raises(UnknownPosition, match="service_agent"):
            desk.actor("u-1", branch="hq", positions=("service_agnet",))
        assert desk.actor("u-1", branch="anywhere", positions=("sales",)).branch == "anywhere"  # no branch is listed
        for month in ("2026/09", "2026-13", ""):
            with pytest.raises(InvalidValue, match="2026-03"):
                desk.complaints.statistics(month, by=desk.actor("u-1", branch="hq", positions=("gm_office",)))
    book = loads('name = "two"\nextends = "after_sales"\n[organisation.branches.hq]\n', sections(), shipped)
    with memory_desk(cast("Any", book)) as desk, pytest.raises(MalformedActor, match="Accepted: hq"):
        desk.actor("u-1", branch="HQ", positions=("sales",))
