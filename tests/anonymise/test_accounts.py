"""Account names and web addresses are found without their signs, and words beside a site are left."""

import pytest

from app.anonymise.accounts import accounts, addresses_of_the_web


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("his insta is kaiden_offical09", "kaiden_offical09"),
        ("her snap: lilyrosexo", "lilyrosexo"),
        ("on tiktok as thatgirlmeg.x and has 4000 followers", "thatgirlmeg.x"),
        ("dm me @mrs_bunting", "@mrs_bunting"),
        ("he goes by Xx_Slayer_xX on fortnite", "Xx_Slayer_xX"),
        ("his discord is frostbyte#4471", "frostbyte#4471"),
        ("dragonking2012 on roblox keeps asking", "dragonking2012"),
        ("youtube channel KobisCrazyWorld, he reads it all", "KobisCrazyWorld"),
    ],
)
def test_an_account_is_found(text: str, name: str) -> None:
    assert name in [text[span.start : span.end] for span in accounts(text)]


@pytest.mark.parametrize(
    "text",
    [
        "his insta is full of rubbish",
        "she is on tiktok all night",
        "fortnite is ruining us",
        "i saw it on facebook yesterday at 4pm",
        "the account is closed",
        "he got an xbox in year7",
    ],
)
def test_words_beside_a_site_are_left(text: str) -> None:
    assert list(accounts(text)) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("its on oakfieldmums.co.uk about us", "oakfieldmums.co.uk"),
        ("see youtu.be/9xKq2Lm0aT please", "youtu.be/9xKq2Lm0aT"),
        ("hillview dot co dot uk", "hillview dot co dot uk"),
        ("look at tiredmum . com / blog", "tiredmum . com / blog"),
    ],
)
def test_a_web_address_is_found(text: str, address: str) -> None:
    assert address in [text[span.start : span.end] for span in addresses_of_the_web(text)]


@pytest.mark.parametrize("text", ["he went in.me and his dad cried", "stop.it is not ok", "fine. come in"])
def test_a_missing_space_makes_no_address(text: str) -> None:
    assert list(addresses_of_the_web(text)) == []
