"""The app: tables with ``manage.py migrate``, pages in the admin, settings checked before anything runs."""

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import router, transaction
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from .shapes import APP, said


class CsdomainConfig(AppConfig):
    """csdomain in a Django project."""

    name = "csdomain_adapters.django"
    label = APP
    verbose_name = said("Customer service", "客户服务")

    def ready(self) -> None:
        """Take part in what Django does with databases and settings."""
        checks.register(check_settings)
        connection_created.connect(_overwrite, dispatch_uid=self.name)
        post_migrate.connect(_add_missing, sender=self, dispatch_uid=self.name)


def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """The faults of ``settings.CSDOMAIN``, those of rulebooks included."""
    from django.db import connections

    from csdomain.desk import load_rulebook
    from csdomain.kernel.rules.errors import DomainError

    from .desks import options_of

    found: list[checks.CheckMessage] = []
    for alias in connections:
        try:
            options = options_of(alias)
            if "rulebook" in options:
                load_rulebook(options["rulebook"])
        except ImproperlyConfigured as error:
            return [checks.Error(str(error), id="csdomain.E001")]
        except DomainError as error:
            found.append(checks.Error(f"the rulebook of {alias!r}: {error}", id="csdomain.E002"))
    return found


def _overwrite(connection: Any, **_: Any) -> None:
    """What is erased must not be found in free pages of the file (KRN-14); most builds leave it there unless told."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _add_missing(using: str, **_: Any) -> None:
    """The tables of contexts that others plugged in, which no migration here makes.

    Emptying a database (``flush``, after each ``TransactionTestCase``) ends here too: desks keep their rulebook anew.
    """
    from csdomain.desk import stored

    from .store import VENDORS, hosted, keep_rulebooks_anew

    keep_rulebooks_anew(using)
    connection = transaction.get_connection(using)
    if connection.vendor not in VENDORS or not router.allow_migrate(using, APP):
        return
    module, vendor = hosted(using)
    with transaction.atomic(using=using):
        if module.revision(vendor, connection.connection) == module.HEAD:
            module.add_missing(vendor, connection.connection, stored())
