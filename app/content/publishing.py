"""What widget and console are told of the content, in one language, as plain values for JSON."""

from typing import Any

from app.content.rules import CHILD_FACTS, LANGUAGES, Code, Content, Language, Notice, Service, Text

Plain = dict[str, Any]
NAMES: dict[Language, str] = {"en": "English", "cy": "Cymraeg"}
WRAP_UP = ("barrier", "disposition", "service_gap")


def published(content: Content, language: Language) -> Plain:
    """Everything public that a client shows. Notices come as versions to show one under the other."""
    book = content.codebook
    return {
        "language": language,
        "languages": [{"id": known, "name": NAMES[known]} for known in LANGUAGES],
        "codebook_version": book.version,
        "topics": [_code(code, language) for code in book.topics],
        "child": {kind: [_code(code, language) for code in book.codes(kind)] for kind in CHILD_FACTS},
        "wrap_up": {kind: [_code(code, language) for code in book.codes(kind)] for kind in WRAP_UP},
        "notices": _notices(content, language),
        "consent": _consent(content, language),
        "emergency": _emergency(content, language),
        "articles": [
            {
                "slug": article.slug,
                "title": article.text(language).title,
                "summary": article.text(language).summary,
                "topics": article.topics,
                "age_bands": article.age_bands,
                "url": f"/advice/{article.slug}" + ("?lang=cy" if language == "cy" else ""),
            }
            for article in content.articles
        ],
        "directory": [_service(service, language) for service in content.directory],
        "ready_replies": [
            {
                "id": reply.id,
                "title": reply.title.of(language),
                "body": reply.body.of(language),
                "topics": reply.topics,
            }
            for reply in content.ready_replies
        ],
    }


def _code(code: Code, language: Language) -> Plain:
    plain: Plain = {"id": code.id, "label": code.label.of(language)}
    if code.description is not None:
        synonyms = (*code.synonyms.en, *code.synonyms.cy)  # looked for in either language
        plain |= {
            "description": code.description.of(language),
            "synonyms": synonyms,
            "parent": code.parent,
            "data": code.data,
        }
    if code.group is not None:
        plain["group"] = code.group
    if code.nation is not None:
        plain["nation"] = code.nation
    return plain


def _safely(text: Text, language: Language) -> list[dict[str, str]]:
    return [{"language": shown, "text": words} for shown, words in text.safely(language)]


def _notice(notice: Notice, language: Language) -> Plain:
    return {"title": _safely(notice.title, language), "text": _safely(notice.text, language)}


def _notices(content: Content, language: Language) -> Plain:
    notices = content.notices
    return {
        "about": _notice(notices.about, language),
        "confidentiality": _notice(notices.confidentiality, language),
        "closed": _notice(notices.closed, language),
        "ending": _notice(notices.ending, language),
        "privacy": _notice(notices.privacy, language),
        "support": _notice(notices.support, language),
    }


def _consent(content: Content, language: Language) -> Plain:
    consent = content.notices.consent
    return {
        "version": consent.version,
        "title": _safely(consent.title, language),
        "label": _safely(consent.label, language),
        "text": _safely(consent.text, language),
    }


def _emergency(content: Content, language: Language) -> Plain:
    emergency = content.notices.emergency
    return {
        "title": _safely(emergency.title, language),
        "text": _safely(emergency.text, language),
        "numbers": [
            {
                "id": number.id,
                "phone": number.phone,
                "name": _safely(number.name, language),
                "what": _safely(number.what, language),
            }
            for number in emergency.numbers
        ],
    }


def _service(service: Service, language: Language) -> Plain:
    return {
        "id": service.id,
        "name": service.name,
        "what": service.what.of(language),
        "topics": service.topics,
        "nations": service.nations,
        "area": service.area.of(language) if service.area else None,
        "phone": service.phone,
        "email": service.email,
        "web": service.web,
        "times": service.times.of(language) if service.times else None,
        "emergency": service.emergency,
    }
