"""How many people the anonymiser finds in texts of strangers: `python -m benchmarks.strangers FILE`.

The file is in columns as WNUT-17's are (a token, a tab, B-person and so on; a blank line after each text). A
person counts as found when every letter of theirs is masked, under any type. Prints sums only: these texts
are somebody's, and the anonymiser must not be fitted to them.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from app.anonymise import find

KINDS = ("person", "per")


def texts_of(path: Path) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Each text with the places of its people."""
    tokens: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.strip():
            word, _, label = line.partition("\t")
            tokens.append((word, label.strip().split("\t")[0].casefold()))
        elif tokens:
            yield _joined(tokens)
            tokens = []


def _joined(tokens: list[tuple[str, str]]) -> tuple[str, list[tuple[int, int]]]:
    text, people = "", list[tuple[int, int]]()
    for word, label in tokens:
        start = len(text) + bool(text)
        text = f"{text} {word}" if text else word
        begins, _, kind = label.partition("-")
        if kind in KINDS and begins == "b":
            people.append((start, len(text)))
        elif kind in KINDS and people:
            people[-1] = (people[-1][0], len(text))
    return text, people


def main(arguments: list[str]) -> int:
    """Print how many people there are and how many were found; 2 without a file."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print("Say which file holds the texts: python -m benchmarks.strangers FILE")
        return 2
    texts = people = found = partly = 0
    for text, places in texts_of(Path(arguments[0])):
        texts += 1
        masked = {place for span in find([text])[0] for place in range(span.start, span.end)}
        for start, end in places:
            letters = {place for place in range(start, end) if text[place].isalnum()}
            people += 1
            found += letters <= masked
            partly += bool(letters & masked)
    share = found / max(1, people)
    print(f"{texts} texts, {people} people: found {found} = {share:.3f}, at least partly {partly}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
