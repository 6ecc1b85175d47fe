"""The rules of renewals: what a service period costs, when it runs, and when it is earned."""

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels({"plan": "方案", "quantity": "数量"})

PRICE_PLANS = Rule(
    "REN-01",
    "Service is sold per vehicle by the plans of the house: a price for a block of months, gift months with it, and "
    "for some a discount down to a floor for a minimum term.",
    zh="服务按车辆、依公司价目方案出售：每期若干个月的价格、随附的赠送月数，部分方案可在最短期限以上优惠至底价。",
    source="C 附錄9",
)
QUOTE = Rule(
    "REN-02",
    "A quote is plan × vehicles × period, tax included and shown; every line names its rule, and paying more never "
    "gives less service.",
    zh="报价 = 方案 × 车辆 × 期限，含税并列明税额；每一行注明所依规则，多付款绝不会少得服务。",
    source="C 附錄9",
)
EXTENSION = Rule(
    "REN-05",
    "An extension starts where the present period ends, paid early or within grace, and a lapsed one as the house "
    "says; months are counted from the day of the first period and do not drift.",
    zh="续期自现服务期结束之日起算（提前付款或宽限期内付款均如此），逾期则按公司规定；月份始终从首期之日推算，不产生漂移。",
    source="C 8.4.8",
)
VEHICLES_CHANGE = Rule(
    "REN-10",
    "A vehicle added or removed in mid-term is priced for the rest of the term, to the day.",
    zh="期中增减车辆，按剩余天数逐日计价。",
)
EARNED_BY_THE_DAY = Rule(
    "REN-11",
    "A paid period is earned by the day: earned and unearned add up to what was paid, to the fen, on any day.",
    zh="已付服务期逐日确认收入：任何一天，已实现与未实现之和都等于已付金额，分毫不差。",
)
