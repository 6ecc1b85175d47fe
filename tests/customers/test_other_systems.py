"""Cases of other systems (pinyin matchers, surnames, distances): every file in tests/cases/contact_and_goods."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from csdomain.customers.questions.matching import Group, reads, spelled, spellings, terms
from csdomain.customers.rules import FINDING
from csdomain_adapters.find import Fold

FOLDER: Final = Path(__file__).parent.parent / "cases" / "contact_and_goods"
FOLD: Final = Fold()
Case = dict[str, Any]


def name_pinyin_match(given: Case) -> Case:
    span = spelled(given["query"], given["text"], FOLD)
    asked = spellings(given["query"], FOLD)
    if span is not None and asked:
        assert asked & terms(given["text"], Group.NAME, FOLD), "the store would not offer it"
    return {"match": span is not None, "span": span and list(span)}


def surname_reading(given: Case) -> Case:
    return {"pinyin": " ".join(readings[0] for _, readings in reads(given["surname"], FOLD))}


def latin_distance(given: Case) -> Case:
    """What :meth:`Fold.alike` is made of. One slip is one edit, a swap too, so Levenshtein's is not used."""
    metric = JaroWinkler.similarity if given["metric"] == "jaro_winkler" else DamerauLevenshtein.distance
    return {"value": metric(given["a"], given["b"])}


KINDS: Final[dict[str, Callable[[Case], Case]]] = {
    "name_pinyin_match": name_pinyin_match,
    "surname_reading": surname_reading,
    "latin_distance": latin_distance,
}
#: Cases that are otherwise on purpose: what comes here, and why.
OTHERWISE: Final[dict[str, tuple[Case, str]]] = {}
CASES: Final = [case for file in sorted(FOLDER.glob("*.json")) for case in json.loads(file.read_text("utf-8"))["cases"]]


@pytest.mark.rule(FINDING)
@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] in KINDS], ids=lambda case: str(case["id"]))
def test_it_is_as_the_other_system_says(case: Case) -> None:
    found, expected = KINDS[case["kind"]](case["input"]), dict(case["expected"])
    if case["id"] in OTHERWISE:
        assert found == OTHERWISE[case["id"]][0] != expected
        return
    within = expected.pop("tolerance", None)
    if within is not None:
        assert found == {"value": pytest.approx(expected["value"], abs=within)}
    else:
        assert found == expected


@pytest.mark.rule(FINDING)
@pytest.mark.parametrize(
    ("one", "two", "least"),
    [("dwayne", "duane", 0.84), ("jonathansmith", "jonahtansmith", 0.95), ("fuor", "four", 0.95), ("ab", "cd", 0.0)],
)
def test_likeness_is_what_those_distances_say(one: str, two: str, least: float) -> None:
    assert FOLD.alike(one, two) == FOLD.alike(two, one) >= least
    assert FOLD.alike(one, one) == 1
