"""csdomain as an app of a Django project: a real one, whose commands are run as a newcomer would run them (F10)."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections, transaction
from django.test import override_settings
from sqlalchemy import create_engine, func, inspect, select, table

import csdomain
from csdomain.complaints.case import COMPLAINTS
from csdomain.kernel.rules import AUDITED, HOUSE_RULES, ONE_WRITER, PERSONAL_DATA, PORTS
from csdomain.kernel.rules.errors import (
    MissingBackend,
    OutcomeUnknown,
    RuleBroken,
    StoreBusy,
    StoreFailure,
    UnitWithinUnit,
)
from csdomain.testing import MovableClock, agent, complaint_form, no_holidays, received, staff
from csdomain_adapters.django import atomic, desk, within
from csdomain_adapters.django.blocks import OtherDatabase
from csdomain_adapters.django.tables import tables
from csdomain_adapters.sql.migrate import HEAD
from csdomain_adapters.sql.session import SqlSession
from csdomain_adapters.sql.store import SchemaOutdated
from hosts.shop import ALIAS, Order, database, project

PROJECT = Path(__file__).parent / "project"
ROOT = Path(__file__).parents[2]
BACKENDS = ("sqlite", "postgresql")
pytestmark = pytest.mark.rule(PORTS)


class Project:
    """The project on a database."""

    def __init__(self, url: str, settings: dict[str, Any]) -> None:
        self.url = url
        self.settings = settings

    def manage(self, *arguments: str, fails: bool = False, script: str = "manage.py", **environment: str) -> str:
        """What ``manage.py`` with these arguments says."""
        done = subprocess.run(
            [sys.executable, "-W", "error", script, *arguments],
            cwd=PROJECT,
            env={**os.environ, "PYTHONUTF8": "1", "SHOP_DATABASE": json.dumps(self.settings), **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said

    def ours(self) -> dict[str, int]:
        """How many rows each table of csdomain has."""
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                names = [name for name in inspect(connection).get_table_names() if name.startswith("csd_")]
                return {n: connection.execute(select(func.count()).select_from(table(n))).scalar_one() for n in names}
        finally:
            engine.dispose()


@pytest.fixture(params=BACKENDS)
def shop(request: pytest.FixtureRequest, database_url: Callable[[str], str]) -> Project:
    url = database_url(request.param)
    return Project(url, database(url))


# --- the project, as a newcomer uses it -------------------------------------------------------------------------------


def test_f10_a_project_s_own_tests_run_and_leave_the_real_database_alone(shop: Project) -> None:
    """Plain tests and those that commit. Nobody has migrated yet; with tables there, see the life of a project."""
    said = shop.manage("test")
    assert "Ran 16 tests" in said
    assert "OK" in said
    assert shop.ours() == {}


def test_f10_nothing_of_the_tests_is_in_a_real_database_with_tables(sqlite_url: str, tmp_path: Path) -> None:
    """On SQLite with the tests' database in a file of its own."""
    csdomain.open(sqlite_url).close()
    shop = Project(sqlite_url, database(sqlite_url) | {"TEST": {"NAME": str(tmp_path / "test.db")}})
    before = shop.ours()
    assert "OK" in shop.manage("test")
    assert shop.ours() == before


def test_f10_tests_run_in_processes_side_by_side(postgresql_url: str) -> None:
    assert "OK" in Project(postgresql_url, database(postgresql_url)).manage("test", "--parallel", "2")


