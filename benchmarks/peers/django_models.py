"""The models of the Django peer, on csdomain's own tables. Imported once Django is configured."""

from django.db import models
from django.db.models import F
from django.db.transaction import atomic
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

__all__ = ["Audit", "Complaint", "F", "Key", "Number", "Outbox", "Timer", "atomic"]


class Complaint(ConcurrentTransitionMixin, models.Model):
    id = models.CharField(max_length=40, primary_key=True)
    version = models.IntegerField()
    schema = models.IntegerField()
    branch = models.CharField(max_length=64)
    owner = models.CharField(max_length=64)
    number = models.CharField(max_length=120, null=True, unique=True)
    state = FSMField(max_length=120, null=True, default="received")
    rulebook = models.CharField(max_length=120, null=True)
    customer = models.CharField(max_length=120, null=True)
    claimed = models.BigIntegerField(null=True)
    granted = models.BigIntegerField(null=True)
    lost = models.BigIntegerField(null=True)
    received_at = models.BigIntegerField(null=True)
    closed_at = models.BigIntegerField(null=True)
    closed_month = models.CharField(max_length=120, null=True)
    class_name = models.CharField(max_length=120, null=True)
    cause = models.CharField(max_length=120, null=True)
    unit = models.CharField(max_length=120, null=True)
    product = models.CharField(max_length=120, null=True)
    in_time = models.BooleanField(null=True)
    grave = models.BooleanField(null=True)
    reviewed = models.BooleanField(null=True)
    discrepancies = models.BigIntegerField(null=True)
    queue = models.CharField(max_length=120, null=True)
    body = models.BinaryField()

    class Meta:
        app_label, managed, db_table = "peer", False, "csd_complaint"

    @transition(field=state, source="received", target="checked")
    def check_order(self) -> None: ...

    @transition(field=state, source="checked", target="accepted")
    def accept(self) -> None: ...

    @transition(field=state, source="accepted", target="withdrawn")
    def withdraw(self) -> None: ...

    # The whole complaint: each use case by its own name.
    @transition(field=state, source="received", target="checked")
    def do_check(self) -> None: ...

    @transition(field=state, source="checked", target="accepted")
    def do_accept(self) -> None: ...

    @transition(field=state, source="accepted", target="accepted")
    def do_involve(self) -> None: ...

    @transition(field=state, source="accepted", target="investigating")
    def do_investigate(self) -> None: ...

    @transition(field=state, source="investigating", target="investigating")
    def do_contribute(self) -> None: ...

    @transition(field=state, source="investigating", target="investigating")
    def do_inspect(self) -> None: ...

    @transition(field=state, source="investigating", target="investigating")
    def do_conclude(self) -> None: ...

    @transition(field=state, source="investigating", target="reported")
    def do_report(self) -> None: ...

    @transition(field=state, source="reported", target="reported")
    def do_rule(self) -> None: ...

    @transition(field=state, source="reported", target="judged")
    def do_judge(self) -> None: ...

    @transition(field=state, source="judged", target="awaiting_decision")
    def do_submit(self) -> None: ...

    @transition(field=state, source="awaiting_decision", target="decided")
    def do_approve(self) -> None: ...

    @transition(field=state, source="decided", target="answered")
    def do_answer(self) -> None: ...

    @transition(field=state, source="answered", target="closed")
    def do_close(self) -> None: ...


class Audit(models.Model):
    seq = models.BigAutoField(primary_key=True)
    event_id = models.CharField(max_length=40, unique=True)
    subject = models.CharField(max_length=64)
    actor = models.CharField(max_length=64)
    at = models.BigIntegerField()
    name = models.CharField(max_length=80)
    schema = models.IntegerField()
    move = models.CharField(max_length=64)
    source = models.CharField(max_length=64)
    dest = models.CharField(max_length=64)
    reason = models.CharField(max_length=400)
    facts = models.BinaryField()
    position = models.BigIntegerField(null=True)

    class Meta:
        app_label, managed, db_table = "peer", False, "csd_audit"


class Timer(models.Model):
    pk = models.CompositePrimaryKey("subject", "name")
    subject = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    state = models.CharField(max_length=16)
    started_at = models.BigIntegerField()
    due_at = models.BigIntegerField()
    next_at = models.BigIntegerField(null=True)
    body = models.BinaryField()

    class Meta:
        app_label, managed, db_table = "peer", False, "csd_timer"


class Outbox(models.Model):
    seq = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=120, unique=True)
    occasion = models.CharField(max_length=120)
    recipient = models.CharField(max_length=120)
    facts = models.BinaryField()
    created_at = models.BigIntegerField()
    attempts = models.IntegerField()
    next_at = models.BigIntegerField(null=True)
    sent_at = models.BigIntegerField(null=True)
    failure = models.CharField(max_length=400)

    class Meta:
        app_label, managed, db_table = "peer", False, "csd_outbox"


class Number(models.Model):
    series = models.CharField(max_length=120, primary_key=True)
    last = models.BigIntegerField()

    class Meta:
        app_label, managed, db_table = "peer", False, "csd_number"


class Key(models.Model):
    pk = models.CompositePrimaryKey("actor", "use_case", "key")
    actor = models.CharField(max_length=64)
    use_case = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    receipt = models.BinaryField(null=True)
    at = models.BigIntegerField()

    class Meta:
        app_label, managed, db_table = "peer", False, "csd_key"
