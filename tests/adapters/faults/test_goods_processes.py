"""Under faults, with real processes: whoever dies while goods or money move leaves all of it, or nothing."""

from collections.abc import Callable, Iterator

import pytest

from adapters.faults.nursery import Nursery
from adapters.harness import SQL
from csdomain.inventory.rules import LEDGER, SHIPPING, TRANSFERS
from csdomain.kernel.rules import AUDITED, ONE_WRITER
from csdomain.orders.rules import SHIPMENT
from csdomain.renewals.rules import FORM
from csdomain.service_desk.rules import CHARGE, ON_THE_SPOT

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.mark.rule(ONE_WRITER, AUDITED, LEDGER, SHIPPING, TRANSFERS, SHIPMENT, FORM, CHARGE, ON_THE_SPOT)
@pytest.mark.parametrize("backend", SQL)
def test_whoever_dies_leaves_all_of_it_or_nothing(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str
) -> None:
    deaths = nursery.one("die_everywhere", url=clean_url(backend)).value()
    assert set(deaths) == {"ship_order", "accept_transfer", "record_renewal", "settle_job"}
    assert min(deaths.values()) > 10
