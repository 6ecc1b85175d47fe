"""What a migration of Django's does: it brings csdomain's own tables to one of their revisions."""

from functools import partial
from typing import Any

from django.db import migrations

from .shapes import shapes
from .store import VENDORS, hosted


def _bring(direction: str, revision: str, _: Any, editor: Any) -> None:
    connection = editor.connection
    if connection.vendor not in VENDORS:
        return  # another database of the project's, which no desk can be on: `migrate` passes by
    module, vendor = hosted(connection.alias)
    module.migrate(vendor, connection.connection, direction, revision)


def tables(revision: str, before: str) -> migrations.RunPython:
    """The operation that makes the tables of ``revision``, and takes them back to the one ``before``."""
    return migrations.RunPython(partial(_bring, "upgrade", revision), partial(_bring, "downgrade", before))


def models() -> list[migrations.CreateModel]:
    """The models of every table, whichever revision makes it: contexts declare them, so that they never differ."""
    return [
        migrations.CreateModel(name=shape.title, fields=list(shape.fields()), options=shape.options())
        for shape in shapes()
    ]
