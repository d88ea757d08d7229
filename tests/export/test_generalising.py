"""What an export tells of each conversation is told of ten at least, and as exactly as that allows."""

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.export.generalising import Facts, K, generalise, parts_of
from app.export.periods import parse_period

FACTS = st.builds(
    Facts,
    st.sampled_from(["2026-01", "2026-02"]),
    st.sampled_from(["sleep", "sleep/night-waking", "send/autism", None]),
    st.sampled_from(["primary", "secondary", None]),
    st.sampled_from(["london", "wales", None]),
    st.sampled_from(["england", "wales", None]),
    st.sampled_from(["8-10", "11-13"]),
    st.sampled_from(["yes", None]),
    st.sampled_from(["full", "low"]),
    st.sampled_from(["en", "cy"]),
)
COUNTS = st.dictionaries(FACTS, st.integers(1, 25), max_size=30)


@given(counts=COUNTS)
def test_whatever_is_told_is_told_of_enough(counts: dict[Facts, int]) -> None:
    told = generalise(counts)
    assert told.keys() == counts.keys()
    alike: Counter[Facts] = Counter()
    in_period: Counter[str] = Counter()
    for facts, n in counts.items():
        alike[told[facts].facts] += n
        in_period[facts.period] += n
    for group, n in alike.items():
        assert n >= min(K, in_period[group.period])


@given(counts=COUNTS)
def test_nothing_is_told_that_is_not_so(counts: dict[Facts, int]) -> None:
    for facts, told in generalise(counts).items():
        assert told.facts.period == facts.period
        assert told.facts.topic in (facts.topic, (facts.topic or "").partition("/")[0], None)
        for name in ("stage", "region", "nation", "age_band", "send", "attendance", "language"):
            assert getattr(told.facts, name) in (getattr(facts, name), None)


def test_without_it_the_same_rows_single_families_out() -> None:
    """The control: a lone combination, told as it is, would agree with nobody else."""
    many = Facts("2026-01", "sleep", "primary", "london", "england", "8-10", "yes", "full", "en")
    lone = Facts("2026-01", "sleep", "primary", "wales", "wales", "8-10", "yes", "full", "en")
    told = generalise({many: 30, lone: 1})
    assert told[lone].facts == told[many].facts, "the smallest group that may be told of joins the lone one"
    assert (told[many].facts.region, told[many].facts.stage, told[many].facts.topic) == (
        None,
        "primary",
        "sleep",
    )
    told = generalise({many: 30, lone: 10})
    assert (told[many].facts, told[lone].facts) == (many, lone)


def test_a_period_is_told_in_parts_that_hold_enough() -> None:
    def names(period: str, counts: dict[int, int]) -> list[str]:
        by_month = {date(2026, month, 1): n for month, n in counts.items()}
        return [part.name for part in parts_of(parse_period(period), by_month)]

    assert names("2026-Q1", {1: 10, 2: 12}) == ["2026-01", "2026-02"]
    assert names("2026-Q1", {1: 10, 2: 9}) == ["2026-Q1"]
    assert names("2026", {1: 10, 2: 9, 5: 40}) == ["2026-Q1", "2026-Q2"]
    assert names("2026", {1: 3, 5: 40}) == ["2026"]
    assert names("2025/26", {1: 9, 2: 9}) == ["2026-Q1"]
    assert names("2026-03", {3: 1}) == ["2026-03"]
    assert names("2026-03", {}) == []
