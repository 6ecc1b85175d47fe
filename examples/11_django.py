"""A Django project and a desk on one database: an order and its complaint are stored together, or not at all."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import django
from django.conf import settings

import csdomain
from csdomain.kernel.rules.errors import RuleBroken, StoreBusy
from csdomain_adapters.django import atomic, within

database = Path(tempfile.mkdtemp()) / "shop.db"

# --- settings.py
settings.configure(
    USE_TZ=True,
    INSTALLED_APPS=[],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": database,
            # A transaction that begins as a reader may fail, at once, when it turns into a writer.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30},
        }
    },
)
django.setup()

# --- models.py
from django.db import IntegrityError, OperationalError, connection, models, transaction  # noqa: E402 - after the settings


class Order(models.Model):
    name = models.CharField(max_length=20, primary_key=True)
    complaint = models.CharField(max_length=40)

    class Meta:
        app_label = "shop"


with connection.schema_editor() as editor:  # your migrations do this
    editor.create_model(Order)

# --- desk.py: one desk a process, opened when the process starts
desk = csdomain.open(f"sqlite:///{database}", rulebook="after_sales")


# --- services.py
def complain(name: str, form: csdomain.ComplaintForm, by: csdomain.Actor, at: datetime) -> str:
    """An order that came with a complaint; the complaint's number."""
    with atomic(desk) as inner:
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


agent = desk.actor("u-17", branch="hq", positions=("sales",))
clerk = desk.actor("u-04", branch="hq", positions=("service_agent",))
now = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
form = csdomain.ComplaintForm(customer="c-2041", demand="refund", reason="cracked")

print("together ", complain_patiently("o-1", form, agent, now))
[order] = Order.objects.all()
assert desk.complaints.get(order.complaint, by=agent).state.value == "checked"

# Customer service may file, and does not check orders: the block is rolled back, the order and the number with it.
try:
    complain("o-2", form, clerk, now)
except RuleBroken as refused:
    print("refused  ", refused.rule.id, refused.facts["action"])
assert Order.objects.count() == 1
assert complain("o-2", form, agent, now) == "KS202611-0002"

# Blocks in blocks are savepoints, as everywhere in Django.
with atomic(desk) as outer:
    first = outer.complaints.receive(form, by=agent, at=now)
    try:
        with atomic(desk) as inner:
            second = inner.complaints.receive(form, by=agent, at=now)
            Order.objects.create(name="o-1", complaint=second.id)  # there is one
    except IntegrityError:
        print("undone   ", second.number)
    third = outer.complaints.receive(form, by=agent, at=now)
assert (first.number, second.number, third.number) == ("KS202611-0003", "KS202611-0004", "KS202611-0004")


# Where Django has opened the block (ATOMIC_REQUESTS, a decorator), join it.
@transaction.atomic
def view() -> str:
    return within(desk).complaints.receive(form, by=agent, at=now).number


print("in a view", view())
assert Order.objects.count() == 2
desk.close()
connection.close()
