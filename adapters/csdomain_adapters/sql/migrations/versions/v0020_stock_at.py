"""Of the stock: movements are found by their instant, so that what lay where in the past is read from a month on."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLE, _INDEX = "csd_stock_movement", "ix_csd_stock_movement_at"


def _there() -> bool:
    return any(index["name"] == _INDEX for index in sa.inspect(op.get_bind()).get_indexes(_TABLE))


def upgrade() -> None:
    if not _there():
        op.create_index(_INDEX, _TABLE, ["at"])


def downgrade() -> None:
    if _there():
        op.drop_index(_INDEX, _TABLE)
