"""What happens to csdomain's tables in the life of a project, as JSON: one process, for starting takes the longest."""

import json
import os
from io import StringIO
from typing import Any

import attrs
import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command
from django.db import connection, transaction
from shop.services import DESK, SALES, order

import csdomain.desk
from csdomain.complaints.case import COMPLAINTS


def say(*command: str, **options: Any) -> str:
    out = StringIO()
    call_command(*command, stdout=out, stderr=out, no_color=True, **options)
    return out.getvalue()


def tables() -> dict[str, Any]:
    """Columns, keys and indexes of csdomain's tables."""
    see, found = connection.introspection, {}
    with connection.cursor() as cursor:
        for name in sorted(see.table_names(cursor)):
            if name.startswith("csd_"):
                columns = [(c.name, str(c.type_code), c.null_ok) for c in see.get_table_description(cursor, name)]
                made = see.get_constraints(cursor, name)
                named = [(key, c["columns"], c["unique"], c["primary_key"]) for key, c in sorted(made.items())]
                found[name] = (columns, named)
    return found


def rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        counted = {}
        for name in tables():
            cursor.execute(f"select count(*) from {name}")  # noqa: S608
            if rows := cursor.fetchone()[0]:
                counted[name] = rows
    return counted


life: dict[str, Any] = {"before": tables()}
life["ours"] = [case.id for case in DESK.complaints.find(by=SALES).items] if life["before"] else []
say("migrate", "csdomain")
life["whole"] = tables()
life["still ours"] = [case.id for case in DESK.complaints.find(by=SALES).items]
life["changes"] = say("makemigrations", check=True, dry_run=True)
say("migrate", "csdomain", "0002")
life["at 0002"] = sorted(tables())
say("migrate", "csdomain", "zero")
life["zero"] = sorted(tables())
say("migrate")
life["again"] = tables()
life["rows"] = rows()
order("A1")
with transaction.atomic():
    order("A2")
life["filled"] = rows()["csd_complaint"]
say("flush", interactive=False)
life["flushed"] = rows()
csdomain.desk.stored = lambda: (attrs.evolve(COMPLAINTS, table="theirs"),)
say("migrate")
life["theirs"] = "csd_theirs" in tables()
print(json.dumps(life))
