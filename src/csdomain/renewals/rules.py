"""The rules of contracts and renewals: what a service period costs, who signs for it, when it runs and is earned."""

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels({"plan": "方案", "quantity": "数量", "contract": "合同", "renewal": "续费登记表"})

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
WATCH = Rule(
    "REN-03",
    "From some months before the end of a contract on, whoever renews it is reminded; contracts that end are listed by "
    "month, representative and amount.",
    zh="合同到期前若干个月起提醒续费负责人；即将到期的合同按月份、客户代表与金额列出。",
    source="C 8.2.1, 8.4.8",
)
FORM = Rule(
    "REN-04",
    "A renewal goes from the customer's consent over the form, the signature of finance and that of the GPS "
    "administrator to the record and to the customer: no step before the one that it rests on.",
    zh="续费依次为：客户同意、填表、财务到账签字、GPS 管理员延期签字、更改资料、告知客户；不得越步。",
    source="C 8.4.8.1",
)
EXTENSION = Rule(
    "REN-05",
    "An extension starts where the present period ends, paid early or within grace, and a lapsed one as the house "
    "says; months are counted from the day of the first period and do not drift.",
    zh="续期自现服务期结束之日起算（提前付款或宽限期内付款均如此），逾期则按公司规定；月份始终从首期之日推算，不产生漂移。",
    source="C 8.4.8",
)
OUTCOME = Rule(
    "REN-07",
    "Whether the customer renews or not, the outcome is recorded, with the reason.",
    zh="不论客户是否续费，结果与原因都须记录。",
    source="C 8.4.8.2",
)
RATE = Rule(
    "REN-08",
    "The renewal rate is contracts renewed ÷ contracts due in the period, by representative and plan, beside a target.",
    zh="续费率 = 期内已续费合同 ÷ 期内到期合同，按客户代表与方案统计，并与目标对照。",
    source="C 8.4.3.2",
)
LAPSE = Rule(
    "REN-09",
    "A contract that is not renewed lapses: the customer is told within a week of the end, and after the days of grace "
    "the service is suspended.",
    zh="到期未续费的合同即告逾期：到期后一周内告知客户，宽限期满暂停服务。",
    source="C 8.4.9, 8.5.5",
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
