"""Tokens, the list of words, and the one-way forms."""

import re
from itertools import pairwise

from app.accounts.tokens import WORDS, code_mac, csrf_token, new_code, new_token, token_hash


def test_the_list_has_1024_words_that_differ_in_their_first_four_letters() -> None:
    assert len(WORDS) == len(set(WORDS)) == 1024
    assert all(re.fullmatch(r"[a-z]{3,6}", word) for word in WORDS)
    assert len({word[:4] for word in WORDS}) == 1024


def test_no_word_begins_another_so_no_two_codes_sound_alike_when_run_together() -> None:
    in_order = sorted(WORDS)
    assert not [pair for pair in pairwise(in_order) if pair[1].startswith(pair[0])]


def test_tokens_are_256_bits_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_codes_are_four_listed_words() -> None:
    codes = [new_code().split(" ") for _ in range(1000)]
    assert all(len(words) == 4 and set(words) <= set(WORDS) for words in codes)
    assert len({word for words in codes for word in words}) > 900  # of 1,024; about 1,003 are expected


def test_one_way_forms_depend_on_all_that_they_should() -> None:
    assert token_hash("a") != token_hash("b")
    assert len(token_hash("\udc80 not even Unicode")) == 32
    code = "otter lamp river moss"
    assert code_mac(code, secret=b"one") != code_mac(code, secret=b"two")
    assert csrf_token("a", secret=b"one") != csrf_token("a", secret=b"two")
    assert csrf_token("a", secret=b"one") != csrf_token("b", secret=b"one")
    assert bytes.fromhex(csrf_token(code, secret=b"one")) != code_mac(code, secret=b"one")
