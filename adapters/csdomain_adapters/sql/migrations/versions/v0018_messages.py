"""Of messages: what customers want to hear, campaigns, what became of messages, inboxes. They begin empty."""

from datetime import datetime

from csdomain_adapters.sql.kinds import create_kind, create_register, drop_kind

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind("contact_preferences", {"customer": str, "state": str}, unique=["customer"])
    create_kind("campaign", {"state": str, "queue": str})
    create_register(
        "message_outcome",
        {"key": str},
        {"campaign": str, "customer": str, "occasion": str, "outcome": str, "at": datetime},
        indexes=[("campaign", "outcome"), ("outcome", "at"), ("customer",)],
    )
    create_register(
        "message_inbox",
        {"recipient": str, "key": str},
        {"at": datetime, "read_at": datetime},
        optional=["read_at"],
        indexes=[("recipient", "at")],
    )


def downgrade() -> None:
    for table in ("message_inbox", "message_outcome", "campaign", "contact_preferences"):
        drop_kind(table)