@pytest.mark.parametrize("backend", BACKENDS)
def test_f10_the_life_of_a_project(backend: str, database_url: Callable[[str], str]) -> None:
    """Django makes the tables that csdomain makes, to the last index, takes them back, and empties them."""

    def live(url: str) -> dict[str, Any]:
        said = Project(url, database(url)).manage(script="life.py")
        found: dict[str, Any] = json.loads(said)
        return found

    made = database_url(backend)
    with csdomain.open(made, upgrade=True, holidays=no_holidays()) as first:
        id = received(first).id
    one, other = live(database_url(backend)), live(made)

    assert one["before"] == {}
    assert one["whole"] == one["again"] == other["before"] == other["whole"] != {}
    assert other["ours"] == other["still ours"] == [id], "a database that csdomain made is taken over as it is"
    assert "No changes" in one["changes"]
    assert "csd_complaint" in one["at 0002"]
    assert "csd_staff" not in one["at 0002"]
    assert set(one["zero"]) <= {"csd_alembic_version"}
    assert one["rows"] == one["flushed"] == {"csd_alembic_version": 1}
    assert one["filled"] == 2
    assert one["theirs"], "the table of a context that others plugged in"


def test_each_revision_of_the_tables_has_a_migration_of_django_s() -> None:
    """Whoever adds one to sql/migrations/versions adds one to django/migrations, of the same name."""
    adapters = ROOT / "adapters" / "csdomain_adapters"
    revisions = sorted(path.stem.removeprefix("v") for path in (adapters / "sql/migrations/versions").glob("v*.py"))
    migrations = sorted(path.stem for path in (adapters / "django/migrations").glob("0*.py"))
    assert migrations == revisions
    assert migrations[-1].startswith(HEAD)
    for before, path in zip(
        ["base", *migrations], sorted((adapters / "django/migrations").glob("0*.py")), strict=False
    ):
        words = path.read_text()
        assert f'tables("{path.stem[:4]}", "{before[:4]}")' in words
        assert before == "base" or f'[("csdomain", "{before}")]' in words


def test_another_database_of_the_project_is_passed_by() -> None:
    """One that no desk can be on: nothing is asked of it."""
    elsewhere = SimpleNamespace(connection=SimpleNamespace(vendor="oracle"))
    for step in (tables("0001", "base").code, tables("0001", "base").reverse_code):
        assert step(None, elsewhere) is None


@pytest.mark.parametrize(
    ("rulebook", "said"),
    [("nope", "csdomain.E002"), ("medical_centre", "no issues")],
)
def test_a_rulebook_is_checked_before_anything_runs(sqlite_url: str, rulebook: str, said: str) -> None:
    project = Project(sqlite_url, database(sqlite_url))
    assert said in project.manage("check", fails=said != "no issues", SHOP_RULEBOOK=rulebook)


# --- the desk of an alias ---------------------------------------------------------------------------------------------


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, clean_url: Callable[[str], str]) -> Iterator[str]:
    url = clean_url(request.param)
    with project(url):
        yield url


def opened(**options: Any) -> csdomain.Desk:
    return csdomain.open(f"django:{ALIAS}", **{"clock": MovableClock(), "holidays": no_holidays(), **options})


def kept(made: csdomain.Desk, id: str) -> list[str]:
    return [refusal.use_case for refusal in made.store.look(lambda unit: unit.session.refusals(id))]


def refuse(services: Any, made: csdomain.Desk, id: str) -> None:
    services.complaints.check(id, "x", by=agent(made, "v-1", position=""), at=made.clock.now())


def test_f10_a_desk_that_opens_touches_no_database() -> None:
    """Nor do settings that name one which is not there; it is looked for when it is needed, and missed by name."""
    nowhere = database("sqlite:////nowhere/at/all.db")
    connections.settings[ALIAS] = connections.configure_settings({"default": {}, ALIAS: nowhere})[ALIAS]
    try:
        made = opened()
        assert connections[ALIAS].connection is None
        with pytest.raises(csdomain.DomainError) as failed:
            made.complaints.find(by=agent(made))
        assert failed.value.code == "store_failure"
    finally:
        del connections[ALIAS], connections.settings[ALIAS]


