"""The rules of complaints."""

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels({"customer": "客户", "level": "层级", "path": "路径", "product": "产品", "quantity": "数量"})

FORM = Rule(
    "CMP-01",
    "A complaint form says what was delivered, what is wrong with it, and what the customer wants.",
    zh="客户投诉处理表须写明交付的货品、异常情况与客户要求。",
    source="A §25.1",
)
CLASSES = Rule(
    "CMP-02",
    "A complaint is of a class, a quality fault or not, and has a cause that the house lists under that class.",
    zh="投诉须归入质量或非质量类别，并注明该类别下列明的原因。",
    source="A §23",
)
SALES_CHECK = Rule(
    "CMP-03",
    "Sales checks the order and the demand and signs an opinion before customer service takes the complaint on.",
    zh="营销部须先查对订单与客户要求并签注意见，再送客户服务部受理。",
    source="A §24.1, §25.1",
)
ACCEPTANCE = Rule(
    "CMP-04",
    "Acceptance by customer service starts the clock within which the complaint is closed.",
    zh="客户服务部受理之时起计时，须在期限内结案。",
    source="A §26.1",
)
STAGES = Rule(
    "CMP-05",
    "Each department's stage has a limit of its own; an overrun is reported to the stage's superior.",
    zh="各部门处理阶段各有期限，逾期须向该阶段的上级反映。",
    source="A §26.2, §21",
)
JOINT = Rule(
    "CMP-06",
    "Where several departments are needed, customer service sets the time and tells R&D at once.",
    zh="须会同处理时，客户服务部在处理表中定明时效，并立即通知研发部。",
    source="A §25.2",
)
REPORT = Rule(
    "CMP-07",
    "The investigation report follows the end of the investigation within its limit; the deputy in charge rules on it.",
    zh="调查结束后须在期限内提出报告，呈主管副总经理批示。",
    source="A §25.3",
)
JUDGEMENT = Rule(
    "CMP-08",
    "It is judged who is responsible: our unit and person, the customer, or another company.",
    zh="须判定责任归属：我方单位与个人、客户，或其他公司。",
    source="A §25.4, §25.7",
)
IMPROVEMENT = Rule(
    "CMP-09",
    "For a quality fault of ours, whether the improvement is tracked is decided explicitly, and tracked to its effect.",
    zh="属我方质量问题时，改善是否列入追踪须明确判定，并追踪至效果确认。",
    source="A §24.3, §25.4",
)
LOSS = Rule(
    "CMP-10",
    "Loss and penalties follow the house's bases and add up; none is carried out before the deputy in charge approves.",
    zh="损失与罚扣依基准核算且合计相符，未经主管副总经理批示不得执行。",
    source="A §25.4",
)
WITHIN_LIMIT = Rule(
    "CMP-11",
    "A complaint is decided by the authority to which the amount of all its forms together belongs.",
    zh="投诉由其全部处理表合计金额所属的权限者核决。",
    source="A §27",
)
NO_PROMISE = Rule(
    "CMP-12",
    "Nothing is promised or admitted to the customer beyond what the authority has decided.",
    zh="不得超越核决权限向客户作任何答复、协议或承认。",
    source="A §25.6",
)
NOTICE = Rule(
    "CMP-13",
    "The customer gets a notice of the outcome by letter or phone, never the form and nothing internal.",
    zh="以书信或电话将结果转答客户，不得将处理表或内部意见交给客户。",
    source="A §24.1, §25.6",
)
NOT_ACCEPTED = Rule(
    "CMP-14",
    "A customer who does not accept gets a new form with the former one attached, or the solution is discussed anew.",
    zh="客户未能接受时，另填新的处理表并附原表呈报，或重新商讨方案。",
    source="A §25.5, B 投訴 5.3",
)
NOT_ESTABLISHED = Rule(
    "CMP-15",
    "Where a complaint is not established, sales collects as agreed; an objection is a memorandum to the superior.",
    zh="投诉不成立时按规定收款；客户有异议的，以签呈报上级处理。",
    source="A §25.8",
)
GRAVE = Rule(
    "CMP-16",
    "A grave complaint goes at once to the deputy general manager, comes before others, and is answered by letter.",
    zh="特别严重者立即提呈副总经理核阅或核转，提前处理，并函告客户。",
    source="A §18",
)
HANDLED = Rule(
    "CMP-17",
    "Every complaining customer is handled by the service manager or by someone the manager names.",
    zh="凡投诉的客户，由服务经理亲自或指派专人处理。",
    source="A §20",
)
LEVELS = Rule(
    "CMP-18",
    "What lies within one's authority is settled at once, else it goes up one level, and the customer is told when.",
    zh="权限内的当场处理，超出权限的逐级上报，并告知客户答复时间。",
    source="B 投訴 3–5",
)
CHASING = Rule(
    "CMP-19",
    "Other departments are reminded until their part is done, then their superior is told.",
    zh="对有关部门催办直至办妥，仍未办的报其上级。",
    source="A §19",
)
MONTHLY_REVIEW = Rule(
    "CMP-20",
    "The GM office reviews last month's closed cases; a person or unit is penalised once per case.",
    zh="总经理办公室审视上月结案的投诉；同一人或单位在一案中只处罚一次。",
    source="A §28",
)
CERTIFICATE = Rule(
    "CMP-21",
    "A discount or compensation is a certificate that the deputy for sales and the customer sign and finance books.",
    zh="折扣、赔款须开立销货折扣证明单，经销售副总经理核签及客户签章后由财务作账。",
    source="A §29.1(1)",
)
RETURN_SLIP = Rule(
    "CMP-22",
    "Goods come back on a return slip with reason, method and basis, signed by the deputy for sales, in four copies.",
    zh="退货须开立产品退货单，注明原因、方式与依据，经销售副总经理核示，一式四联。",
    source="A §29.1(2)",
)
WAREHOUSE = Rule(
    "CMP-23",
    "The warehouse takes in only what a signed slip of the case names: product, batch, and no more than its quantity.",
    zh="仓储部凭核签的退货单核对产品、批号与数量无误后方可签收。",
    source="A §29.3",
)
FINANCE = Rule(
    "CMP-24",
    "Finance books a return only when approved and returned quantities agree; a difference is open until resolved.",
    zh="财务部核对核定退货量与实退量一致后方可开立传票；差异未解决前列为未结。",
    source="A §29.2",
)
STATES = Rule(
    "CMP-25",
    "A complaint moves from received to settled as its table says, each step recorded.",
    zh="投诉按流程表由收到直至了结，每一步均须记录。",
    source="A 附表1, §29, B",
)
STATISTICS = Rule(
    "CMP-26",
    "Complaints are counted by class, cause, unit, product and month, with those closed in time, and amounts.",
    zh="投诉按类别、原因、单位、产品、月份统计，并列按期结案数与金额。",
)
FINDING = Rule(
    "CMP-27",
    "R&D inspects the sample; no judgement of a quality fault without its finding.",
    zh="研发部检验样品；未经其确认不得判定质量责任。",
    source="A §24.2",
)
COPIES = Rule(
    "CMP-28",
    "The complaint form has at least four copies; the fourth is finance's and carries the approved return quantity.",
    zh="投诉处理表至少四联，第四联归财务部，载明核定退货量。",
    source="A §29.2",
)
REMARKS = Rule(
    "CMP-29",
    "What the customer remarks during a case goes to the department concerned and is tracked, established or not.",
    zh="处理过程中客户反映的意见提报有关部门并追踪，不论投诉是否成立。",
    source="A §24.3(7)",
)
HARM = Rule(
    "CMP-30",
    "A complaint of harm or loss from a service is marked so and treated as grave.",
    zh="因服务造成伤害或损失的投诉须予标明，并按特别严重者处理。",
    source="B 2.3",
)
