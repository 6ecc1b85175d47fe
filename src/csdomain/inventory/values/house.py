"""The house rules of the stock: the section ``[inventory]`` of a rulebook."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import attrs

from csdomain.frame.effects import occasions
from csdomain.frame.fields import Fields, InvalidSetting
from csdomain.inventory.rules import LEDGER, ZONES
from csdomain.kernel.cases.occasions import Placeholder
from csdomain.kernel.papers.approvals import ApprovalLadder
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.rulebook import POSITION, Label, Section, Unit, texts_beside

from .goods import InventoryRules


class MalformedPaper(InvalidValue):
    """What was given for a paper of the warehouse is missing, too long, or not possible (INV-12)."""

    default_rule = LEDGER
    problem = Text("A field of the paper is missing or not valid.", "单据的某一字段缺失或无效。")


FIELDS: Final = Fields(MalformedPaper)


def _in_order(one: "Climate", attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    low = one.coldest if attribute.name == "warmest" else one.driest
    if value < low:
        raise InvalidSetting(field=attribute.name, given=str(value), accepted=Text(f"at least {low}", f"不低于 {low}"))


@attrs.frozen(kw_only=True)
class Climate:
    """A storage zone, its limits in °C and in percent of humidity, both included (INV-07)."""

    name: str = attrs.field(validator=FIELDS.id)
    coldest: Decimal
    warmest: Decimal = attrs.field(validator=_in_order)
    driest: Decimal
    dampest: Decimal = attrs.field(validator=_in_order)

    def suits(self, celsius: Decimal, humidity: Decimal) -> bool:
        """Whether a reading is within the limits."""
        return self.coldest <= celsius <= self.warmest and self.driest <= humidity <= self.dampest


def _some(rules: "WarehouseRules", attribute: "attrs.Attribute[int]", value: int) -> None:
    InvalidSetting.at_least(1, value, attribute.name)


@attrs.frozen(kw_only=True)
class WarehouseRules(InventoryRules):
    """How the house keeps its stock.

    ``number`` is how papers are numbered, ``zones`` the storage zones (INV-07). Goods that moved since may be booked up
    to ``late_hours`` later than they moved. Both acceptances of a delivery lie ``both_present_minutes`` apart at most
    (INV-03). A reservation holds for ``reserved_days`` (INV-15). ``approvals`` says up to which value who approves
    variances and destructions (INV-16), ``purchase_approvals`` purchases. ``keeper`` is told what to pick and accept,
    ``buyer`` what to buy. A proposal looks at ``sales_months`` and covers as many (INV-02); below the sales of
    ``safety_months``, within ``expiring_days`` of their expiry or after ``idle_days`` without leaving, goods are warned
    of (INV-13). A zone of which nobody gave a reading for ``silent_hours`` is told of (INV-07).
    """

    number: NumberPattern
    zones: tuple[Climate, ...]
    silent_hours: int = attrs.field(validator=_some)
    sales_months: int = attrs.field(validator=_some)
    safety_months: int = attrs.field(validator=_some)
    expiring_days: int = attrs.field(validator=_some)
    idle_days: int = attrs.field(validator=_some)
    late_hours: int
    both_present_minutes: int
    reserved_days: int
    approvals: ApprovalLadder
    purchase_approvals: ApprovalLadder
    keeper: str = attrs.field(metadata=POSITION)
    buyer: str = attrs.field(metadata=POSITION)

    def climate(self, zone: str) -> Climate:
        """The zone of that name. Raises RuleBroken. [INV-07]"""
        names = ", ".join(one.name for one in self.zones)
        found = next((one for one in self.zones if one.name == zone), None)
        if found is None:
            raise RuleBroken(ZONES, accepted=Text(names, names))
        return found


LABELS: Final[Mapping[str, Text]] = {
    "": Text("stock", "库存"),
    "strategy": Text("order in which lots are drawn", "批次出库顺序"),
    "usable_on_expiry_date": Text("goods may be given on the day they expire", "到期当日可否发放"),
    "refill_reminder_days": Label("reminder before goods run out", "用完前提醒", Unit.DAYS),
    "number": Text("numbers of warehouse papers", "库房单据编号"),
    "zones": Text("storage zones", "储存区"),
    "zones.name": Text("name", "名称"),
    "zones.coldest": Text("lowest temperature, °C", "最低温度（°C）"),
    "zones.warmest": Text("highest temperature, °C", "最高温度（°C）"),
    "zones.driest": Text("lowest humidity, %", "最低湿度（%）"),
    "zones.dampest": Text("highest humidity, %", "最高湿度（%）"),
    "silent_hours": Text("hours without a reading", "无读数小时数"),
    "sales_months": Text("months of sales that a purchase covers", "采购依据的销售月数"),
    "safety_months": Text("months of sales that must be there", "安全库存月数"),
    "expiring_days": Label("warning before goods expire", "到期预警", Unit.DAYS),
    "idle_days": Label("goods are idle after", "滞销天数", Unit.DAYS),
    "late_hours": Text("hours that paper may be late", "单据可补录的小时数"),
    "both_present_minutes": Text("minutes between both acceptances", "双人验收间隔分钟数"),
    "reserved_days": Label("how long a reservation holds", "预留有效期", Unit.DAYS),
    "approvals": Text("who approves which value", "核准权限"),
    "purchase_approvals": Text("who approves which purchase", "采购核准权限"),
    "keeper": Text("keeper of the warehouse", "库管"),
    "buyer": Text("who buys", "采购人"),
}
OCCASIONS: Final = (
    *occasions("purchase", {}, {"arrived": {}}),
    *occasions("requisition", {}, {"issued": {"pieces": Placeholder.NUMBER}}),
    *occasions("zone", {}, {"alarm": {"zone": Placeholder.TEXT}, "silent": {"zone": Placeholder.TEXT}}),
    *occasions("shelf", {}, {"warnings": dict.fromkeys(("low", "expiring", "idle"), Placeholder.NUMBER)}),
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
