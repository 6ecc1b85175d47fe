"""Customers out of a table of another system: errors by row, begun again it goes on, twice is once (CUS-01)."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from adapters.harness import Desks
from csdomain.customers.rules import REGISTRATION
from csdomain.customers.values import MalformedCustomer
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.testing import memory_desk, staff
from csdomain_adapters.cli.app import run

from .test_tenures import Office

pytestmark = pytest.mark.rule(REGISTRATION)
HEAD = "ref,name,phones,addresses,born,born_lunar,registered_at,representative"
GOOD = "K-1,王小明,13812345678;０１０ 8888 6666,北京 1号,1980-03-09,,2019-05-01,ann"
TABLE = "\n".join(
    [
        HEAD,
        GOOD,
        "K-2,,138,上海,,,,",
        "K-3,李雷,139;abc,上海,,,,",
        "K-4,韩梅,13912345678,上海,,1980-R08-15,2020-05-01T10:00+08:00,",
        "K-5,韩梅,13912345678,上海,1980-02-30,,,",
        "K-6,韩梅,13912345678,上海,,,soon,",
        " ,韩梅,13912345678,上海,,,,",
        "K-1,another,13912345678,上海,,,,",
    ]
)


def rows(table: str = TABLE) -> list[dict[str, str]]:
    head, *lines = (line.split(",") for line in table.splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_rows_that_are_refused_are_named_and_the_others_go_in_once(desks: Desks, backend: str) -> None:
    with desks(backend) as desk:
        by, at = staff(desk)["service_manager"], desk.clock.now()
        report = desk.customers.import_rows(rows(), by=by, at=at)
        assert (report.new, report.there) == (2, 1)
        assert [
            (fault.row, fault.error.facts.get("field") or fault.error.facts.get("missing")) for fault in report.failed
        ] == [
            (2, ("name",)),
            (3, "phones"),
            (5, None),
            (6, "registered_at"),
            (7, "ref"),
        ]
        assert not any("韩梅" in fault.error.render("en") for fault in report.failed)
        again = desk.customers.import_rows(rows(), by=by, at=at)
        assert (again.new, again.there, len(again.failed)) == (0, 3, 5)
        one, two = desk.customers.registered(datetime(2019, 1, 1, tzinfo=UTC), at, by=by)
        assert (one.profile.born, one.registered_at, one.owner) == (
            date(1980, 3, 9),
            datetime(2019, 4, 30, 16, 0, tzinfo=UTC),
            "ann",
        )
        assert one.represented_by(at) == "ann"
        assert two.profile.birthday is not None
        assert two.profile.birthday.key == "R08-15"
        assert [hit.customer.id for hit in desk.customers.search("010-8888", by=by)] == [one.id]


def test_what_was_cut_short_goes_on_where_it_ended() -> None:
    with memory_desk() as desk:
        by, at = staff(desk)["service_manager"], desk.clock.now()
        stops = iter([1])

        def cut(done: int) -> None:
            if next(stops, None) is None:
                raise KeyboardInterrupt

        table = [{**rows()[0], "ref": f"K-{n}"} for n in range(4)]
        with pytest.raises(KeyboardInterrupt):
            desk.customers.import_rows(table, by=by, at=at, progress=cut)
        report = desk.customers.import_rows(table, by=by, at=at)
        assert (report.new, report.there, report.failed) == (2, 2, ())


@pytest.mark.parametrize("wrong", ["name,phones", "ref,shoe_size", "ref,"])
def test_a_table_of_other_columns_is_refused_before_a_row_is_read(wrong: str) -> None:
    table = [dict.fromkeys(wrong.split(","), "x")]
    with memory_desk() as desk, pytest.raises(MalformedCustomer) as refused:
        desk.customers.import_rows(table, by=staff(desk)["service_manager"], at=desk.clock.now())
    assert refused.value.facts["field"] == "columns"


def test_who_may_not_import_imports_nothing() -> None:
    office = Office()
    with pytest.raises(NotPermitted):
        office.does.import_rows(rows(), by=office.person("records_clerk"), at=office.desk.clock.now())


def test_the_command_reads_a_file_and_names_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url, file = f"sqlite:///{tmp_path / 'desk.db'}", tmp_path / "customers.csv"
    file.write_text("\ufeff" + TABLE, "utf-8")
    who = ["--as", "max", "--branch", "hq", "--position", "service_manager"]
    assert run(["db", "upgrade", url]) == 0
    capsys.readouterr()
    assert run(["customers", "import", url, str(file), *who, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["new"], told["there"], [row["row"] for row in told["failed"]]) == (2, 1, [2, 3, 5, 6, 7])
    file.write_text(f"{HEAD}\n{GOOD}\n", "utf-8")
    assert run(["--language", "zh", "customers", "import", url, str(file), *who]) == 0
    assert "1" in capsys.readouterr().out
    assert run(["customers", "import", url, str(tmp_path / "none.csv"), *who]) == 1
