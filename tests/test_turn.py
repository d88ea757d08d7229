"""Turns to write, where there is one writer: in order, but for batches, and nobody left out."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.turn import Turn


async def _order(arrivals: list[bool]) -> list[int]:
    """The order in which these are served that all arrive while somebody holds the turn."""
    turn, served = Turn(), list[int]()

    async def come(number: int, *, ahead: bool) -> None:
        async with turn.taken(ahead=ahead):
            served.append(number)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as people, turn.taken():
        for number, ahead in enumerate(arrivals):
            people.create_task(come(number, ahead=ahead))
        await asyncio.sleep(0)
    return served


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=40))
def test_those_ahead_wait_for_a_few_others_and_all_else_is_first_come_first_served(
    arrivals: list[bool],
) -> None:
    served = asyncio.run(_order(arrivals))
    ahead = [number for number, is_ahead in enumerate(arrivals) if is_ahead]
    others = [number for number, is_ahead in enumerate(arrivals) if not is_ahead]
    expected: list[int] = []
    room = Turn.SPACING - 1  # whoever held the turn while they came was one
    while ahead or others:
        expected += others[:room]
        others = others[room:]
        expected += ahead[:1]
        ahead = ahead[1:]
        room = Turn.SPACING
    assert served == expected


@pytest.mark.parametrize("leaves_when", ["waiting", "given"])
async def test_who_leaves_the_line_keeps_nobody_waiting(leaves_when: str) -> None:
    turn, served = Turn(), list[str]()

    async def come(name: str) -> None:
        async with turn.taken():
            served.append(name)

    async with turn.taken():
        leaver = asyncio.create_task(come("leaver"))
        follower = asyncio.create_task(come("follower"))
        await asyncio.sleep(0)
        if leaves_when == "waiting":
            leaver.cancel()
            await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.gather(leaver, follower, return_exceptions=True)
    async with turn.taken():
        assert served == ["follower"]


async def test_one_at_a_time() -> None:
    turn, inside, most = Turn(), 0, 0

    async def come(*, ahead: bool) -> None:
        nonlocal inside, most
        async with turn.taken(ahead=ahead):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async with asyncio.TaskGroup() as people:
        for number in range(12):
            people.create_task(come(ahead=number % 3 == 0))
    assert most == 1
