"""Asking the service over HTTP."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from app.errors import AppError

MOST_TRIES = 60
# How a connection ends that was kept for the next request, when the service gave it up in the same moment.
DROPPED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


async def ask(
    http: httpx.AsyncClient,
    url: str,
    request: Mapping[str, object],
    *,
    headers: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], httpx.Headers]:
    """Post JSON and return the answer with its headers; asked again when and where the service says so.

    A connection that was dropped is tried once more, so what is asked must do no harm when it is asked
    twice: a second sign-in is a second session. An error becomes the AppError that it was.
    """
    for _ in range(MOST_TRIES):
        try:
            response = await http.post(url, json=request, headers=headers)
        except DROPPED:
            response = await http.post(url, json=request, headers=headers)
        told: dict[str, Any] = response.json() if "json" in response.headers.get("content-type", "") else {}
        if response.is_success:
            return told, response.headers
        if told.get("retry_ms") is None:
            break
        await asyncio.sleep(told["retry_ms"] / 1000)
    raise AppError(
        told.get("message") or f"The service answered with {response.status_code}.",
        next_step=told.get("next_step") or "Its own log says why.",
        code=told.get("code"),
        status=response.status_code,
    )
