"""The rules of lots, allocation, reservations and consumption."""

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels({"days": "天数", "line": "行", "lot": "批次", "place": "库位", "product": "产品", "reason": "原因"})
fact_labels({"received": "入库", "temperature": "温度", "humidity": "湿度", "holder": "持有人"})

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

PRODUCTS = Rule(
    "INV-01",
    "A product is on the list, with unit, storage zone and whether it has serial numbers, before it can be in stock. "
    "Goods of one with a shelf life come with an expiry that it allows; a price holds from a day on, not backwards.",
    zh="产品须先建档（单位、储存区、是否有序列号），方可入库；有保质期的产品到货须注明不超过保质期的有效期；价格自某日起生效，不得追溯。",
)
PROPOSAL = Rule(
    "INV-02",
    "A proposal orders what was sold in the last months and what customers ask for, less what is there or on order.",
    zh="采购建议 = 近期各分支销量 + 客户需求 − 库存 − 在途，并列明算式。",
    source="B 採購1",
)
RECEIVING = Rule(
    "INV-03",
    "Goods are entered once keeper and product manager, two people, both present, have accepted them.",
    zh="到货须由库管与产品经理两人同时在场验收后方可入库。",
    source="B 採購2–5",
)
SHIPPING = Rule(
    "INV-06",
    "A shipment is picked for a document, checked again when it leaves, and delivered or put back as a whole.",
    zh="发货按单拣货，出库时复核，整单送达或退回货架。",
    source="B 發貨1,3,4",
)
ZONES = Rule(
    "INV-07",
    "A product lies only in the storage zone that suits it; a zone out of its limits raises an alarm.",
    zh="产品只能存放在适合的储存区；温湿度超限即报警。",
    source="B 儲存3",
)
QUARANTINE = Rule(
    "INV-08",
    "Unsound goods are set apart: they lie in quarantine and are never given.",
    zh="不合格品须隔离存放，不得发出。",
    source="B 儲存2",
)
STOCKTAKE = Rule(
    "INV-09",
    "A sheet is counted by one, checked by another, approved by value and booked as of the instant of counting.",
    zh="盘点一人点、另一人核，差异按金额核准，以清点时刻入账。",
    source="B 盤點制度",
)
DESTRUCTION = Rule(
    "INV-10",
    "Goods are destroyed after approval by value, before two witnesses who neither approved nor destroy.",
    zh="销毁须按金额核准，并有两名既非核准人又非销毁人的见证人在场。",
    source="B 銷毀管理制度",
)
TRANSFERS = Rule(
    "INV-11",
    "Goods for a branch are applied for, approved, sent and accepted; what is short stays in transit until found.",
    zh="分中心调拨须申请、核准、发运、验收；短少部分在找到或核销前视为在途。",
    source="B 分中心庫房",
)
LEDGER = Rule(
    "INV-12",
    "Every change of stock is a movement from a place to a place; nothing real falls below zero, nothing is lost.",
    zh="库存的每次变动都是从一处到另一处的移动；实际库位不得为负，总量守恒。",
)
LIMITS = Rule(
    "INV-16",
    "Count variances and destructions are approved by value, by somebody who has the authority and did not ask.",
    zh="盘点差异与销毁按金额由有权且非申请人核准。",
)
WARNINGS = Rule(
    "INV-13",
    "Who buys is told what falls below its safety level, expires soon or lies idle, and what could be transferred.",
    zh="低于安全库存、临近到期、长期未动的货物须预警，并建议可调拨的货源。",
)
EQUIPMENT = Rule(
    "INV-14",
    "Goods are issued to a person against an approved requisition, and each is used, given back or written off.",
    zh="物品须凭核准的领用单发给个人，并逐件使用、退回或核销。",
    source="C 領用單",
)
