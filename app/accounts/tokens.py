"""Tokens and return codes: how they are made, and the one-way form in which they are kept."""

import hmac
import secrets
from hashlib import sha256
from importlib.resources import files

from app.accounts.rules import CODE_WORDS

TOKEN_BYTES = 32
WORDS: tuple[str, ...] = tuple((files("app.accounts") / "words.txt").read_text(encoding="utf-8").split())


def new_token() -> str:
    """256 random bits, as 43 letters that may stand in a header."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """SHA-256 of a token; its 256 bits need neither salt nor a slow hash."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_code() -> str:
    """Four words of the 1,024: 40 random bits."""
    return " ".join(secrets.choice(WORDS) for _ in range(CODE_WORDS))


def code_mac(code: str, *, secret: bytes) -> bytes:
    """HMAC of a tidied return code: 40 bits could be searched through, but not without the secret."""
    return hmac.digest(secret, b"earshot return code\0" + code.encode(), sha256)


def csrf_token(session_token: str, *, secret: bytes) -> str:
    """What a signed-in page must send beside its cookie with everything that changes something."""
    mac = hmac.digest(secret, b"earshot csrf\0" + session_token.encode("utf-8", "surrogatepass"), sha256)
    return mac.hex()
