"""Conversations, participants, and the log of what was said and what happened."""
