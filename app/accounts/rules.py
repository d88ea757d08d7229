"""What accounts may do, decided without a database: passwords, return codes, lives of sessions and links."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
FIRST_SIGN_IN = timedelta(days=7)

PASSWORD_LEAST = 12
PASSWORD_MOST = 256
PASSWORD_DISTINCT = 5
CODE_WORDS = 4

# Long enough to pass the length rule, and among the first that anybody tries.
COMMON_PASSWORDS = frozenset(
    """
    123456789012 1234567890123 12345678901234 123456789123 123123123123 qwertyuiop12 qwertyuiop123
    qwertyuiopas qwertyuiopasdfgh qwerty123456 1q2w3e4r5t6y 1qaz2wsx3edc zaq12wsxcde3 abcdefghijkl
    abcdefgh1234 abcd1234abcd password1234 password12345 password123456 passwordpassword mypassword123
    password2024 password2025 password2026 letmeinletmein letmein123456 welcome12345 welcome123456
    changeme1234 changemenow1 iloveyou1234 iloveyouforever administrator administrator1 adminadmin12
    sunshine1234 princess1234 football1234 liverpool1234 manchester123 superman1234 dragon123456
    correcthorsebatterystaple thisismypassword passw0rd1234 p@ssw0rd1234 parenttalk12 parenttalk123
    earshot12345 earshotearshot actionforchildren
    """.split()  # noqa: SIM905 (a list of words reads best as one)
)

_EMAIL = re.compile(r"[^@\s,;<>\x00-\x1f\x7f]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_APART = re.compile(r"[^a-z]+")


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in member of staff: who is asking."""

    staff_id: UUID
    session_id: UUID
    role: str
    name: str = field(repr=False)

    @property
    def actor(self) -> str:
        """The name under which the audit record knows them: `coach:<id>`."""
        return f"{self.role}:{self.staff_id}"


def session_lives(
    *, created_at: datetime, seen_at: datetime, ended_at: datetime | None, now: datetime
) -> bool:
    """A session ends by sign-out, after 2 hours without use, and 12 hours after sign-in at the latest."""
    return ended_at is None and now < seen_at + IDLE and now < created_at + ABSOLUTE


def tidy_email(text: str) -> str:
    """An address as it is stored and compared: NFKC, lower case, no space around it."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def email_fault(email: str) -> str | None:
    """Why a tidied address cannot be used, as a sentence, or None."""
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        return "This is not an email address."
    return None


def tidy_languages(text: str) -> tuple[str, ...]:
    """Language codes from a comma-separated list, in order, each once: `en, cy` → `("en", "cy")`."""
    return tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))


def languages_fault(languages: tuple[str, ...]) -> str | None:
    """Why these cannot be a person's languages, as a sentence, or None."""
    if not languages or not all(_LANGUAGE.fullmatch(language) for language in languages):
        return "Languages are codes of two or three letters with commas between: en,cy."
    return None


def tidy_password(password: str) -> str:
    """A password as it is hashed: NFKC, so that an accent typed on another keyboard is the same accent."""
    return unicodedata.normalize("NFKC", password)


def password_fault(password: str, *, email: str, name: str) -> str | None:
    """Why this cannot be this person's password, as a sentence, or None. No rule asks for odd characters."""
    folded = tidy_password(password).casefold()
    if len(folded) < PASSWORD_LEAST:
        return f"A password needs at least {PASSWORD_LEAST} characters."
    if len(folded) > PASSWORD_MOST:
        return f"A password can have at most {PASSWORD_MOST} characters."
    if folded in COMMON_PASSWORDS or len(set(folded)) < PASSWORD_DISTINCT:
        return "This password is one of the first that others would try."
    bare = re.sub(r"[\W_]+", "", folded)
    own = {re.sub(r"[\W_]+", "", part.casefold()) for part in (email, email.partition("@")[0], name)}
    if any(len(part) >= 4 and part in bare for part in own):
        return "A password must not contain your name or your email address."
    return None


def tidy_code(text: str) -> str | None:
    """A return code as it is compared, `word word word word`, or None where these are not four words.

    Case, full-width letters, hyphens, commas and extra spaces do not matter.
    """
    words = _APART.split(unicodedata.normalize("NFKC", text).casefold().strip())
    words = [word for word in words if word]
    return " ".join(words) if len(words) == CODE_WORDS else None
