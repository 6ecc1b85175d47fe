"""Other terms of customers: phones and codes by their ends, every field from its beginning on. Those of the customers
that are there are made by the job ``rebuild``, or ``csdomain rebuild URL customer_term``; until then the old ones stay.
"""

import sqlalchemy as sa
from alembic import op

from csdomain_adapters.sql.kinds import put_missing

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NAME = "customer_term.customer"


def upgrade() -> None:
    connection = op.get_bind()
    projected = sa.table("csd_projected", *map(sa.column, ("name", "version", "cursor", "whole")))
    if connection.execute(sa.select(sa.column("id")).select_from(sa.table("csd_customer")).limit(1)).first() is None:
        return
    put_missing(connection, "projected", [{"name": _NAME, "version": "", "cursor": "", "whole": False}])
    again = sa.update(projected).where(projected.c.name == _NAME)
    connection.execute(again.values(whole=sa.false(), cursor=""))


def downgrade() -> None:
    upgrade()
