"""Earshot: a parent coaching chat, and the anonymised research that comes out of it."""
