"""Cases of other systems (SMS counters, gateways, phones, lunar dates): every file in tests/cases/contact_and_goods."""

import json
from collections.abc import Callable
from datetime import date, datetime, time
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from csdomain.kernel.values.birthdays import Birthday, LeapDay, LunarDay, NotABirthday, age, nominal_age
from csdomain.messaging.policies import QuietHours, reply_action, segments, truncate
from csdomain.messaging.policies.segments import Encoding
from csdomain_adapters.lunar import Borax
from csdomain_adapters.phones import NotAPhone, UnknownRegion, phone

FOLDER = Path(__file__).parent.parent / "cases" / "contact_and_goods"
LUNAR = Borax()
Case = dict[str, Any]


def sms_segments(given: Case) -> Case:
    found = segments(given["text"])
    sizes = [found.units_of(part) for part in found.parts]
    assert "".join(found.parts) == given["text"]
    return {
        "encoding": found.encoding.value[0],
        "units": found.units,
        "segments": len(found.parts),
        "units_per_segment": found.capacity,
        "units_left_in_last": found.capacity - sizes[-1],
        "segment_units": sizes,
    }


def sms_gsm7_class(given: Case) -> Case:
    counts = [segments(character) for character in given["characters"]]
    [(encoding, units)] = {(one.encoding, one.units) for one in counts}
    if encoding is Encoding.UCS2:
        return {"gsm7_class": "none", "units_each": None}
    return {"gsm7_class": ["basic", "extended"][units - 1], "units_each": units}


def phone_e164(given: Case) -> Case:
    try:
        found = phone(given["raw"], given["default_region"])
    except NotAPhone:
        return {"e164": None, "valid": False, "type": None}
    return {"e164": found.e164, "valid": True, "type": found.type.value}


def opt_out_keyword(given: Case) -> Case:
    chinese, first_word = given["locale"] == "zh", given["rule"] == "first_word"
    action = reply_action(given["text"], chinese=chinese, first_word=first_word)
    return {"action": "none" if action is None else action.value}


def quiet_hours(given: Case) -> Case:
    hours = QuietHours(time.fromisoformat(given["start"]), time.fromisoformat(given["end"]))
    at = datetime.fromisoformat(given["at"])
    allowed = hours.allowed(at, ZoneInfo(given["tz"]))
    return {"quiet": allowed != at, "next_allowed": allowed.isoformat().replace("+00:00", "Z")}


def lunar_day(given: Case, year: str = "lunar_year") -> LunarDay:
    return LunarDay(given[year], given["month"], given["day"], given["leap_month"])


def lunar_invalid(given: Case) -> Case:
    with pytest.raises(NotABirthday):
        LUNAR.solar(lunar_day(given))
    return {"valid": False}


def lunar_age(given: Case) -> Case:
    born, on = date.fromisoformat(given["born"]), date.fromisoformat(given["on"])
    by_lunar = age(LUNAR.lunar(born), on, LeapDay.FEB28, LUNAR)
    return {"actual_age_by_lunar_birthday": by_lunar, "nominal_age": nominal_age(born, on, LUNAR)}


def next_birthday(given: Case) -> Case:
    today, leap_day = date.fromisoformat(given["today"]), LeapDay(given["leap_day_policy"])
    found = Birthday.on(date.fromisoformat(given["born"])).next_on(today, leap_day)
    return {"next": found.isoformat(), "days": (found - today).days}


def lunar_birthday_in_year(given: Case) -> Case:
    birthday = Birthday.on(lunar_day(given, "born_lunar_year"))
    return {"solar": birthday.in_year(given["in_lunar_year"], LeapDay.FEB28, LUNAR).isoformat()}


def solar_age(given: Case) -> Case:
    born, on = date.fromisoformat(given["born"]), date.fromisoformat(given["on"])
    return {"age": age(born, on, LeapDay(given["leap_day_policy"]))}


KINDS: Final[dict[str, Callable[[Case], Case]]] = {
    "sms_segments": sms_segments,
    "sms_gsm7_class": sms_gsm7_class,
    "sms_truncate": lambda given: {"kept_characters": len(truncate(given["text"], given["max_segments"]))},
    "phone_e164": phone_e164,
    "opt_out_keyword": opt_out_keyword,
    "quiet_hours": quiet_hours,
    "lunar_to_solar": lambda given: {"solar": LUNAR.solar(lunar_day(given)).isoformat()},
    "lunar_month_length": lambda given: {
        "days": LUNAR.month_length(given["lunar_year"], given["month"], given["leap_month"])
    },
    "lunar_leap_month": lambda given: {"leap_month": LUNAR.leap_month(given["lunar_year"])},
    "lunar_invalid": lunar_invalid,
    "lunar_birthday_in_year": lunar_birthday_in_year,
    "lunar_age": lunar_age,
    "nominal_age": lambda given: {
        "nominal_age": nominal_age(date.fromisoformat(given["born"]), date.fromisoformat(given["on"]), LUNAR)
    },
    "solar_age": solar_age,
    "next_birthday": next_birthday,
}
#: Where the other kinds are run: modules with a table of their own.
ELSEWHERE: Final = ("customers.test_other_systems", "inventory.test_other_systems", "payments.test_other_systems")
CASES = [case for file in sorted(FOLDER.glob("*.json")) for case in json.loads(file.read_text("utf-8"))["cases"]]


@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] in KINDS], ids=lambda case: str(case["id"]))
def test_it_is_as_the_other_system_says(case: Case) -> None:
    assert KINDS[case["kind"]](case["input"]) == case["expected"]


def test_every_kind_is_run_somewhere() -> None:
    run = [kind for table in (KINDS, *(import_module(name).KINDS for name in ELSEWHERE)) for kind in table]
    assert sorted(run) == sorted({case["kind"] for case in CASES})


@pytest.mark.parametrize("region", ["china", "cn", "86", "", None])
def test_a_region_that_is_none_is_what_is_refused(region: Any) -> None:
    """Nobody looks for a fault in a number that has none."""
    with pytest.raises(UnknownRegion) as refused:
        phone("13812345678", region)
    assert "CN" in str(refused.value)
    assert "13812345678" not in str(refused.value)
