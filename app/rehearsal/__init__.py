"""Clients of the wire that rehearse the service: simulate and demo."""
