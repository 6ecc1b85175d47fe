"""What somebody types for a message has a table of its own: until now it stood in the outbox, in clear.

There it is taken away, also from a row that cannot be read; the relay gives up what still waits for such a text, and
lists it.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from csdomain_adapters.sql.kinds import create_kind, drop_kind

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_OUTBOX = sa.table("csd_outbox", *(sa.column(name) for name in ("key", "facts", "occasion")))


def upgrade() -> None:
    connection = op.get_bind()
    typed = _OUTBOX.c.occasion.in_(("message.notice", "message.drivers_care"))
    for key, facts in connection.execute(sa.select(_OUTBOX.c.key, _OUTBOX.c.facts).where(typed)).all():
        given = {"facts": json.dumps(_without_text(facts)).encode()}
        connection.execute(sa.update(_OUTBOX).where(_OUTBOX.c.key == key).values(given))
    create_kind("message_text", {"customer": str, "state": str})


def downgrade() -> None:
    drop_kind("message_text")


def _without_text(facts: Any) -> dict[str, Any]:
    try:
        return {name: fact for name, fact in json.loads(bytes(facts)).items() if name != "text"}
    except (ValueError, TypeError, AttributeError):
        return {}
