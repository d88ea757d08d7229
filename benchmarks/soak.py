"""Plays conversations with seed after seed, on the two engines in turn, until one round shows a fault."""

import argparse
import sys

from benchmarks.rehearsing import both_engines, rehearse


def main() -> int:
    """Run the rounds; 1 at the first fault, which is named with its seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="rounds on each engine")
    parser.add_argument("--first-seed", type=int, default=1, help="the seed of the first round")
    given = parser.parse_args()
    with both_engines() as engines:
        for seed in range(given.first_seed, given.first_seed + given.rounds):
            for name, settings in engines.items():
                outcome = rehearse(settings, seed=seed)
                print(f"seed {seed} on {name}: {outcome.messages} messages, {len(outcome.faults)} faults")
                for fault in outcome.faults:
                    print(f"  {fault}")
                if outcome.faults:
                    return 1
    rounds = 2 * given.rounds
    print(f"No fault in {rounds} rounds: fewer than {100 * min(1, 3 / rounds):.1f} % of rounds have one.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
