"""Exports are whole and safe to open (RPT-04), and show nothing personal without permission (KRN-14)."""

import csv
import io
import os
import re
import stat
import sys
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import IO, Any
from unicodedata import normalize
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.kernel.calendar.values import UnknownZone
from csdomain.kernel.rules import PERSONAL_DATA, Language, Text
from csdomain.kernel.rules.errors import MissingBackend, NaiveTime
from csdomain.kernel.values.money import CurrencyMismatch, Money, UnknownCurrency
from csdomain.kernel.values.personal import PersonalKind
from csdomain.reporting import (
    Cell,
    ColumnKind,
    MalformedCell,
    MalformedTable,
    RaggedRow,
    ReportTable,
    TableColumn,
)
from csdomain.reporting.rules import EXPORTS
from csdomain_adapters.export import (
    ExportTooLarge,
    UnknownDelimiter,
    guarded,
    recovered,
    visible,
    write_csv,
    write_xlsx,
)
from csdomain_adapters.export.guard import DELIMITERS, FORMULA
from csdomain_adapters.export.layout import MOST_CHARACTERS, MOST_COLUMNS, MOST_ROWS
from csdomain_adapters.export.xlsx_file import exactly_held, sheet_name

pytestmark = pytest.mark.rule(EXPORTS)

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TITLE = Text("Calls of October", "十月来电")


def label(name: str) -> Text:
    return Text(name.capitalize(), f"列{name}")


def column(name: str, kind: ColumnKind = ColumnKind.TEXT, **more: Any) -> TableColumn:
    return TableColumn(name, label(name), kind, **more)


def one(kind: ColumnKind, *cells: Cell, **more: Any) -> ReportTable:
    return ReportTable(TITLE, (column("c", kind, **more),), [[cell] for cell in cells])


def csv_bytes(table: ReportTable, **options: Any) -> bytes:
    stream = io.BytesIO()
    write_csv(table, stream, **{"language": "en", "zone": "Asia/Shanghai", "reveal": True, **options})
    return stream.getvalue()


def csv_rows(table: ReportTable, **options: Any) -> list[list[str]]:
    text = csv_bytes(table, **options).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=options.get("delimiter", ",")))


def xlsx_bytes(table: ReportTable, **options: Any) -> bytes:
    stream = io.BytesIO()
    write_xlsx(table, stream, **{"language": "en", "zone": "Asia/Shanghai", "reveal": True, **options})
    return stream.getvalue()


class Book:
    """What a spreadsheet reads from a workbook of one sheet, found with nothing but a ZIP and an XML parser."""

    def __init__(self, data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            self.parts = {name: archive.read(name) for name in archive.namelist()}
        self.trees = {name: ET.fromstring(part) for name, part in self.parts.items()}  # noqa: S314
        self.sheet = self.trees["xl/worksheets/sheet1.xml"]
        styles = self.trees["xl/styles.xml"]
        patterns = {f.get("numFmtId"): f.get("formatCode") for f in styles.iter(f"{MAIN}numFmt")}
        cell_formats = styles.find(f"{MAIN}cellXfs")
        assert cell_formats is not None
        self.patterns = [patterns.get(f.get("numFmtId"), f"built in {f.get('numFmtId')}") for f in cell_formats]
        self.cells = {str(cell.get("r")): cell for cell in self.sheet.iter(f"{MAIN}c")}

    @property
    def name(self) -> str:
        sheet = self.trees["xl/workbook.xml"].find(f"{MAIN}sheets/{MAIN}sheet")
        assert sheet is not None
        return str(sheet.get("name"))

    @property
    def formulas(self) -> list[str]:
        """Formulas, and whatever else a workbook could start something with."""
        active = ("f", "hyperlink", "definedName", "externalReference", "ddeLink", "oleObject")
        return [e.tag for tree in self.trees.values() for e in tree.iter() if e.tag.rpartition("}")[2] in active]

    def kind(self, at: str) -> str:
        return self.cells[at].get("t", "n")

    def text(self, at: str) -> str:
        if at not in self.cells:
            return ""
        assert self.kind(at) == "inlineStr"
        text = "".join(t.text or "" for t in self.cells[at].iter(f"{MAIN}t"))
        return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)

    def number(self, at: str) -> float:
        assert self.kind(at) == "n"
        return float(self.cells[at].findtext(f"{MAIN}v", ""))

    def pattern(self, at: str) -> str:
        return str(self.patterns[int(self.cells[at].get("s", "0"))])

    def instant(self, at: str) -> datetime:
        """The instant of a cell: its wall time, and the offset that its number format shows."""
        found = re.fullmatch(r'yyyy-mm-dd hh:mm:ss "([+-][0-9:]+)"', self.pattern(at))
        assert found is not None
        wall = datetime(1899, 12, 30) + timedelta(seconds=round(self.number(at) * 86400))  # noqa: DTZ001
        return datetime.fromisoformat(wall.isoformat() + found[1])

    def day(self, at: str) -> date:
        assert self.pattern(at) == "yyyy-mm-dd"
        return date(1899, 12, 30) + timedelta(days=int(self.number(at)))