@pytest.mark.parametrize("backend", BACKENDS)
def test_missing_tables_are_said_with_the_command_that_makes_them(
    backend: str, database_url: Callable[[str], str]
) -> None:
    with project(database_url(backend)):
        made = opened()
        for use in (lambda: made.complaints.find(by=agent(made)), lambda: received(made)):
            with pytest.raises(SchemaOutdated) as failed:
                use()
            assert failed.value.facts["actual"] == "none"
            assert "manage.py migrate" in str(failed.value)
        with pytest.raises(SchemaOutdated), atomic(made):
            pytest.fail("no block begins")
        assert not connections[ALIAS].in_atomic_block


@pytest.mark.rule(HOUSE_RULES)
def test_the_rulebook_is_kept_with_the_first_use_that_is_committed(url: str) -> None:
    made = opened()

    def there() -> bool:
        return made.store.look(lambda unit: unit.session.get_rulebook(made.house.rulebook.ref)) is not None

    assert not there()
    for undone in (lambda: atomic(made), lambda: transaction.atomic(using=ALIAS)):
        with suppress(ZeroDivisionError), undone():
            received(made)
            raise ZeroDivisionError
        assert not there(), "the block is undone"
    with atomic(made):
        pass
    assert there()


def test_in_a_block_of_django_s_the_desk_takes_part(url: str) -> None:
    made = opened()
    with transaction.atomic(using=ALIAS):
        filed = received(made)
        Order.objects.using(ALIAS).create(name="A1", complaint=filed.id)
        assert made.complaints.get(filed.id, by=agent(made)).number == filed.number
        with suppress(ZeroDivisionError), transaction.atomic(using=ALIAS):
            received(made)
            raise ZeroDivisionError
    assert [case.id for case in made.complaints.find(by=agent(made)).items] == [filed.id]
    assert received(made).number.endswith("-0002"), "the number was given back"


@pytest.mark.rule(AUDITED)
def test_a_refusal_is_kept_with_its_block_and_once(url: str) -> None:
    made = opened()
    id = received(made).id
    with pytest.raises(RuleBroken):
        refuse(made, made, id)
    assert len(kept(made, id)) == 1, "by itself: after the rollback"
    with transaction.atomic(using=ALIAS), pytest.raises(RuleBroken):
        refuse(made, made, id)
    assert len(kept(made, id)) == 2, "in a block: with the block"
    with pytest.raises(RuleBroken), atomic(made), atomic(made) as inner:
        refuse(inner, made, id)
    assert len(kept(made, id)) == 3, "out of all blocks: once"
    with pytest.raises(RuleBroken), atomic(made):
        refuse(made, made, id)
    assert len(kept(made, id)) == 4, "the desk itself in a block: once"
    with atomic(made), pytest.raises(RuleBroken), atomic(made) as inner:
        refuse(inner, made, id)
    assert len(kept(made, id)) == 5, "out of the inner block alone: with the outer one"
    with pytest.raises(RuleBroken), atomic(made), atomic(made, savepoint=False) as inner:
        refuse(inner, made, id)
    assert len(kept(made, id)) == 6


