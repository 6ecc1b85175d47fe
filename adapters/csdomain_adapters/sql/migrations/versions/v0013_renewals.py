"""The tables of contracts, of renewals, of terms and of what is earned. They begin empty."""

from datetime import date

from csdomain_adapters.sql.kinds import create_kind, create_register, drop_kind

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind(
        "contract",
        {
            "customer": str,
            "ends_on": date,
            **dict.fromkeys(("ends_month", "plan"), str),
            **dict.fromkeys(("vehicles", "price"), int),
            **dict.fromkeys(("number", "state", "rulebook", "queue"), str),
        },
        unique=["number"],
        unindexed=["ends_month", "plan", "vehicles", "price"],
        indexes=[("owner", "ends_on")],
    )
    create_kind(
        "renewal",
        {
            **dict.fromkeys(("customer", "contract", "open_key", "code"), str),
            "price": int,
            **dict.fromkeys(("number", "state", "rulebook", "queue"), str),
        },
        unique=["open_key", "number"],
        unindexed=["code", "price"],
    )
    create_register(
        "contract_term",
        {"contract": str, "term": int},
        {
            "branch": str,
            "ends_on": date,
            **dict.fromkeys(("plan", "owner"), str),
            "vehicles": int,
            "outcome": str,
        },
        indexes=[("ends_on",)],
    )
    create_register(
        "earning",
        {"contract": str, "line": int},
        {
            **dict.fromkeys(("branch", "owner"), str),
            "sign": int,
            **dict.fromkeys(("starts_on", "ends_on", "paid_on"), date),
            **dict.fromkeys(("gross", "tax"), int),
            "stop_on": date,
            **dict.fromkeys(("refund", "refund_tax"), int),
        },
        optional=["stop_on"],
        indexes=[("ends_on",)],
    )


def downgrade() -> None:
    drop_kind("earning")
    drop_kind("contract_term")
    drop_kind("renewal")
    drop_kind("contract")