def shown(data: bytes) -> bytes:
    """Everything that a file holds, uncompressed."""
    if not data.startswith(b"PK"):
        return data
    return data + b"\n".join(Book(data).parts.values())


#: Texts in which everything that matters to a guard meets everything else.
TRICKY = "=+-@＝＋－＠−;,|\t\r\n'\" \u00a0\u200b\ufeff\u0301\x00\x1f\ufffe\ud800_x41<>r/&a1国😀"
texts = (
    st.text()
    | st.text(TRICKY, max_size=12)
    | st.text(st.characters(codec=None), max_size=8)  # lone surrogates as well
    | st.lists(st.sampled_from(["<r>", "</r>", "<f>1+1</f>", "_x0041", "_", "_x000D_", "\r", "=", "&#61;"])).map(
        "".join
    )
    | st.text(max_size=4).map(lambda inner: f"<r>{inner}</r>")
)
delimiters = st.sampled_from(DELIMITERS)


def begins_a_formula(cell: str) -> bool:
    """Said anew, without the code under test."""
    return cell[:1] in ("\t", "\r", "\n") or shows_an_operator_first(cell)


def shows_an_operator_first(cell: str) -> bool:
    """Whether an operator stands first once everything that is not seen is left out."""
    seen = re.sub(r"^[\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+", "", cell)
    return seen[:1] != "" and seen[0] in "=+-@＝＋－＠"


# --- text -------------------------------------------------------------------------------------------------------------


@given(texts, delimiters)
@example("=1+1", ",")
@example("'=1+1", ",")
@example("\ufeff \u200b=1", ",")
@example("a;=1", ",")
@example("\n=1", ",")
def test_no_text_of_a_csv_file_begins_a_formula_and_each_comes_back(text: str, delimiter: str) -> None:
    rows = csv_rows(one(ColumnKind.TEXT, text), delimiter=delimiter)
    cell = rows[1][0]
    assert not begins_a_formula(cell)
    assert recovered(cell, delimiter) == visible(text)


@given(st.lists(st.lists(texts, min_size=3, max_size=3), max_size=4), delimiters, delimiters)
@example([["x", 'a;"=1', ""]], ",", ";")
@example([["x", "a\n=1", ""]], ",", ";")
@example([["x", "a\t'\" =1", ""]], "|", "\t")
def test_a_csv_file_divided_at_another_delimiter_holds_no_formula_either(
    rows: list[list[str]], written: str, read: str
) -> None:
    table = ReportTable(TITLE, tuple(map(column, "abc")), rows)
    data = csv_bytes(table, delimiter=written).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(data, newline=""), delimiter=read):
        for cell in row:
            assert not shows_an_operator_first(cell)
            assert not shows_an_operator_first(cell.lstrip('"'))


@given(texts, texts, delimiters)
def test_a_guard_makes_one_cell_of_one_text(one: str, other: str, delimiter: str) -> None:
    assert (guarded(one, delimiter) == guarded(other, delimiter)) == (one == other)
    assert recovered(guarded(guarded(one, delimiter), delimiter), delimiter) == guarded(one, delimiter)


@given(st.text())
def test_a_guard_only_ever_adds_apostrophes(text: str) -> None:
    rest = iter(guarded(text))
    assert all(character in rest for character in text)
    assert guarded(text).replace("'", "") == text.replace("'", "")


@given(texts)
def test_what_a_file_cannot_hold_is_seen_and_all_else_stays(text: str) -> None:
    seen = visible(text)
    assert len(seen) == len(text)
    seen.encode("utf-8")
    ET.fromstring(f"<a>{seen.replace('&', '').replace('<', '')}</a>")  # noqa: S314
    for before, after in zip(text, seen, strict=True):
        assert before == after or (after == "\ufffd" or "\u2400" <= after < "\u2420")
    assert visible("tab\tline\r\n国😀") == "tab\tline\r\n国😀"


