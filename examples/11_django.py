"""A Django project with csdomain as an app: an order and its complaint are stored together, or not at all."""

import sys
import tempfile
import unittest
from datetime import UTC, datetime
from pathlib import Path

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.management import call_command

import csdomain
from csdomain.kernel.rules.errors import RuleBroken, StoreBusy
from csdomain_adapters.django import atomic, desk, within

database = Path(tempfile.mkdtemp()) / "shop.db"


class Shop(AppConfig):  # a project has a folder for its app; here it is this file
    name, label, path = "__main__", "shop", str(database.parent)

    def import_models(self) -> None:
        super().import_models()
        self.models_module = sys.modules["__main__"]


# --- settings.py
settings.configure(
    USE_TZ=True,
    INSTALLED_APPS=["csdomain_adapters.django", "__main__.Shop"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": database,
            # A transaction that begins as a reader may fail, at once, when it turns into a writer.
            # With a write-ahead log nobody who reads waits for a writer.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": "PRAGMA journal_mode = WAL"},
        }
    },
    CSDOMAIN={"default": {"rulebook": "after_sales"}},
)
django.setup()

# --- models.py
from django.db import IntegrityError, OperationalError, connection, models, transaction  # noqa: E402 - after the settings


class Order(models.Model):
    name = models.CharField(max_length=20, primary_key=True)
    complaint = models.CharField(max_length=40)

    class Meta:
        app_label = "shop"


call_command("migrate", run_syncdb=True, verbosity=0)  # you run it by hand


# --- services.py
def complain(name: str, form: csdomain.ComplaintForm, by: csdomain.Actor, at: datetime) -> str:
    """An order that came with a complaint; the complaint's number."""
    with atomic(desk()) as inner:
        filed = inner.complaints.receive(form, by=by, at=at, key=f"order-{name}")
        Order.objects.create(name=name, complaint=filed.id)
        inner.complaints.check(filed.id, "the order is ours", by=by, at=at)
    return filed.number


def complain_patiently(name: str, form: csdomain.ComplaintForm, by: csdomain.Actor, at: datetime) -> str:
    """The same, tried again where the database is busy: always the whole block."""
    for _ in range(4):
        try:
            return complain(name, form, by, at)
        except (StoreBusy, OperationalError):  # from csdomain, from Django
            continue
    return complain(name, form, by, at)


agent = desk().actor("u-17", branch="hq", positions=("sales",))
clerk = desk().actor("u-04", branch="hq", positions=("service_agent",))
now = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
form = csdomain.ComplaintForm(customer="c-2041", demand="refund", reason="cracked")

print("together ", complain_patiently("o-1", form, agent, now))
[order] = Order.objects.all()
assert desk().complaints.get(order.complaint, by=agent).state.value == "checked"

# Customer service may file, and does not check orders: the block is rolled back, the order and the number with it.
try:
    complain("o-2", form, clerk, now)
except RuleBroken as refused:
    print("refused  ", refused.rule.id, refused.facts["action"])
assert Order.objects.count() == 1
assert complain("o-2", form, agent, now) == "KS202611-0002"

# Blocks in blocks are savepoints, as everywhere in Django.
with atomic(desk()) as outer:
    first = outer.complaints.receive(form, by=agent, at=now)
    try:
        with atomic(desk()) as inner:
            second = inner.complaints.receive(form, by=agent, at=now)
            Order.objects.create(name="o-1", complaint=second.id)  # there is one
    except IntegrityError:
        print("undone   ", second.number)
    third = outer.complaints.receive(form, by=agent, at=now)
assert (first.number, second.number, third.number) == ("KS202611-0003", "KS202611-0004", "KS202611-0004")


# Where Django has opened the block (ATOMIC_REQUESTS, a decorator), join it; the desk itself joins it too.
@transaction.atomic
def view() -> str:
    filed = within(desk()).complaints.receive(form, by=agent, at=now)
    return desk().complaints.get(filed.id, by=agent).number


print("in a view", view())
assert Order.objects.count() == 2

# --- tests.py
from django.test import TestCase, TransactionTestCase  # noqa: E402 - after the settings
from django.test.runner import DiscoverRunner  # noqa: E402


class Complaining(TestCase):
    """Rolled back after each test: the desk is empty again, and its numbers begin anew."""

    def test_an_order_has_its_complaint(self) -> None:
        assert complain("o-1", form, agent, now) == "KS202611-0001"
        assert Order.objects.get().complaint == desk().complaints.find(by=agent).items[0].id

    def test_who_may_not_check_is_refused_and_it_is_on_record(self) -> None:
        filed = desk().complaints.receive(form, by=agent, at=now)
        with self.assertRaises(RuleBroken):
            desk().complaints.check(filed.id, "ours", by=clerk, at=now)
        [kept] = desk().store.look(lambda unit: unit.session.refusals(filed.id))
        assert kept.rule == "KRN-13"

    def test_what_is_late_is_told(self) -> None:
        desk().complaints.receive(form, by=agent, at=now)
        assert desk().sweep(now).breached == 0  # jobs run in the test's transaction too


class Committing(TransactionTestCase):
    """Commits, in the tests' database; Django empties csdomain's tables with its own."""

    def test_what_runs_after_the_commit(self) -> None:
        told: list[str] = []
        with atomic(desk()) as inner:
            inner.complaints.receive(form, by=agent, at=now)
            transaction.on_commit(lambda: told.append("filed"))
        assert told == ["filed"]


# --- what `manage.py test` does
runner = DiscoverRunner(verbosity=0)
runner.setup_test_environment()
databases = runner.setup_databases()
tests = [unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in (Complaining, Committing)]
result = unittest.TextTestRunner(verbosity=0).run(unittest.TestSuite(tests))
runner.teardown_databases(databases)
runner.teardown_test_environment()
assert (result.testsRun, result.failures, result.errors) == (4, [], [])
connection.close()
with csdomain.open(f"sqlite:///{database}") as outside:
    assert len(outside.complaints.find(by=agent).items) == 5, "the tests wrote nothing here"
