"""The supervisor of several workers sees a death at once, whenever it comes."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from uvicorn.supervisors.multiprocess import SIGNALS

from app.serving import Supervisor
from tests.talk import until

LONG_S = 3600  # nothing here waits for this


async def answers_nobody(_scope: object, _receive: object, _send: object) -> None:
    """What the workers here serve."""


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A supervisor takes the process's signals for its own."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_a_worker_that_dies_while_it_is_asked_how_it_is_is_replaced_at_once() -> None:
    config = uvicorn.Config(answers_nobody, lifespan="off", workers=1, timeout_worker_healthcheck=LONG_S)
    supervisor = Supervisor(config, [])
    supervisor.init_processes()
    (worker,) = supervisor.processes
    looking = threading.Thread(target=supervisor.keep_subprocess_alive, daemon=True)
    try:
        os.kill(worker.pid or 0, signal.SIGSTOP)
        looking.start()
        await until(lambda: _waits_for_an_answer(looking))
        os.kill(worker.pid or 0, signal.SIGKILL)
        await until(lambda: not looking.is_alive())
        (successor,) = supervisor.processes
        assert successor is not worker
        assert successor.process.is_alive()
    finally:
        for process in supervisor.processes:
            process.kill()
            await asyncio.to_thread(process.join)


def _waits_for_an_answer(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code.co_name != "poll":
        frame = frame.f_back
    return frame is not None
