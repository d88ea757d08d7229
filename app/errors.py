"""Errors that a person sees: a code, a sentence they understand, and what to do next.

The same three things go over HTTP and over the socket. Codes are those of the wire protocol.
"""


class AppError(Exception):
    """Something that was asked for cannot be done, and whoever asked should be told why."""

    code = "internal"
    status = 500

    def __init__(
        self,
        message: str,
        *,
        next_step: str = "",
        code: str | None = None,
        status: int | None = None,
        retry_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.retry_ms = retry_ms
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without being changed."""
        return self.retry_ms is not None


class BadRequest(AppError):
    code, status = "bad_request", 422


class Unauthorized(AppError):
    code, status = "unauthorized", 401


class Forbidden(AppError):
    code, status = "forbidden", 403


class NotFound(AppError):
    """Also the answer for things that exist but are not the asker's to see."""

    code, status = "not_found", 404


class Conflict(AppError):
    """The world has moved on: the code says how (`already_claimed`, `conversation_closed`, …)."""

    code, status = "bad_request", 409


class RateLimited(AppError):
    code, status = "rate_limited", 429


class ConfigurationError(AppError):
    """A setting, file or database is not fit to start with; the next step says how to mend it."""
