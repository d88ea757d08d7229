"""Anonymised rows and tallies; runs that are requested, approved, built and released."""
