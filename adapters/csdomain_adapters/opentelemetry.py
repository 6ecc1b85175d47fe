"""An observer for OpenTelemetry: how long units of work take and how they end, as spans and as a metric."""

import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import Status, StatusCode, TracerProvider, get_tracer

from csdomain.kernel.rules.errors import DomainError, StoreFailure
from csdomain.kernel.values.codec import to_micros
from csdomain_adapters.system import SystemClock

#: The metric, in seconds.
DURATION: Final = "csdomain.unit.duration"
USE_CASE: Final = "csdomain.use_case"
OUTCOME: Final = "csdomain.outcome"
RULE: Final = "csdomain.rule"
#: OpenTelemetry's own name for the kind of a failure.
ERROR: Final = "error.type"
#: What units without a use case are called: the jobs beside the desk, a host's own.
UNNAMED: Final = "unit"
_BOUNDARIES: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class OpenTelemetry:
    """Give it to a desk: ``csdomain.open(url, observer=OpenTelemetry())``. One may serve any number of desks.

    Each unit of work becomes a span under the span that is current, and a value of the histogram
    ``csdomain.unit.duration``. Both say the use case and the outcome: ``ok``, or the code of the error. What the rules
    answer (a refusal, a conflict) says its rule and is no failure; what the store or the code comes to says
    ``error.type``, and its span has the status *error*. Neither holds personal data: no facts, no ids (KRN-14).

    Without providers it takes the global ones; without an SDK it does nothing.
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        ours = version("csdomain")
        self._tracer = get_tracer("csdomain", ours, tracer_provider)
        self._durations = get_meter("csdomain", ours, meter_provider).create_histogram(
            DURATION,
            unit="s",
            description="How long units of work take, by use case and outcome.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )
        self._clock = SystemClock()

    def __call__(self, use_case: str, seconds: float, outcome: str) -> None:
        """What the store tells of a unit that has ended."""
        attributes = _attributes(use_case, outcome)
        self._durations.record(seconds, attributes)
        ended = to_micros(self._clock.now()) * 1_000
        span = self._tracer.start_span(
            use_case or UNNAMED, attributes=attributes, start_time=ended - round(seconds * 1_000_000_000)
        )
        if ERROR in attributes:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)


def _attributes(use_case: str, outcome: str) -> Mapping[str, str]:
    found = {USE_CASE: use_case or UNNAMED, OUTCOME: outcome}
    if outcome == "ok":
        return found
    # Observers are told the code alone; the error itself is on its way past them.
    error = sys.exception()
    if isinstance(error, DomainError) and error.code == outcome and not isinstance(error, StoreFailure):
        found[RULE] = error.rule.id
    else:
        found[ERROR] = outcome
    return found
