"""Thematic reports, made from rows and tallies only."""