@pytest.mark.rule(AUDITED)
@pytest.mark.parametrize("block", [nullcontext, lambda: transaction.atomic(using=ALIAS)], ids=["alone", "in a block"])
def test_a_refusal_that_cannot_be_kept_does_not_hide_the_refusal(
    block: Callable[[], Any], url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = opened()
    id = received(made).id

    def full(*_: object) -> None:
        raise StoreFailure(database="full")

    monkeypatch.setattr(SqlSession, "add_refusal", full)
    with block(), pytest.raises(RuleBroken):
        refuse(made, made, id)
    assert "a refusal of complaint.check could not be kept" in caplog.text
    assert received(made).number.endswith("-0002")


def test_half_a_use_case_is_undone_in_a_block_that_goes_on(url: str) -> None:
    made = opened()
    case = made.complaints.get(received(made).id, by=agent(made))

    def half(unit: Any) -> None:
        unit.session.next_number("half")
        unit.of(COMPLAINTS).add(case)  # there is one

    with transaction.atomic(using=ALIAS):
        with pytest.raises(csdomain.DomainError):
            made.store.run(half)
        Order.objects.using(ALIAS).create(name="A1", complaint=case.id)
    assert Order.objects.using(ALIAS).count() == 1
    assert made.store.run(lambda unit: unit.session.next_number("half")) == 1


@pytest.mark.rule(ONE_WRITER)
def test_a_unit_within_a_unit_is_refused(url: str) -> None:
    made = opened()
    for block in (nullcontext(), transaction.atomic(using=ALIAS)):
        with block, pytest.raises(UnitWithinUnit):
            made.store.run(lambda _: received(made))
    assert received(made).number.endswith("-0001")


def test_where_the_host_commits_by_itself_the_desk_leaves_that_to_it(url: str) -> None:
    made = opened()
    connections[ALIAS].set_autocommit(False)
    try:
        received(made)
        connections[ALIAS].rollback()
        received(made)
        connections[ALIAS].commit()
    finally:
        connections[ALIAS].set_autocommit(True)
    assert [case.number[-4:] for case in made.complaints.find(by=agent(made)).items] == ["0001"]


@pytest.mark.rule(ONE_WRITER)
def test_a_connection_that_was_cut_goes_unnoticed(clean_url: Callable[[str], str]) -> None:
    with project(clean_url("postgresql")):
        made = opened()
        received(made)
        for use in (lambda: received(made), lambda: made.complaints.find(by=agent(made))):
            connection = connections[ALIAS]
            connection.ensure_connection()
            pid = connection.connection.info.backend_pid
            with closing(connection.copy()) as other, other.cursor() as cursor:
                cursor.execute("select pg_terminate_backend(%s)", [pid])
            use()
        assert len(made.complaints.find(by=agent(made)).items) == 2


@pytest.mark.rule(ONE_WRITER)
@pytest.mark.parametrize("done", [True, False], ids=["committed", "not committed"])
def test_a_commit_without_an_answer_happens_once_under_a_key_and_is_said_without(
    done: bool, clean_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with project(clean_url("postgresql")):
        made = opened()
        received(made)  # what a desk does first is done
        connection = connections[ALIAS]
        commit = connection.commit
        cuts: list[int] = []

        def cut() -> None:
            if not cuts:
                cuts.append(1)
                if done:
                    commit()
                raise OperationalError from psycopg.OperationalError("the server closed the connection")
            commit()

        monkeypatch.setattr(connection, "commit", cut)
        first = received(made, key="k")
        assert (cuts, first.number[-4:]) == ([1], "0002")
        cuts.clear()
        with pytest.raises(OutcomeUnknown) as unknown:
            received(made)
        assert not unknown.value.retryable
        assert len(made.complaints.find(by=agent(made)).items) == (3 if done else 2)


@pytest.mark.rule(ONE_WRITER)
def test_a_database_that_is_busy_is_tried_again_and_then_said(clean_url: Callable[[str], str]) -> None:
    with project(clean_url("sqlite"), OPTIONS={"timeout": 0}):
        made = opened()
        received(made)
        with closing(connections[ALIAS].copy()) as holder, holder.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            made.complaints.find(by=agent(made))  # who reads never waits
            with pytest.raises(StoreBusy):
                received(made)
            with pytest.raises(StoreBusy), transaction.atomic(using=ALIAS):
                received(made)
            cursor.execute("ROLLBACK")
        assert received(made).number.endswith("-0002")


@pytest.mark.rule(PERSONAL_DATA)
def test_what_is_erased_is_in_no_file(clean_url: Callable[[str], str]) -> None:
    url = clean_url("sqlite")
    with project(url):
        made = opened()
        connections[ALIAS].cursor().execute("PRAGMA secure_delete = ON").close()  # the app does, on each connection
        case = received(made, complaint_form(customer="c-erased", reason="zeugnis von Zhang"))
        files = [Path(url.removeprefix("sqlite:///") + end) for end in ("", "-wal")]
        assert any(b"zeugnis" in path.read_bytes() for path in files)
        made.erase_customer("c-erased", by=agent(made, position="general_manager"), at=made.clock.now())
        assert made.complaints.get(case.id, by=agent(made)).number == case.number
        assert not any(b"zeugnis" in path.read_bytes() for path in files)


def test_a_block_on_another_database_is_refused(url: str) -> None:
    made = opened()
    with pytest.raises(OtherDatabase) as refused, atomic(made, "default"):
        pytest.fail("no block begins")
    assert refused.value.facts["given"] == "default"
    with pytest.raises(OtherDatabase):
        within(made, "default")
    assert within(made, ALIAS) is not None


def test_what_a_desk_on_an_alias_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    with project("sqlite:///:memory:"):
        with pytest.raises(TypeError, match="no option 'busy_seconds': it stands in DATABASES"):
            opened(busy_seconds=3)
        assert opened(upgrade=True).store is not None
        monkeypatch.setattr(connections[ALIAS], "vendor", "oracle", raising=False)
        with pytest.raises(MissingBackend) as missing:
            opened()
        assert missing.value.facts["given"] == "oracle"
        with pytest.raises(MissingBackend) as missing:
            csdomain.open("django:nowhere")
        assert missing.value.facts["given"] == "nowhere"
        assert f"default, {ALIAS}" in str(missing.value)
        with pytest.raises(MissingBackend):
            desk("nowhere")


@pytest.mark.parametrize("there", [True, False], ids=["with settings", "without"])
def test_the_command_line_works_on_a_project_s_database(sqlite_url: str, there: bool) -> None:
    csdomain.open(sqlite_url).close()
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "SHOP_DATABASE": json.dumps(database(sqlite_url))}
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "csdomain_adapters.cli", "sweep", "django:default"],
        cwd=PROJECT,
        env={**environment, "PYTHONUTF8": "1", "PYTHONPATH": ".", **(settings if there else {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if there:
        assert (done.returncode, done.stderr) == (0, "")
        assert "0 deadlines breached" in done.stdout
    else:
        assert done.returncode != 0
        assert "DJANGO_SETTINGS_MODULE names the settings" in done.stderr
        assert "Traceback" not in done.stderr


# --- settings ---------------------------------------------------------------------------------------------------------


def test_the_desk_of_an_alias_is_opened_once_by_its_options() -> None:
    seen: list[tuple[str, float, str]] = []
    with project("sqlite:///:memory:"):
        plain = desk(ALIAS)
        assert plain is desk(ALIAS)
        with override_settings(CSDOMAIN={ALIAS: {"rulebook": "fleet", "observer": lambda *told: seen.append(told)}}):
            assert desk(ALIAS).house.rulebook.name == "fleet"
            assert desk(ALIAS) is desk(ALIAS)
            with pytest.raises(SchemaOutdated):
                received(desk(ALIAS), by=staff(desk(ALIAS))["customer_representative"])
        assert desk(ALIAS) is plain
        with override_settings(CSDOMAIN={ALIAS: {"clock": "csdomain_adapters.system.SystemClock"}}):
            assert desk(ALIAS).clock.__name__ == "SystemClock"  # type: ignore[attr-defined]
    assert [outcome for _, _, outcome in seen] == ["schema_outdated"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ([], "a dictionary of databases"),
        ({"shpo": {}}, "'shpo', which is not in DATABASES"),
        ({ALIAS: "fleet"}, "a dictionary of options"),
        ({ALIAS: {"rulebok": "fleet"}}, "no option 'rulebok'; there are rulebook"),
        ({ALIAS: {"observer": "nowhere.at_all"}}, "observer cannot be imported"),
    ],
    ids=str,
)
def test_a_fault_in_the_settings_is_named(setting: object, said: str) -> None:
    with (
        project("sqlite:///:memory:"),
        override_settings(CSDOMAIN=setting),
        pytest.raises(ImproperlyConfigured, match=said),
    ):
        desk(ALIAS)
