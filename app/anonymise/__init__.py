"""Takes what identifies a person out of a conversation: texts in, spans and texts out.

Pure: the standard library, phonenumbers and this package's own lists. It may be used alone as a library.
"""

from app.anonymise.redaction import (
    VERSION,
    Anonymised,
    Leak,
    anonymise,
    detect,
    detect_conversation,
    find,
    leaks,
)
from app.anonymise.spans import Span, SpanDict

__all__ = [
    "VERSION",
    "Anonymised",
    "Leak",
    "Span",
    "SpanDict",
    "anonymise",
    "detect",
    "detect_conversation",
    "find",
    "leaks",
]