def test_every_character_that_folds_to_an_operator_is_known() -> None:
    folding = {c for c in map(chr, range(sys.maxunicode + 1)) if normalize("NFKC", c) in ("=", "+", "-", "@", "−")}
    assert folding == FORMULA


@given(texts)
@example("<r><t>x</t></r></is></c><c r='B2'><f>1+1</f></c><c><is><r></r>")
@example("<r></r>")
@example("_x0041_x003D_")
@example("_x0000\r")
@example("<r>_x0041_\r</r>")
@example("=1+1")
@example("{=1+1}")
@example("https://example.com")
@example("00123")
def test_every_text_of_a_workbook_is_a_string_that_comes_back_and_no_formula(text: str) -> None:
    book = Book(xlsx_bytes(one(ColumnKind.TEXT, text, "after")))
    assert book.text("A2") == visible(text)
    assert book.text("A3") == "after"
    assert set(book.cells) == {"A1", "A2", "A3"}
    assert not book.formulas


@given(texts.filter(bool), texts, st.sampled_from(["en", "zh"]))
def test_titles_and_labels_are_guarded_as_cells_are(name: str, title: str, language: Language) -> None:
    table = ReportTable(Text(title, title + "录"), (TableColumn("c", Text(name, name + "列")),), [])
    wanted = name + "列" if language == "zh" else name
    header = csv_rows(table, language=language)[0][0]
    assert not begins_a_formula(header)
    assert recovered(header) == visible(wanted)
    book = Book(xlsx_bytes(table, language=language))
    assert book.text("A1") == visible(wanted)
    assert 0 < len(book.name.encode("utf-16-le")) // 2 <= 31
    assert not set(book.name) & set("[]:*?/\\")
    assert not book.formulas


def test_names_of_sheets_are_what_excel_takes() -> None:
    assert sheet_name("") == "Sheet 1"
    assert sheet_name("''") == "Sheet 1"
    assert sheet_name("History") == "History 1"
    assert sheet_name("a/b") == "a b"
    assert sheet_name("😀" * 20) == "😀" * 15
    assert Book(xlsx_bytes(one(ColumnKind.TEXT), language="zh")).name == "十月来电"


def test_a_file_is_what_it_is_documented_to_be() -> None:
    text = csv_bytes(ReportTable(TITLE, (column("name"), column("n", ColumnKind.INTEGER)), [["王小明", -5], ["=1", 0]]))
    assert text == b"\xef\xbb\xbfName,N\r\n" + "王小明,-5\r\n'=1,0\r\n".encode()
    assert csv_bytes(one(ColumnKind.TEXT, "a"), bom=False, language="zh") == "列c\r\na\r\n".encode()
    tab = ReportTable(TITLE, (column("a"), column("b")), [["x\ty", "z;,|"]])
    assert csv_bytes(tab, delimiter="\t", bom=False) == b'A\tB\r\n"x\ty"\tz;,|\r\n'
    assert xlsx_bytes(tab) == xlsx_bytes(tab)
    assert Book(xlsx_bytes(tab)).parts["docProps/core.xml"].count(b">1980-01-01T00:00:00Z<") == 2  # and no clock


class Level(str, Enum):  # noqa: UP042 - str() of it is no value
    HIGH = "high"


def test_an_enum_of_texts_is_written_as_its_value() -> None:
    assert csv_rows(one(ColumnKind.TEXT, Level.HIGH))[1] == ["high"]
    assert Book(xlsx_bytes(one(ColumnKind.TEXT, Level.HIGH))).text("A2") == "high"


@pytest.mark.parametrize("delimiter", ["", "'", "=", ",,", "a"])
def test_other_delimiters_are_refused(delimiter: str) -> None:
    for function in (guarded, recovered):
        with pytest.raises(UnknownDelimiter):
            function("a-b", delimiter)
    with pytest.raises(UnknownDelimiter) as refused:
        csv_bytes(one(ColumnKind.TEXT, "abc"), delimiter=delimiter)
    assert "分隔符" in refused.value.render("zh")


# --- telephone numbers ------------------------------------------------------------------------------------------------


PHONES = {
    "+86 138 1234 5678": True,
    "+8613812345678": True,
    "+1 2": True,
    "010-1234-5678": True,  # begins with a digit: no formula
    "138 1234 5678": True,
    "+86-138-1234-5678": False,  # a spreadsheet would work it out
    "+86 138 1234 5678 9012": False,  # beyond 15 digits some would be lost
    "+86  138": False,
    "+86 138 ": False,
    "+ 86": False,
    "-13812345678": False,
    "+86 138+cmd|' /C calc'!A0": False,
    "+1234567\n": False,
    "+１３８": False,
    "+": False,
    "=+86 138": False,
}


