"""Measures and long runs, each begun by `make`: bench, soak, evaluate, screenshots."""
