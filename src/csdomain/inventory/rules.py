"""The rules of lots, allocation, reservations and consumption."""

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels({"days": "天数", "lot": "批次", "product": "产品", "reason": "原因", "received": "入库"})

LOTS = Rule(
    "INV-04",
    "Every receipt makes a lot of its own, with its quantity, cost, expiry and place; lots are never merged.",
    zh="每次入库形成独立批次，各有数量、成本、有效期和货位；批次之间不合并。",
    source="B 採購4",
)
ALLOCATION = Rule(
    "INV-05",
    "Goods leave first in, first out (or first expiry first); never expired, quarantined or reserved for another.",
    zh="出库先进先出（或先到期先出）；过期、隔离或为他人预留的货物一律不发。",
    source="B 發貨2",
)
RESERVATIONS = Rule(
    "INV-15",
    "A reservation holds a quantity of a product or of a lot until it expires, and only its owner can draw on it.",
    zh="预留在到期前保留某产品或某批次的数量，只有预留人可以使用。",
)
CONSUMPTION = Rule(
    "ORD-02",
    "Goods last their quantity times the content of a unit divided by the daily dose, from the day they arrived.",
    zh="货物可用天数 = 数量 × 每单位含量 ÷ 每日用量，自到货之日起算。",
    source="B 節點15",
)
