"""pycanon says how many conversations at least agree in all that is told of them: `FILE`, JSON lines."""

import sys

import pandas as pd
from pycanon.anonymity import k_anonymity

FACTS = ["period", "main_topic", "stage", "region", "nation", "age_band", "send", "attendance"]


def main(path: str) -> None:
    """Print the least group."""
    rows = pd.read_json(path, lines=True, dtype=str)
    table = rows.drop_duplicates("conversation")[FACTS].fillna("not told").astype(str)
    print(k_anonymity(table, FACTS))


if __name__ == "__main__":
    main(sys.argv[1])
