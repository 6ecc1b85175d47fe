"""The house rules of the stock: the section ``[inventory]`` of a rulebook."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from csdomain.frame.effects import occasions
from csdomain.frame.fields import Fields
from csdomain.inventory.rules import LEDGER
from csdomain.kernel.cases.occasions import Placeholder
from csdomain.kernel.papers.approvals import ApprovalLadder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import POSITION, Label, Section, Unit, texts_beside

from .goods import InventoryRules


class MalformedPaper(InvalidValue):
    """What was given for a paper of the warehouse is missing, too long, or not possible (INV-12)."""

    default_rule = LEDGER
    problem = Text("A field of the paper is missing or not valid.", "单据的某一字段缺失或无效。")


FIELDS: Final = Fields(MalformedPaper)


@attrs.frozen(kw_only=True)
class WarehouseRules(InventoryRules):
    """How the house keeps its stock.

    ``number`` is how papers are numbered, ``zones`` the storage zones (INV-07). Goods that moved since may be booked up
    to ``late_hours`` later than they moved. Both acceptances of a delivery lie ``both_present_minutes`` apart at most
    (INV-03). A reservation holds for ``reserved_days`` (INV-15). ``approvals`` says up to which value who approves
    variances and destructions (INV-16). ``keeper`` is told what to pick and accept.
    """

    number: NumberPattern
    zones: tuple[str, ...]
    late_hours: int
    both_present_minutes: int
    reserved_days: int
    approvals: ApprovalLadder
    keeper: str = attrs.field(metadata=POSITION)


LABELS: Final[Mapping[str, Text]] = {
    "": Text("stock", "库存"),
    "strategy": Text("order in which lots are drawn", "批次出库顺序"),
    "usable_on_expiry_date": Text("goods may be given on the day they expire", "到期当日可否发放"),
    "refill_reminder_days": Label("reminder before goods run out", "用完前提醒", Unit.DAYS),
    "number": Text("numbers of warehouse papers", "库房单据编号"),
    "zones": Text("storage zones", "储存区"),
    "late_hours": Text("hours that paper may be late", "单据可补录的小时数"),
    "both_present_minutes": Text("minutes between both acceptances", "双人验收间隔分钟数"),
    "reserved_days": Label("how long a reservation holds", "预留有效期", Unit.DAYS),
    "approvals": Text("who approves which value", "核准权限"),
    "keeper": Text("keeper of the warehouse", "库管"),
}
OCCASIONS: Final = (
    *occasions("purchase", {}, {"arrived": {}}),
    *occasions("transfer", {}, {"sent": {"pieces": Placeholder.NUMBER}, "short": {"pieces": Placeholder.NUMBER}}),
)
INVENTORY_RULES: Final = Section(
    "inventory",
    WarehouseRules,
    labels=LABELS,
    pinned=False,
    occasions=OCCASIONS,
    texts=texts_beside(Path(__file__).parent),
)
