"""The rules of staff. Delegations serve the kernel's KRN-08."""

from csdomain.kernel.rules import Rule

EMPLOYMENT = Rule(
    "PPL-01",
    "A member of staff holds the positions of a post, in a department and a branch, from one instant up to another.",
    zh="员工自某时起至某时止，在所属部门与分支担任其岗位的各项职位。",
    source="A, A2, B, C",
)
MATRIX = Rule(
    "PPL-05",
    "A position may do what its roles may, in the widest scope that any of them has, and nothing else.",
    zh="职位的权限等于其各角色权限之和，范围取最宽者，此外一概不可。",
    source="B 各級人員管理權限",
)
