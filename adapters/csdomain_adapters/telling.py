"""What stores say of each unit of work: to the observer of the desk, and of refusals to the log."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.ports import Call, Observer, Refusal

_log: Final = logging.getLogger("csdomain.refusals")
_faults: Final = logging.getLogger("csdomain.observer")
#: An id of csdomain. Whatever else stands as a subject may be somebody's phone number.
_ID: Final = re.compile(r"[a-z]{2,8}_[0-9a-z]{26}")


@contextmanager
def observed(observer: Observer | None, call: Call | None) -> Iterator[None]:
    """Tell ``observer``, where there is one, of the unit that is this block: use case, seconds, outcome.

    One that raises is no reason for the unit to fail, which may be committed: the log has it.
    """
    if observer is None:
        yield
        return
    began, outcome = time.perf_counter(), "ok"
    try:
        yield
    except BaseException as error:
        outcome = error.code if isinstance(error, DomainError) else type(error).__name__
        raise
    finally:
        try:
            observer("" if call is None else call.use_case, time.perf_counter() - began, outcome)
        except Exception as error:  # noqa: BLE001 - whatever a host's code raises
            _faults.warning("the observer raised %s", type(error).__name__)


def log_refusal(record: Refusal | None) -> None:
    """A line at INFO: use case, subject, code, rule. Never facts or who it was: they may be personal (KRN-14)."""
    if record is None or not _log.isEnabledFor(logging.INFO):
        return
    subject = record.subject if _ID.fullmatch(record.subject) else ""
    _log.info(
        "%s refused%s: %s (%s)",
        record.use_case,
        f" of {subject}" if subject else "",
        record.code,
        record.rule,
        extra={
            "csdomain_use_case": record.use_case,
            "csdomain_subject": subject,
            "csdomain_code": record.code,
            "csdomain_rule": record.rule,
        },
    )
