"""What a charity's site loads, the chat's own page in the iframe, and a page that shows both."""

from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.templating import Jinja2Templates

from app.content.pages import LEAVE_FOR
from app.content.rules import LANGUAGES, Content, Language
from app.errors import NotFound
from app.settings import Settings

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(Path(__file__).parent / "templates")


@router.get("/")
def demo_page(request: Request, lang: Annotated[Language, Query()] = "en") -> Response:
    """An invented charity's page with the chat's button on it."""
    content: Content = request.app.state.content
    return templates.TemplateResponse(
        request,
        "demo.html",
        {
            "language": lang,
            "other": "en" if lang == "cy" else "cy",
            "say": partial(content.interface.text, language=lang),
        },
    )


@router.get("/embed.js")
def loader(request: Request) -> Response:
    """The loader, with the few words that it needs around it: it may ask for nothing before it is opened."""
    settings: Settings = request.app.state.settings
    content: Content = request.app.state.content
    path = settings.web_dir / "embed.js"
    if not path.is_file():
        raise NotFound("The chat's loader has not been built.", next_step="Run `make web`.")
    strings = {language: content.interface.subset(("loader",), language) for language in LANGUAGES}
    words = msgspec.json.encode(strings).decode()
    script = f"(function(EARSHOT_STRINGS){{{path.read_text(encoding='utf-8')}\n}})({words});\n"
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "public, max-age=300"})


@router.get("/embed")
def embed_page(request: Request, lang: Annotated[Language, Query()] = "en") -> Response:
    """The page in the iframe; without scripts it says what this is, whom to ring and what to read."""
    settings: Settings = request.app.state.settings
    content: Content = request.app.state.content
    notices = content.notices
    numbers = [
        {"name": number.name.of(lang), "phone": number.phone, "what": number.what.of(lang)}
        for number in notices.emergency.numbers
    ]
    return templates.TemplateResponse(
        request,
        "embed.html",
        {
            "language": lang,
            "neutral": LEAVE_FOR,
            "sites": " ".join(settings.sites),
            "about": notices.about.text.safely(lang),
            "emergency_title": notices.emergency.title.of(lang),
            "emergency_text": notices.emergency.text.safely(lang),
            "numbers": numbers,
            "say": partial(content.interface.text, language=lang),
        },
    )
