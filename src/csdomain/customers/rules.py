"""The rules of customers."""

from csdomain.kernel.rules import Rule

REGISTRATION = Rule(
    "CUS-01",
    "A customer is registered with the fields that the house requires; every one that is missing is named at once.",
    zh="客户登记须填写内部规定的必填项，缺项一次全部列出。",
    source="B 節點1",
)
FULL_FILE = Rule(
    "CUS-02",
    "A customer's health is kept in a file of its own, one for each customer, for those who may read it.",
    zh="客户的健康资料单独建档，每位客户一份，仅供有权者查阅。",
    source="B 建檔3",
)
FILE_NUMBER = Rule(
    "CUS-03",
    "A customer's file number is issued once, when the first consultation is saved; numbers are in order of time.",
    zh="档案编号在首次咨询保存时发出，仅发一次，按时间顺序编排。",
    source="B 節點2",
)
FINDING = Rule(
    "CUS-04",
    "A customer is found by any one field, whole or in part, in Chinese or Latin letters, the best match first.",
    zh="可凭任一字段（全部或部分，中文或拉丁字母）查找客户，最相符者在前。",
    source="B 建檔3",
)
TIMELINE = Rule(
    "CUS-05",
    "Each customer has one timeline of all that happened to them in every context, in order of time, each with its "
    "amount where it has one; erasing the customer leaves none of it.",
    zh="每位客户有一条时间线，按时间顺序汇集各项业务中的全部往来，有金额者附金额；抹除客户后不留其内容。",
    source="B 建檔4",
)
LISTS = Rule(
    "CUS-06",
    "Customers are listed by birthdays, registration, state and vehicles, in their own calendar and zone.",
    zh="客户可按生日（公历、农历、闰月）、登记时间、状态与车辆数列出。",
    source="B 個性化1, C 8.2.1",
)
GRADING = Rule(
    "CUS-07",
    "Active customers are graded monthly, by the criteria of the house.",
    zh="在用客户按内部规定的标准每月评级。",
    source="C 優劣評級",
)
TENURE = Rule(
    "CUS-08",
    "A customer has no representative until first assigned, and from then on exactly one at any instant; a handover is "
    "filed, signed by the manager who names the new one, and carried out by the clerk.",
    zh="客户首次分配前没有客户代表，此后任一时刻有且只有一位；交接须提交交接单，经理签核并指定接手人，由档案专员划转。",
    source="C 8.4.5",
)
LISTED = Rule(
    "CUS-09",
    "The clerk selects customers and hands the list to the manager, who works off every line.",
    zh="档案专员筛选客户并将清单提交经理，由经理逐一办理。",
    source="C 8.2.1",
)
RELEASE = Rule(
    "CUS-10",
    "A record is given outside its scope only on the manager's signed instruction, in its time; each is on the trail.",
    zh="客户资料仅凭经理签核的指示在有效期内对外提供，每次均留痕。",
    source="C 8.2.2",
)
CORRECTION = Rule(
    "CUS-11",
    "What a customer's record said before it was changed stays in the record: what, until when, changed by whom.",
    zh="更改客户资料后，原内容、截止时间与更改人仍保留在档案中。",
    source="C 話服專員",
)
ACCOUNT = Rule(
    "CUS-12",
    "The secret of a new account is sealed, delivered at most once, and kept nowhere afterwards.",
    zh="新账号的初始密码密封传递，至多送达一次，此后不再保存。",
    source="C 檔案專員",
)
MERGING = Rule(
    "CUS-13",
    "Two records of one person become one by a pointer; nothing of either is lost, and the pointer can be taken back.",
    zh="同一人的两份档案以指向方式合并，双方内容均不丢失，并可撤销。",
)
LOSS = Rule(
    "CUS-14",
    "Why a customer left is recorded by one of the house's codes, counted by month.",
    zh="客户流失须按内部规定的代码记录原因，并按月统计。",
    source="C 客戶代表",
)
PAPERS = Rule(
    "CUS-15",
    "Registration forms and agreements are filed by region and day, and lead to account and first contact.",
    zh="入网登记表与协议书按地区和日期归档，并据以开通账号、安排安装和首次联系。",
    source="C",
)
LEAD = Rule(
    "CUS-16",
    "A wish met in any contact is recorded and handed to sales; its outcome shows, and no price stands in it.",
    zh="联系中获知的客户需求须记录并转交销售，结果可见，且不报价。",
    source="C 10.1, 11.3",
)
EXTRA_FIELDS = Rule(
    "CUS-17",
    "Further fields of customers are those that the house declares, each with its type.",
    zh="客户的自定义栏目须由内部规定声明其类型。",
    source="C 附錄8",
)
APART = Rule(
    "CUS-18",
    "A lapsed customer leaves the representative's active list; the move is recorded and can be undone.",
    zh="逾期客户移出客户代表的在用名单，须留痕并可恢复。",
    source="C 逾期客戶剝離",
)
INTENTION = Rule(
    "CUS-19",
    "A customer's intention is one of those that the house lists, counted by class and the month of noting.",
    zh="客户意向按内部规定的分类填写，并按分类与月份统计。",
    source="C",
)
CONNECTION = Rule(
    "CUS-20",
    "A customer is connected only when its vehicles are added, and it is told by SMS and phone and shown the platform.",
    zh="车辆录入、短信与电话告知、平台讲解全部完成后，客户方为已开通。",
    source="C",
)