@pytest.mark.parametrize(("phone", "bare"), PHONES.items(), ids=repr)
def test_a_telephone_number_stays_as_it_is_where_it_can_only_be_one(phone: str, bare: bool) -> None:
    table = one(ColumnKind.TEXT, phone, personal=PersonalKind.PHONE)
    cell = csv_rows(table)[1][0]
    assert cell == (phone if bare else guarded(phone))
    assert bare or cell.startswith("'")
    assert recovered(cell) == phone
    assert Book(xlsx_bytes(table)).text("A2") == phone
    if phone.startswith("+"):
        assert csv_rows(one(ColumnKind.TEXT, phone))[1][0].startswith("'")  # elsewhere it may be anything


@given(st.text("0123456789 +-", max_size=20) | texts)
def test_what_stays_bare_in_a_column_of_telephone_numbers_is_a_plus_sign_and_digits(text: str) -> None:
    cell = csv_rows(one(ColumnKind.TEXT, text, personal=PersonalKind.PHONE))[1][0]
    assert recovered(cell) == visible(text)
    if begins_a_formula(cell):
        assert cell == text
        assert re.fullmatch(r"\+[0-9 ]*[0-9]", cell)
        assert 1 <= sum(c.isdigit() for c in cell) <= 15


# --- numbers, money, time ---------------------------------------------------------------------------------------------


decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e30"), max_value=Decimal("1e30"))


@given(st.integers() | st.integers(-(10**16), 10**16) | decimals)
@example(2**53)
@example(2**53 + 1)
@example(10**15 - 1)
@example(10**15)
@example(-(2**63))
@example(Decimal("-0.00"))
@example(Decimal("9.95"))
@example(Decimal("1E+20"))
@example(Decimal("0.30000000000000004"))
@example(10**900)
def test_no_digit_of_a_number_is_lost(number: int | Decimal) -> None:
    table = one(ColumnKind.DECIMAL, number)
    cell = csv_rows(table)[1][0]
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell)
    assert Decimal(cell) == number
    book = Book(xlsx_bytes(table))
    if exactly_held(Decimal(number)):
        assert abs(Decimal(number)) <= 2**53
        value = book.number("A2")
        assert Decimal(f"{value:.15g}") == number  # spreadsheets show 15 digits
        places = len(cell.partition(".")[2])
        assert book.pattern("A2") == ("0." + "0" * places if places else "built in 1")  # which is 0
    else:
        assert Decimal(book.text("A2")) == number
    assert not book.formulas


def test_numbers_are_kept_as_numbers_up_to_fifteen_digits() -> None:
    assert exactly_held(Decimal(999_999_999_999_999))
    assert exactly_held(Decimal("-99999999999.9999"))
    assert not exactly_held(Decimal(10**15))
    assert not exactly_held(Decimal("1.000000000000000"))
    assert not exactly_held(Decimal("1E-16"))
    assert Book(xlsx_bytes(one(ColumnKind.INTEGER, 2**53 + 1))).text("A2") == "9007199254740993"


@given(st.builds(Money, st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(["CNY", "JPY", "KWD"])))
@example(Money(-123_456, "CNY"))
def test_money_keeps_its_currency(amount: Money) -> None:
    beside = one(ColumnKind.MONEY, amount, None)
    assert csv_rows(beside) == [["C", "C (currency)"], [f"{amount.amount:f}", amount.currency], ["", ""]]
    assert csv_rows(beside, language="zh")[0] == ["列c", "列c（货币）"]
    above = one(ColumnKind.MONEY, amount, currency=amount.currency)
    assert csv_rows(above) == [[f"C ({amount.currency})"], [f"{amount.amount:f}"]]
    assert csv_rows(above, language="zh")[0] == [f"列c（{amount.currency}）"]
    book = Book(xlsx_bytes(beside))
    assert book.text("B2") == amount.currency
    if exactly_held(amount.amount):
        assert Decimal(f"{book.number('A2'):.15g}") == amount.amount
        pattern = {"CNY": "#,##0.00", "JPY": "#,##0", "KWD": "#,##0.000"}[amount.currency]
        assert book.pattern("A2") == pattern
    else:
        assert book.text("A2") == f"{amount.amount:f}"


zones = st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London", "Asia/Kathmandu", "Africa/Monrovia"])


