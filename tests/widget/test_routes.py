"""The pages around the chat: what they say, and what they must not do before it is opened."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.scenes import content

PROJECT = Path(__file__).parents[2]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "embed.js").write_text('"use strict";(()=>{})();')
    settings = Settings(data_dir=tmp_path, web_dir=tmp_path / "web", sites=("https://nant.example",))
    transport = httpx.ASGITransport(create_app(settings, content()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


@pytest.mark.parametrize("path", ["/", "/embed", "/console", "/console/first"])
@pytest.mark.parametrize("language", ["en", "cy"])
async def test_pages_say_their_language_and_hold_no_script_or_style(
    client: httpx.AsyncClient, path: str, language: str
) -> None:
    answer = await client.get(path, params={"lang": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert re.search(r"<title>[^<]+</title>", answer.text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text), "an inline script"
    assert not re.search(r"\sstyle=|<style|\son\w+=", answer.text), "an inline style or handler"
    assert "set-cookie" not in answer.headers


async def test_the_embed_page_helps_without_scripts(client: httpx.AsyncClient) -> None:
    text = (await client.get("/embed")).text
    noscript = re.search(r"<noscript>(.*?)</noscript>", text, re.DOTALL)
    assert noscript
    assert "tel:999" in noscript[1]
    assert "/advice" in noscript[1]
    assert "parenting coach" in noscript[1]
    assert 'class="exit"' in text


async def test_a_draft_safety_notice_stands_under_the_english_one(client: httpx.AsyncClient) -> None:
    text = (await client.get("/embed", params={"lang": "cy"})).text
    assert text.index('<p lang="en">') < text.index('<p lang="cy">')


async def test_the_embed_page_names_the_sites_that_may_speak_to_it(client: httpx.AsyncClient) -> None:
    assert 'data-sites="https://nant.example"' in (await client.get("/embed")).text


async def test_the_loader_carries_its_words_in_both_languages(client: httpx.AsyncClient) -> None:
    answer = await client.get("/embed.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert '"loader.open":"Talk to a parenting coach"' in answer.text
    assert '"loader.open":"Siarad' in answer.text


async def test_an_unbuilt_loader_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, web_dir=tmp_path)
    transport = httpx.ASGITransport(create_app(settings, content()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/embed.js")
    assert answer.status_code == 404
    assert "make web" in answer.json()["next_step"]


async def test_an_unknown_language_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/embed", params={"lang": "xx"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
