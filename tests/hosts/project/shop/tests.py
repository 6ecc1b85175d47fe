"""What a project's own tests look like: plain ones, which are rolled back, and those that commit."""

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.backends.signals import connection_created
from django.test import TestCase, TransactionTestCase, override_settings

from csdomain import RuleBroken
from csdomain.kernel.store.ports import Queued
from csdomain.testing import accepted
from csdomain_adapters.django import atomic, desk
from shop.models import Order
from shop.services import AT, DESK, SALES, VISITOR, order


def filed() -> list[str]:
    return [case.number[-4:] for case in DESK.complaints.find(by=SALES).items]


def kept(name: str) -> bool:
    """Whether the desk's rulebook is in the database."""
    ref = DESK.house.rulebook.ref
    return ref.startswith(name) and DESK.store.look(lambda unit: unit.session.get_rulebook(ref)) is not None


class Post:
    """Takes any message."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, message: Queued) -> None:
        self.sent.append(message.occasion)


class Plain(TestCase):
    """Each test begins with an empty desk, whatever the others did."""

    def test_a_block(self) -> None:
        order("A1")
        self.assertEqual(filed(), ["0001"])

    def test_another_block(self) -> None:
        order("A1")
        order("A2")
        self.assertEqual(filed(), ["0001", "0002"])
        self.assertEqual(Order.objects.count(), 2)

    def test_what_the_desk_does_by_itself_is_in_the_test_too(self) -> None:
        id = order("A1").id
        self.assertEqual(DESK.complaints.get(id, by=SALES).state.value, "checked")
        self.assertEqual(DESK.sweep().breached, 0)
        accepted(DESK)
        post = Post()
        self.assertEqual(DESK.relay(post).sent, len(post.sent))
        self.assertIn("complaint.accepted", post.sent)

    def test_a_refusal_is_on_record(self) -> None:
        id = order("A1").id
        with self.assertRaises(RuleBroken):
            DESK.complaints.check(id, "again", by=VISITOR, at=AT)
        with self.assertRaises(RuleBroken), atomic(DESK) as inner:
            inner.complaints.check(id, "again", by=VISITOR, at=AT)
        self.assertEqual(len(DESK.store.look(lambda unit: unit.session.refusals(id))), 2)
        self.assertEqual(filed(), ["0001"])

    def test_the_rulebook_is_kept(self) -> None:
        order("A1")
        self.assertTrue(kept("after_sales"))

    @override_settings(CSDOMAIN={"default": {"rulebook": "fleet"}})
    def test_settings_may_change(self) -> None:
        self.assertEqual(desk().house.rulebook.name, "fleet")

    def test_what_is_erased_is_overwritten(self) -> None:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA secure_delete = OFF")  # as SQLite is built in most places
                connection_created.send(sender=type(connection), connection=connection)
                cursor.execute("PRAGMA secure_delete")
                self.assertEqual(cursor.fetchone(), (1,))

    def test_the_desk_is_one(self) -> None:
        self.assertIs(desk(), DESK)


class Committing(TransactionTestCase):
    """Each test commits; Django empties the tables after it, csdomain's as well."""

    def test_one(self) -> None:
        self.assertFalse(connection.in_atomic_block)
        order("A1")
        self.assertEqual(filed(), ["0001"])
        self.assertTrue(kept("after_sales"))

    def test_two(self) -> None:
        order("A1")
        self.assertEqual(filed(), ["0001"])
        self.assertTrue(kept("after_sales"))
        id = DESK.complaints.find(by=SALES).items[0].id
        with self.assertRaises(RuleBroken):
            DESK.complaints.check(id, "again", by=VISITOR, at=AT)
        self.assertEqual(len(DESK.store.look(lambda unit: unit.session.refusals(id))), 1)

    def test_three(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            order("A1")
            raise ZeroDivisionError
        self.assertEqual((filed(), Order.objects.count()), ([], 0))


class Admin(TestCase):
    def setUp(self) -> None:
        self.client.force_login(User.objects.create_superuser("root"))
        self.id = order("A1").id
        with self.assertRaises(RuleBroken):
            DESK.complaints.check(self.id, "Zhang Wei is angry", by=VISITOR, at=AT)

    def test_lists_name_nobody(self) -> None:
        for table in ("complaint", "order", "staff", "delegation", "audit", "refusal", "timer", "outbox"):
            page = self.client.get(f"/admin/csdomain/{table}/").content.decode()
            for word in ("c-2041", "Zhang", "13812345678", "u-17", "v-1"):
                self.assertNotIn(word, page, table)
        self.assertContains(self.client.get("/admin/csdomain/complaint/"), self.id)
        self.assertContains(self.client.get("/admin/csdomain/audit/", {"q": self.id}), "checked")

    def test_a_page_shows_ids_and_no_words(self) -> None:
        page = self.client.get(f"/admin/csdomain/complaint/{self.id}/change/")
        self.assertContains(page, "c-2041")
        self.assertNotContains(page, "Zhang")
        self.assertNotContains(page, "Save")

    def test_nothing_can_be_changed(self) -> None:
        timed = accepted(DESK, at=AT).id  # several timers, whose pages there are none
        self.assertContains(self.client.get("/admin/csdomain/timer/", {"q": timed}), timed)
        for table, id in (("complaint", self.id), ("timer", timed)):
            for what in (f"{id}/change/", f"{id}/delete/", "add/"):
                answer = self.client.post(f"/admin/csdomain/{table}/{what}", {"state": "closed"})
                self.assertIn(answer.status_code, (302, 403), what)
        self.assertEqual(DESK.complaints.get(self.id, by=SALES).state.value, "checked")

    def test_in_chinese(self) -> None:
        self.assertContains(self.client.get("/admin/", headers={"accept-language": "zh-hans"}), "投诉")

    def test_staff_need_permission(self) -> None:
        self.client.force_login(User.objects.create_user("clerk", is_staff=True))
        self.assertEqual(self.client.get("/admin/csdomain/complaint/").status_code, 403)
