"""Concerns, from the first worry to the decision."""
