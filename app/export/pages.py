"""The research page as HTML, made on the server; it works without a script."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import jinja2

from app import clock
from app.accounts.rules import Viewer
from app.content.pages import MONTHS
from app.content.rules import Content, Language
from app.errors import AppError
from app.export.manifest import NAME as MANIFEST
from app.export.models import ExportRun
from app.export.queries import PAGE
from app.export.quoted import NEEDED, Standing
from app.export.quoting import WORDS_MOST, Proposed
from app.export.reviewing import AROUND, REVIEWS, Doubt
from app.export.rules import REQUESTS, SEES, RunState, steps_for

_TEMPLATES = Path(__file__).parent / "templates"
STYLE = (_TEMPLATES / "research.css").read_bytes()
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def research_page(
    content: Content,
    language: Language,
    *,
    viewer: Viewer | None,
    csrf: str = "",
    runs: Sequence[ExportRun] = (),
    quotable: Sequence[ExportRun] = (),
    runs_after: UUID | None = None,
    names: Mapping[UUID, str] | None = None,
    recall: Mapping[UUID, int] | None = None,
    quotes: Sequence[Standing] = (),
    error: AppError | None = None,
    typed: Mapping[str, str] | None = None,
) -> str:
    """The page as this viewer may see it; None is somebody who has not signed in.

    Of `runs` and `quotes` a page is shown, with a link to what follows where there is more. `runs_after` is
    the run that this page of them follows on. `typed` is what stands in the fields of a refused form.
    """
    allowed = viewer is not None and viewer.role in SEES
    return _environment.get_template("research.html").render(
        language=language,
        other="en" if language == "cy" else "cy",
        in_language="?lang=cy" if language == "cy" else "",
        say=partial(content.interface.text, language=language),
        viewer=viewer,
        allowed=allowed,
        may_review=viewer is not None and viewer.role in REVIEWS,
        may_request=viewer is not None and viewer.role in REQUESTS,
        csrf=csrf,
        codes=content.codebook.topics,
        runs=[
            _shown(run, content, language, viewer=viewer, names=names or {}, recall=recall or {})
            for run in runs[:PAGE]
        ],
        more_runs=runs[PAGE - 1].id if len(runs) > PAGE else None,
        runs_after=runs_after,
        quotable=[
            _shown(run, content, language, viewer=viewer, names={}, recall={})
            for run in quotable
            if _files(run)
        ],
        quotes=quotes[:PAGE],
        more_quotes=quotes[PAGE - 1].quote.id if len(quotes) > PAGE else None,
        needed=NEEDED,
        quote_most=WORDS_MOST,
        typed=defaultdict(str, typed or {}),
        building=any(run.state == RunState.BUILDING for run in runs[:PAGE]),
        error=error,
    )


def review_page(
    content: Content,
    language: Language,
    *,
    csrf: str,
    doubts: Sequence[Doubt],
    quotes: Sequence[Proposed] = (),
    error: AppError | None = None,
) -> str:
    """The review desk: quotes and doubtful masks, with what may be decided about each."""
    return _environment.get_template("review.html").render(
        language=language,
        other="en" if language == "cy" else "cy",
        in_language="?lang=cy" if language == "cy" else "",
        say=partial(content.interface.text, language=language),
        csrf=csrf,
        doubts=doubts,
        quotes=quotes,
        needed=NEEDED,
        most=2 * AROUND,
        error=error,
    )


def _shown(
    run: ExportRun,
    content: Content,
    language: Language,
    *,
    viewer: Viewer | None,
    names: Mapping[UUID, str],
    recall: Mapping[UUID, int],
) -> dict[str, object]:
    first, last = (
        f"{MONTHS[language][month.month - 1]} {month.year}" for month in (run.first_month, run.last_month)
    )
    between = content.interface.text("report.period", language)
    waiting = run.state in (RunState.REQUESTED, RunState.BUILT)
    return {
        "id": run.id,
        "topic": _topic(run, content, language),
        "months": first if first == last else between.format(**{"from": first, "to": last}),
        "purpose": run.purpose,
        "state": run.state,
        "n": run.manifest.get("n"),
        "failure": run.failure,
        "sample": run.sample,
        "seed": run.seed,
        "progress": (run.done, run.found) if run.state == RunState.BUILDING and run.found else None,
        "expires": f"{run.expires_at.astimezone(clock.LONDON):%d/%m/%Y}" if run.expires_at else "",
        "recall": recall.get(run.id, 0),
        "requested_by": names.get(run.requested_by, ""),
        "approved_by": names.get(run.approved_by, "") if run.approved_by else "",
        "files": _files(run),
        "steps": steps_for(
            state=run.state, role=viewer.role, asked_for_it=viewer.staff_id == run.requested_by
        )
        if viewer
        else [],
        "waits_for_another": waiting and viewer is not None and viewer.staff_id == run.requested_by,
    }


def _files(run: ExportRun) -> list[str]:
    """The names of the files that may be downloaded now."""
    if run.state != RunState.RELEASED or run.expires_at is None or run.expires_at <= clock.now():
        return []
    described = run.manifest.get("files", {})
    return [*described, MANIFEST] if isinstance(described, dict) else []


def _topic(run: ExportRun, content: Content, language: Language) -> str:
    if run.topic is None:
        return content.interface.text("research.all_topics", language)
    known = content.codebook.known("topic", run.topic)
    return content.codebook.code("topic", run.topic).label.of(language) if known else run.topic
