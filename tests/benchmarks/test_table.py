"""The arithmetic of the tables."""

import pytest

from benchmarks.plan import Outcome
from benchmarks.table import Spread, ratio, spread, talk_table


def test_runs_are_compared_with_the_run_beside_them():
    assert ratio([10, 40, 30], [20, 10, 10]) == Spread(median=3, least=0.5, most=4)


def test_unequal_numbers_of_runs_are_no_pairs():
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


def test_the_middle_of_an_even_number_lies_between():
    assert spread([1, 2, 10, 20]) == Spread(median=6, least=1, most=20)


def test_a_row_holds_its_rates_ratios_and_costs():
    def runs(*delivered: int) -> list[Outcome]:
        cpu = {"server": 1.0, "postgres": 0.5, "generator": 0.25}
        return [Outcome(faults=(), delivered=each, seconds=2.0, cpu=cpu) for each in delivered]

    table = talk_table(
        {"relay": runs(4000, 8000), "earshot": runs(2000, 2000)},
        {"relay": "the relay", "earshot": "Earshot"},
    )
    head, _, relay, earshot = table.splitlines()
    assert "÷ relay" in head
    assert "3,000 (2,000-4,000)" in relay
    assert "0.38 (0.25-0.50)" in earshot
    cells = [cell.strip() for cell in earshot.split("|")]
    assert cells[7:] == ["0.500", "0.250", "", "0.750", "0.1250", "12 %", ""]