@given(st.datetimes(timezones=st.timezones()) | st.datetimes(timezones=st.just(SHANGHAI)), zones)
@example(datetime(2026, 11, 1, 5, 30, 0, 999_999, ZoneInfo("UTC")), "America/New_York")
@example(datetime(2026, 11, 1, 6, 30, tzinfo=ZoneInfo("UTC")), "America/New_York")
@example(datetime(1900, 3, 1, tzinfo=SHANGHAI), "Asia/Shanghai")
@example(datetime(9999, 12, 31, 23, 59, 59, tzinfo=SHANGHAI), "Asia/Shanghai")
def test_a_time_is_shown_to_the_second_in_the_zone_with_its_offset(at: datetime, zone: str) -> None:
    table = one(ColumnKind.INSTANT, at)
    try:
        local = at.astimezone(ZoneInfo(zone))
    except OverflowError:
        with pytest.raises(MalformedCell):
            csv_bytes(table, zone=zone)
        return
    header, (cell,) = csv_rows(table, zone=zone)
    assert header == [f"C ({zone})"]
    assert datetime.fromisoformat(cell).replace(tzinfo=None) == local.replace(microsecond=0, tzinfo=None)
    assert datetime.fromisoformat(cell).utcoffset() == local.utcoffset()
    assert timedelta(0) <= at - datetime.fromisoformat(cell) < timedelta(seconds=1)
    book = Book(xlsx_bytes(table, zone=zone))
    if local.date() < date(1900, 3, 1):
        assert book.text("A2") == cell
    else:
        assert book.instant("A2") == datetime.fromisoformat(cell)
        assert book.instant("A2").utcoffset() == local.utcoffset()


def test_the_hour_that_clocks_show_twice_is_told_apart() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=ZoneInfo("UTC"))
    table = one(ColumnKind.INSTANT, first, first + timedelta(hours=1))
    assert [row[0] for row in csv_rows(table, zone="America/New_York")[1:]] == [
        "2026-11-01 01:30:00-04:00",
        "2026-11-01 01:30:00-05:00",
    ]
    book = Book(xlsx_bytes(table, zone="America/New_York"))
    assert book.number("A2") == book.number("A3")
    assert book.instant("A3") - book.instant("A2") == timedelta(hours=1)


@given(st.dates())
@example(date(1900, 2, 28))
@example(date(1900, 3, 1))
def test_a_date_is_a_date(day: date) -> None:
    table = one(ColumnKind.DATE, day)
    assert csv_rows(table)[1] == [day.isoformat()]
    book = Book(xlsx_bytes(table))
    if day < date(1900, 3, 1):
        assert book.text("A2") == day.isoformat()
    else:
        assert book.day("A2") == day


def test_flags_are_flags_and_nothing_is_nothing() -> None:
    table = one(ColumnKind.FLAG, True, False, None)
    assert csv_rows(table) == [["C"], ["TRUE"], ["FALSE"], [""]]
    book = Book(xlsx_bytes(table))
    assert [(book.kind(at), book.cells[at].findtext(f"{MAIN}v")) for at in ("A2", "A3")] == [("b", "1"), ("b", "0")]
    assert "A4" not in book.cells
    for kind in ColumnKind:
        assert csv_rows(one(kind, None, personal=PersonalKind.OTHER), reveal=False)[1] == [""]


# --- masking ----------------------------------------------------------------------------------------------------------


#: Letters that stand nowhere else: whatever of it is found in a file was not masked.
secrets = st.text("äö", min_size=3, max_size=12).map(lambda middle: f"ÄÖ{middle}ÖÄ")


@pytest.mark.rule(EXPORTS, PERSONAL_DATA)
@given(secrets, st.sampled_from(PersonalKind), st.sampled_from([csv_bytes, xlsx_bytes]))
def test_nothing_personal_is_in_the_bytes_of_a_masked_file(
    secret: str, kind: PersonalKind, export: Callable[..., bytes]
) -> None:
    table = ReportTable(
        TITLE, (column("id"), column("who", personal=kind)), [["c-1", secret], ["c-2", f"{secret}@b.cn"]]
    )
    masked, revealed = shown(export(table, reveal=False)), shown(export(table, reveal=True))
    if kind is not PersonalKind.PHONE:  # four characters of a longer one are left
        assert secret[1:] not in masked.decode("utf-8", "ignore")
        assert secret[1:-1].encode() not in masked
    assert secret[1:-4].encode() not in masked
    assert "•••".encode() in masked
    assert secret.encode() in revealed
    assert b"c-1" in masked


