"""What a slip lets in: what came before counts, and a piece more than it names is refused."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.casework.deliveries import NotOnSlip, QuantityOverSlip, check_delivery, pieces
from csdomain.complaints.rules import WAREHOUSE
from csdomain.complaints.values import Goods

slips = st.lists(
    st.builds(Goods, st.sampled_from(["engine", "pump"]), st.sampled_from(["b1", ""]), st.integers(1, 5)),
    min_size=1,
    max_size=3,
    unique_by=lambda line: (line.product, line.batch),
)


@pytest.mark.rule(WAREHOUSE)
@given(slips, st.integers(0, 4), st.data())
def test_a_piece_more_than_named_is_refused_also_when_some_came_before(
    named: list[Goods], before: int, data: st.DataObject
) -> None:
    line = data.draw(st.sampled_from(named))
    before = min(before, line.quantity - 1)
    came = [attrs.evolve(line, quantity=before)] if before else []
    left = line.quantity - before
    with pytest.raises(QuantityOverSlip) as over:
        check_delivery(WAREHOUSE, named, came, [attrs.evolve(line, quantity=left + 1)])
    assert (over.value.rule, over.value.facts["quantity"]) == (WAREHOUSE, line.quantity + 1)
    with pytest.raises(NotOnSlip):
        check_delivery(WAREHOUSE, named, came, [attrs.evolve(line, product="wheel")])
    (found,) = check_delivery(WAREHOUSE, named, came, [attrs.evolve(line, quantity=left)])
    assert found == line
    assert pieces(named) == sum(one.quantity for one in named)
