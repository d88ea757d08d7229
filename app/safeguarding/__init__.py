"""Concerns, from the first worry to the decision, and what in a text may raise one."""

from app.safeguarding.risk import Flag, detect

__all__ = ["Flag", "detect"]