@pytest.mark.rule(EXPORTS, PERSONAL_DATA)
@pytest.mark.parametrize("export", [csv_bytes, xlsx_bytes])
def test_whatever_a_personal_column_holds_is_masked(export: Callable[..., bytes]) -> None:
    cells: dict[ColumnKind, Cell] = {
        ColumnKind.TEXT: "asthma",
        ColumnKind.INTEGER: 31_415_926,
        ColumnKind.DECIMAL: Decimal("31.415926"),
        ColumnKind.MONEY: Money(31_415_926, "KWD"),
        ColumnKind.FLAG: True,
        ColumnKind.DATE: date(1931, 4, 15),
        ColumnKind.INSTANT: datetime(1931, 4, 15, tzinfo=SHANGHAI),
    }
    for kind, cell in cells.items():
        table = one(kind, cell, personal=PersonalKind.MEDICAL)
        masked = shown(export(table, reveal=False))
        assert "•••".encode() in masked
        # Neither the value nor its currency, nor the number that a spreadsheet counts the day with.
        for trace in (b"asthma", b"31415", b"31.41", b"KWD", b"TRUE", b't="b"', b"1931", b"11428"):
            assert trace not in masked, (kind, trace)
        assert export(table, reveal=True) != export(table, reveal=False)
    assert [list(row) for row in one(ColumnKind.FLAG, False, personal=PersonalKind.OTHER).shown(False).rows] == [
        ["•••"]
    ]


@pytest.mark.rule(EXPORTS, PERSONAL_DATA)
def test_a_mask_is_guarded_too() -> None:
    table = one(ColumnKind.TEXT, "=cmd", personal=PersonalKind.NAME)
    assert csv_rows(table, reveal=False)[1] == ["'=•••"]
    assert Book(xlsx_bytes(table, reveal=False)).text("A2") == "=•••"


@pytest.mark.rule(PERSONAL_DATA)
def test_neither_a_repr_nor_an_error_shows_a_cell() -> None:
    table = one(ColumnKind.INTEGER, "王小明", personal=PersonalKind.NAME)
    assert "王小明" not in repr(table)
    with pytest.raises(MalformedCell) as refused:
        csv_bytes(table, reveal=False)
    assert "王小明" not in refused.value.render("zh") + str(refused.value)
    assert refused.value.facts == {"column": "c", "row": 1, "given": "str"}
    with pytest.raises(NaiveTime) as naive:
        csv_bytes(one(ColumnKind.INSTANT, datetime(1931, 4, 15), personal=PersonalKind.OTHER))  # noqa: DTZ001
    assert "1931" not in str(naive.value)


# --- what is refused --------------------------------------------------------------------------------------------------


AT = datetime(2026, 10, 8, tzinfo=SHANGHAI)
WRONG: dict[ColumnKind, tuple[Any, ...]] = {
    ColumnKind.TEXT: (1, b"a", AT, 1.5, ("a",)),
    ColumnKind.INTEGER: (True, "1", 1.0, Decimal(1), 1 << 4000),
    ColumnKind.DECIMAL: (1.5, True, "1", Decimal("NaN"), Decimal("-Infinity"), Decimal("1E+1000"), Decimal("1E-1001")),
    ColumnKind.MONEY: (1, Decimal(1), "1 CNY"),
    ColumnKind.FLAG: (0, 1, "TRUE"),
    ColumnKind.DATE: (AT, "2026-10-08", 1),
    ColumnKind.INSTANT: (AT.date(), "2026-10-08T00:00:00+08:00", 0),
}


@pytest.mark.parametrize(("kind", "cell"), [(k, c) for k, cells in WRONG.items() for c in cells], ids=str)
def test_a_cell_of_another_kind_is_refused(kind: ColumnKind, cell: Any) -> None:
    for reveal in (True, False):
        with pytest.raises(MalformedCell):
            list(one(kind, cell, personal=PersonalKind.OTHER).shown(reveal).rows)


