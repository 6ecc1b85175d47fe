"""The SQL store: SQLite (the embedded default), PostgreSQL and MariaDB from one code base, on SQLAlchemy Core.

``open_store`` is what the entry points name. ``ours`` tells a host's Alembic which tables to leave alone.
"""

from . import schemas
from .store import SchemaOutdated, SqlStore, open_store
from .tables import ours

__all__ = ["SchemaOutdated", "SqlStore", "open_store", "ours", "schemas"]
