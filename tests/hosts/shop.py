"""A Django project for the tests: settings without a file, one model, and a database that each test names anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.db import connections
from sqlalchemy.engine import make_url

#: The alias of the database that a test uses; not "default", so that nothing falls back on it.
ALIAS = "shop"

if not settings.configured:
    settings.configure(USE_TZ=True, INSTALLED_APPS=[], DATABASES={"default": {}})
    django.setup()

from django.db import models  # noqa: E402 - after the settings


class Order(models.Model):
    """The host's own row; a complaint is referred to by its id."""

    name = models.CharField(max_length=20, primary_key=True)
    complaint = models.CharField(max_length=40)

    class Meta:
        app_label = "shop"


def database(url: str) -> dict[str, Any]:
    """Django's settings for the database that SQLAlchemy names ``url``."""
    where = make_url(url)
    if url.startswith("sqlite"):
        options: dict[str, Any] = {"transaction_mode": "IMMEDIATE", "timeout": 5}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": where.database, "OPTIONS": options}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": where.database,
        "USER": where.username or "",
        "PASSWORD": where.password or "",
        "HOST": where.host or where.query.get("host", ""),
        "PORT": where.port or "",
    }


@contextmanager
def project(url: str, **changes: Any) -> Iterator[None]:
    """The project on the database at ``url``, its table made and dropped."""
    connections.settings[ALIAS] = connections.configure_settings({"default": {}, ALIAS: database(url) | changes})[ALIAS]
    try:
        with connections[ALIAS].schema_editor() as editor:
            editor.create_model(Order)
        yield
        with connections[ALIAS].schema_editor() as editor:
            editor.delete_model(Order)
    finally:
        raw = connections[ALIAS].connection
        connections[ALIAS].close()
        if raw is not None:
            raw.close()  # Django keeps what is in memory
        del connections[ALIAS], connections.settings[ALIAS]