def test_a_table_that_does_not_hold_together_is_refused() -> None:
    with pytest.raises(MalformedTable):
        ReportTable(TITLE, (), [])
    with pytest.raises(MalformedTable):
        ReportTable(TITLE, (column("a"), column("a")), [])
    with pytest.raises(MalformedTable):
        column("a", currency="CNY")
    with pytest.raises(UnknownCurrency):
        column("a", ColumnKind.MONEY, currency="XXX")
    with pytest.raises(RaggedRow) as ragged:
        csv_bytes(ReportTable(TITLE, (column("a"), column("b")), [["1", "2"], ["1"]]))
    assert ragged.value.facts == {"row": 2, "given": 1}
    with pytest.raises(CurrencyMismatch):
        csv_bytes(one(ColumnKind.MONEY, Money(1, "CNY"), Money(1, "USD"), currency="CNY"))
    with pytest.raises(NaiveTime):
        csv_bytes(one(ColumnKind.INSTANT, datetime(2026, 10, 8)))  # noqa: DTZ001
    with pytest.raises(UnknownZone):
        csv_bytes(one(ColumnKind.TEXT, "a"), zone="Asia/Atlantis")


@pytest.mark.parametrize("export", [csv_bytes, xlsx_bytes])
@pytest.mark.parametrize("unit", ["a", "😀", "\r", "é"])
def test_a_cell_may_hold_what_spreadsheets_hold_and_not_one_more(export: Callable[..., bytes], unit: str) -> None:
    width = len(unit.encode("utf-16-le")) // 2
    lead = "x" * (MOST_CHARACTERS % width)
    text = lead + unit * (MOST_CHARACTERS // width)
    text = "x" + text[1:]  # not guarded: an apostrophe would count
    export(one(ColumnKind.TEXT, text))
    with pytest.raises(ExportTooLarge) as refused:
        export(one(ColumnKind.TEXT, "short", text + "b"))
    assert refused.value.facts == {"maximum": 32_767, "given": 32_768, "column": "c", "row": 2}
    assert "32,767 字符" in refused.value.render("zh")
    with pytest.raises(ExportTooLarge):
        export(ReportTable(TITLE, (TableColumn("c", Text(text + "b", "")),), []))


def test_the_longest_text_survives_what_it_is_written_as() -> None:
    text = f"<r>{'&' * (MOST_CHARACTERS - 7)}</r>"
    assert Book(xlsx_bytes(one(ColumnKind.TEXT, text))).text("A2") == text
    with pytest.raises(ExportTooLarge):
        csv_bytes(one(ColumnKind.TEXT, "=" * MOST_CHARACTERS))  # the apostrophe counts


class Endless(Sequence[Sequence[Cell]]):
    """Says how many rows it has, and must not be asked for one."""

    def __init__(self, count: int) -> None:
        self.rows = count

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, at: Any) -> Any:
        raise AssertionError("a row was asked for")


def test_more_rows_than_a_sheet_has_are_refused_before_one_is_read() -> None:
    with pytest.raises(ExportTooLarge):
        xlsx_bytes(ReportTable(TITLE, (column("a"),), Endless(MOST_ROWS)))
    with pytest.raises(AssertionError):
        xlsx_bytes(ReportTable(TITLE, (column("a"),), Endless(MOST_ROWS - 1)))
    wide = tuple(column(f"c{i}") for i in range(MOST_COLUMNS + 1))
    for export in (csv_bytes, xlsx_bytes):
        with pytest.raises(ExportTooLarge):
            export(ReportTable(TITLE, wide, []))


def test_rows_of_unknown_number_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("csdomain_adapters.export.xlsx_file.MOST_ROWS", 4)
    path = tmp_path / "calls.xlsx"
    options: dict[str, Any] = {"language": "en", "zone": "UTC", "reveal": True}
    write_xlsx(ReportTable(TITLE, (column("a"),), (["x"] for _ in range(3))), path, **options)
    before = path.read_bytes()
    assert Book(before).text("A4") == "x"
    with pytest.raises(ExportTooLarge):
        write_xlsx(ReportTable(TITLE, (column("a"),), (["x"] for _ in range(4))), path, **options)
    assert path.read_bytes() == before
    assert len(csv_rows(ReportTable(TITLE, (column("a"),), (["x"] for _ in range(9))))) == 10


# --- the file ---------------------------------------------------------------------------------------------------------


WRITERS = [write_csv, write_xlsx]


class Broken(Exception):
    pass


