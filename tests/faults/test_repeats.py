"""F7: one message is one row, however often it is sent."""

import random

from tests.faults.ground import Ground
from tests.faults.repeats import AT_ONCE, _unlike, repeat

SEED = 20261126


async def test_f7_the_same_id_fifty_times_at_once_is_one_row(ground: Ground) -> None:
    outcome = await repeat(ground, AT_ONCE, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == AT_ONCE


def test_f7_a_second_row_and_a_second_answer_would_be_seen() -> None:
    first = {"t": "ok", "d": {"message_id": "a", "seq": 1, "at": "now", "duplicate": False}}
    second = {"t": "ok", "d": {"message_id": "b", "seq": 2, "at": "now", "duplicate": False}}
    assert len(_unlike([first, second])) == 2
    assert _unlike([first, {**first, "d": {**first["d"], "duplicate": True}}]) == []
