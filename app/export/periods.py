"""The periods that may be asked for: a month, a quarter, a calendar year, or a year from April to March."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from app.clock import LONDON
from app.errors import BadRequest

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_QUARTER = re.compile(r"(20\d\d)-[Qq]([1-4])")
_YEAR = re.compile(r"(20\d\d)")
_APRIL_TO_MARCH = re.compile(r"(20\d\d)/(\d\d)")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months from `first` to `last`, each named by its first day, both included."""

    name: str
    first: date
    last: date

    def months(self) -> list[date]:
        """The first day of each month, in order."""
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        return [_later(self.first, months) for months in range(count)]


def parse_period(text: str) -> Period:
    """A period from `2026-03`, `2026-Q1`, `2026` or `2025/26` (April to March); BadRequest for another."""
    asked = text.strip()
    if found := _MONTH.fullmatch(asked):
        first, months = date(int(found[1]), int(found[2]), 1), 1
    elif found := _QUARTER.fullmatch(asked):
        first, months = date(int(found[1]), 3 * int(found[2]) - 2, 1), 3
    elif found := _YEAR.fullmatch(asked):
        first, months = date(int(found[1]), 1, 1), 12
    elif (found := _APRIL_TO_MARCH.fullmatch(asked)) and (int(found[1]) + 1) % 100 == int(found[2]):
        first, months = date(int(found[1]), 4, 1), 12
    else:
        raise BadRequest(
            f"“{asked[:20]}” is not a period.",
            next_step="Write 2026-03 (a month), 2026-Q1 (a quarter), 2026, or 2025/26 (April to March).",
        )
    return Period(asked.upper(), first, _later(first, months - 1))


def year_of(month: date) -> Period:
    """The April-to-March year that holds this month."""
    year = month.year if month.month >= 4 else month.year - 1
    return parse_period(f"{year}/{(year + 1) % 100:02d}")


def month_of(moment: datetime) -> date:
    """The first day of the month in which this moment lies, as London counts it."""
    return moment.astimezone(LONDON).date().replace(day=1)


def _later(month: date, months: int) -> date:
    total = month.year * 12 + month.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)
