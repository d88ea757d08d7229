"""Plays the same conversations through the whole service on both engines and compares them."""

from statistics import median

from benchmarks.rehearsing import both_engines, rehearse

ROUNDS = 3


def main() -> None:
    """Print messages a second and the time to `ok` on each engine, and SQLite's rate over PostgreSQL's."""
    rates: dict[str, float] = {}
    print(f"{'':<12}{'messages/s':>12}{'ok p50 (ms)':>14}    the middle of {ROUNDS} rounds")
    with both_engines() as engines:
        for name, settings in engines.items():
            rounds = [rehearse(settings, seed=seed) for seed in range(1, ROUNDS + 1)]
            rates[name] = median(outcome.messages / outcome.seconds for outcome in rounds)
            to_ok = 1000 * median(second for outcome in rounds for second in outcome.to_ok)
            print(f"{name:<12}{rates[name]:>12.1f}{to_ok:>14.1f}", flush=True)
    print(f"SQLite/PostgreSQL: {rates['SQLite'] / rates['PostgreSQL']:.2f}")


if __name__ == "__main__":
    main()
