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
GRADING = Rule(
    "CUS-07",
    "An active customer is graded by the grades of the house.",
    zh="在用客户按内部规定的等级评级。",
    source="C 優劣評級",
)
TENURE = Rule(
    "CUS-08",
    "A customer has no representative until first assigned, and from then on exactly one at any instant.",
    zh="客户首次分配前没有客户代表，此后任一时刻有且只有一位。",
    source="C 8.4.5",
)
CORRECTION = Rule(
    "CUS-11",
    "What a customer's record said before it was changed stays in the record: what, until when, changed by whom.",
    zh="更改客户资料后，原内容、截止时间与更改人仍保留在档案中。",
    source="C 話服專員",
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
    "A customer's intention is one of those that the house lists.",
    zh="客户意向按内部规定的分类填写。",
    source="C",
)