def breaking(rows: int) -> Iterator[list[Cell]]:
    for _ in range(rows):
        yield ["row"]
    raise Broken


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("write", WRITERS)
def test_a_failed_export_leaves_everything_as_it_was(write: Any, tmp_path: Path, scratch: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    old = out / "old"
    old.write_bytes(b"before")
    stream = io.BytesIO()

    def cancelled(more: int) -> None:
        raise Broken

    failures: list[tuple[Callable[[], Iterable[Sequence[Cell]]], Any]] = [
        (lambda: breaking(0), None),
        (lambda: breaking(5000), None),
        (lambda: [["row"]] * 5000, cancelled),
    ]
    for rows, progress in failures:
        for target in (old, out / "new", stream):
            with pytest.raises(Broken):
                write(
                    ReportTable(TITLE, (column("a"),), rows()),
                    target,
                    language="en",
                    zone="UTC",
                    reveal=True,
                    progress=progress,
                )
    assert old.read_bytes() == b"before"
    assert os.listdir(out) == ["old"]
    assert stream.getvalue() == b""
    assert os.listdir(scratch) == []


@pytest.mark.parametrize("write", WRITERS)
def test_a_disk_that_fails_leaves_everything_as_it_was(
    write: Any, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old"
    old.write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for module, name in ((os, "fsync"), (os, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(OSError, match="No space left"):
                write(one(ColumnKind.TEXT, "a"), old, language="en", zone="UTC", reveal=True)
    if write is write_xlsx:
        with monkeypatch.context() as patch:
            patch.setattr(zipfile.ZipFile, "write", full)
            with pytest.raises(OSError, match="No space left"):
                write(one(ColumnKind.TEXT, "a"), old, language="en", zone="UTC", reveal=True)
    assert old.read_bytes() == b"before"
    assert sorted(os.listdir(tmp_path)) == ["old", "scratch"]
    assert os.listdir(scratch) == []


@pytest.mark.parametrize("write", WRITERS)
def test_a_path_and_a_stream_get_the_same_file(write: Any, tmp_path: Path, scratch: Path) -> None:
    table = one(ColumnKind.TEXT, "国", "=1")
    path, link, stream = tmp_path / "file", tmp_path / "link", io.BytesIO()
    link.symlink_to(path)
    options = {"language": "zh", "zone": "UTC", "reveal": True}
    write(table, stream, **options)
    write(table, str(path), **options)
    assert path.read_bytes() == stream.getvalue()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    path.write_bytes(b"")
    write(table, link, **options)
    assert path.read_bytes() == stream.getvalue()
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(table, pipe, **options)
    assert os.read(reader, 1 << 16) == stream.getvalue()
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(IsADirectoryError):
        write(table, tmp_path, **options)
    with pytest.raises(FileNotFoundError):
        write(table, tmp_path / "none" / "file", **options)
    assert os.listdir(scratch) == []


def test_csv_goes_to_a_text_stream_too(tmp_path: Path) -> None:
    table = one(ColumnKind.TEXT, "国\r\n", "=1")
    wanted = csv_bytes(table)
    stream = io.StringIO(newline="")
    write_csv(table, stream, language="en", zone="Asia/Shanghai", reveal=True)
    assert stream.getvalue().encode() == wanted
    named: IO[str]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=tmp_path) as named:
        write_csv(table, named, language="en", zone="Asia/Shanghai", reveal=True)
        named.flush()
        assert Path(named.name).read_bytes() == wanted


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert csv_rows(one(ColumnKind.TEXT, "a"))[1] == ["a"]
    with pytest.raises(MissingBackend) as missing:
        xlsx_bytes(one(ColumnKind.TEXT, "a"))
    assert "csdomain[export]" in missing.value.render("zh")


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("rows", [0, 1, 999, 1000, 1001, 2500])
def test_progress_adds_up_to_the_rows(write: Any, rows: int) -> None:
    told: list[int] = []
    table = ReportTable(TITLE, (column("a"),), (["x"] for _ in range(rows)))
    write(table, io.BytesIO(), language="en", zone="UTC", reveal=True, progress=told.append)
    assert sum(told) == rows
    assert all(told)


def peak(write: Any, rows: int, path: Path) -> int:
    columns = (column("phone", personal=PersonalKind.PHONE), column("at", ColumnKind.INSTANT))
    made = ((f"138{i:08}", AT + timedelta(minutes=i)) for i in range(rows))
    tracemalloc.start()
    try:
        write(ReportTable(TITLE, columns, made), path, language="en", zone="UTC", reveal=False)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("rows", [14_000, pytest.param(200_000, marks=pytest.mark.deep)])
def test_memory_does_not_grow_with_the_rows(write: Any, rows: int, tmp_path: Path) -> None:
    peak(write, 100, tmp_path / "warm")
    few, many = peak(write, 4_000, tmp_path / "few"), peak(write, rows, tmp_path / "many")
    assert many < few + (1 << 17), (few, many)  # a row that is kept takes hundreds of bytes
    assert (tmp_path / "many").stat().st_size > 2 * (tmp_path / "few").stat().st_size
