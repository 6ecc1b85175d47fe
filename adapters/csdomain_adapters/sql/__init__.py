"""The SQL store: SQLite (the embedded default), PostgreSQL and MariaDB from one code base, on SQLAlchemy Core.

``open_store`` is what the entry points name. ``ours`` tells a host's Alembic which tables to leave alone;
``transient`` tells a host which errors of its own statements are worth another try of its transaction.
"""

from . import schemas
from .dialects import transient
from .guests import NoTransaction
from .store import SchemaOutdated, SqlStore, open_store
from .tables import ours

__all__ = ["NoTransaction", "SchemaOutdated", "SqlStore", "open_store", "ours", "schemas", "transient"]
