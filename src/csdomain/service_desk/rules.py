"""The rules of the service desk."""

from csdomain.casework.charging import CHARGE as CHARGE
from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels(
    {
        "job": "服务单",
        "voucher": "服务凭单",
        "technician": "服务人员",
        "contract": "合同",
        "waiting": "待派工的较早服务单",
        "cover": "免费依据",
        "fee": "费用",
        "booked": "已登记",
    }
)

KINDS = Rule(
    "SVC-01",
    "A service is of one of four kinds: paid, under a contract in force, free of charge for a reason, or internal.",
    zh="服务分四类：有偿、合同内（合同须有效）、免费（须有事由）、内部。",
    source="A §6",
)
INTAKE = Rule(
    "SVC-02",
    "A call is entered in the register with customer, address, phone, product and purchase, and a voucher is drawn.",
    zh="接报即登入服务登记簿，记录客户、地址、电话、产品与购买情况，并开具服务凭单。",
    source="A §7",
)
DISPATCH = Rule(
    "SVC-03",
    "The manager dispatches a technician with an expected arrival, who goes with the voucher.",
    zh="由部门主管派工并约定到达时间，服务人员持凭单前往。",
    source="A §7-8",
)
ON_THE_SPOT = Rule(
    "SVC-04",
    "What is settled on the spot is signed for and entered; what is not goes back to dispatch with reason and next "
    "step.",
    zh="当场办结者由客户签字并登记；未办结者记录原因与下一步，退回派工。",
    source="A §8, new",
)
SIGN_OFF = Rule(
    "SVC-06",
    "Hours and work stand on voucher and register; the customer signs, the manager countersigns, then it is archived.",
    zh="实际工时与工作内容载于凭单与登记簿；客户签字、主管复核签字后方可归档。",
    source="A §10",
)
DAILY_CHECK = Rule(
    "SVC-07",
    "Each day register and vouchers are compared and each difference is listed; what was not dispatched goes first "
    "the next day, the oldest first.",
    zh="每日核对登记簿与凭单，逐条列出差异；当日未派工者次日优先，先接先派。",
    source="A §11",
)
OUT_OF_TOWN = Rule(
    "SVC-08",
    "Out-of-town service needs an application that the manager has approved before departure; travel and allowances "
    "are booked to the cost of that service.",
    zh="异地服务须事先填具异地服务申请单并经主管核准；差旅与补贴计入该次服务成本。",
    source="A §12",
)
PUBLICITY = Rule(
    "SVC-09",
    "Publicity material is kept and issued; stock and holder of each item are known.",
    zh="宣传资料统一保管与发放，库存与持有人可查。",
    source="A §13",
)
HAND_OFF = Rule(
    "SVC-10",
    "Service income and purchase requests go to finance.",
    zh="服务收入与请购转交财务。",
    source="A §3",
)
SURVEY = Rule(
    "SVC-11",
    "Every service of a customer in the register leads to an opinion survey.",
    zh="登记簿上每次客户服务均进行意见调查。",
    source="A §16",
)
TRIAL = Rule(
    "SVC-12",
    "A free trial has a product, a tutorial, a beginning, an end and an outcome; somebody is reminded before it ends.",
    zh="免费试用记录产品、辅导、起止与结果，期满前提醒。",
    source="A §32",
)
ADVICE = Rule(
    "SVC-13",
    "Advice is free, also for people who are not customers, and answered in time.",
    zh="免费咨询亦向非客户提供，并在时限内答复。",
    source="A §33",
)
