"""The console's shell: an empty page in which the coach's browser application starts."""

from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.templating import Jinja2Templates

from app.accounts.access import COOKIE
from app.content.rules import Content, Language

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(Path(__file__).parent / "templates")


@router.get("/console")
@router.get("/console/{anything:path}")
def console_page(request: Request, lang: Annotated[Language, Query()] = "en") -> Response:
    """The same page whatever stands behind `/console`: what is shown is decided in the browser."""
    content: Content = request.app.state.content
    say = partial(content.interface.text, language=lang)
    return templates.TemplateResponse(
        request, "console.html", {"language": lang, "say": say, "returning": COOKIE in request.cookies}
    )
