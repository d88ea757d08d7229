"""Brings what the tests need and Python cannot install: PostgreSQL, Chromium, a running server."""
