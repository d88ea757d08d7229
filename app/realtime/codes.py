"""The wire's error codes, their statuses over HTTP, and the codes with which a socket is closed. Pure."""

import re
from typing import Literal

ErrorCode = Literal[
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "not_assignee",
    "conversation_closed",
    "at_capacity",
    "already_claimed",
    "too_large",
    "rate_limited",
    "idempotency_conflict",
    "stale_epoch",
    "blocked",
    "internal",
]

HTTP_STATUS: dict[ErrorCode, int] = {
    "bad_request": 422,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "not_assignee": 403,
    "conversation_closed": 409,
    "at_capacity": 409,
    "already_claimed": 409,
    "too_large": 413,
    "rate_limited": 429,
    "idempotency_conflict": 409,
    "stale_epoch": 409,
    "blocked": 403,
    "internal": 503,
}

CLOSE_CODES: dict[int, str] = {
    4000: "restart: come back once the milliseconds are over that the reason names, as in `retry_ms=1500`",
    4001: "no pong: come back",
    4002: "slow: the outbound queue was full; come back and recover",
    4003: "position lost: come back without cursors",
    4004: "token expired: get a new one and come back",
    4005: "rate: come back later",
    4006: "internal: come back",
    4500: "protocol: the client does not speak earshot.v1; do not come back",
    4501: "unauthorised: the token opens nothing; do not come back",
    4502: "origin: this page may not connect; do not come back",
    4503: "blocked: do not come back",
    4504: "too many sockets: close one first; do not come back by itself",
    4505: "version: the protocol version is not known; do not come back",
}


def asked_to_wait_s(reason: str) -> float:
    """How long a server that restarts asks this client to stay away: the seconds in its close's reason."""
    found = re.fullmatch(r"retry_ms=(\d{1,5})", reason)
    return int(found[1]) / 1000 if found else 0.0
