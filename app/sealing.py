"""Encryption of what a family writes: AES-256-GCM (NIST SP 800-38D) under a data key per conversation.

Data keys are wrapped by a key ring. With a wrapped key destroyed, what it sealed cannot be read wherever the
text alone is left; a backup of the whole database holds both until it is itself destroyed. The associated
data binds a text to its place: a ciphertext moved elsewhere does not open.
"""

import hmac
import os
from collections import OrderedDict
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 32
CACHED_KEYS = 4096


class SealBroken(Exception):
    """A sealed text does not open: it was changed, moved, or sealed under another key."""


class DataKey:
    """The unwrapped key of one conversation."""

    __slots__ = ("_aead", "_mac_key")

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._mac_key = hmac.digest(key, b"earshot body mac", sha256)

    def seal(self, text: str, *, bound_to: bytes) -> bytes:
        """Nonce and ciphertext of a text, bound to its place."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, text.encode(), bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes) -> str:
        """The text, or SealBroken."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to).decode()
        except InvalidTag as error:
            raise SealBroken("a sealed text does not open") from error

    def mac(self, text: str) -> bytes:
        """HMAC-SHA-256 of the text: tells a repeat from a conflict without opening anything."""
        return hmac.digest(self._mac_key, text.encode(), sha256)


class KeyRing:
    """Wraps and unwraps data keys; the last key given wraps, every key unwraps. Keeps recent keys at hand."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._wrapping = {name: AESGCM(key) for name, key in keys.items()}
        self._current = list(keys)[-1]
        self._recent: OrderedDict[int, tuple[bytes, DataKey]] = OrderedDict()

    def new_key(self, conversation: UUID) -> bytes:
        """A fresh data key for this conversation, wrapped: `name:nonce+ciphertext`."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._wrapping[self._current].encrypt(nonce, os.urandom(KEY_BYTES), conversation.bytes)
        return self._current.encode() + b":" + nonce + sealed

    def unwrap(self, conversation: UUID, wrapped: bytes) -> DataKey:
        """The data key of this conversation, or SealBroken."""
        known = self._recent.get(conversation.int)
        if known is not None and known[0] == wrapped:
            self._recent.move_to_end(conversation.int)
            return known[1]
        name, sealed = wrapped_by(wrapped), wrapped.partition(b":")[2]
        wrapping = self._wrapping.get(name)
        if wrapping is None:
            raise SealBroken(f"the wrapping key named {name!r} is not in EARSHOT_KEYS")
        try:
            key = wrapping.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], conversation.bytes)
        except InvalidTag as error:
            raise SealBroken("a conversation's key does not open") from error
        data_key = DataKey(key)
        self._recent[conversation.int] = (wrapped, data_key)
        if len(self._recent) > CACHED_KEYS:
            self._recent.popitem(last=False)
        return data_key

    def recent(self, conversation: UUID) -> DataKey | None:
        """The data key of this conversation, if it was used lately."""
        known = self._recent.get(conversation.int)
        if known is None:
            return None
        self._recent.move_to_end(conversation.int)
        return known[1]

    def forget(self, conversation: UUID) -> None:
        """Drop an erased conversation's key from memory."""
        self._recent.pop(conversation.int, None)


def wrapped_by(wrapped: bytes) -> str:
    """The name of the key that wrapped this data key."""
    return wrapped.partition(b":")[0].decode(errors="replace")


def place(conversation: UUID, item: UUID, sender: UUID) -> bytes:
    """The associated data of a text: whose conversation, which item, who wrote it."""
    return conversation.bytes + item.bytes + sender.bytes
