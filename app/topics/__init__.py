"""Codes of a codebook version put on a conversation, and by whom."""
