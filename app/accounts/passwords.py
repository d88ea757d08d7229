"""Hashing of passwords with argon2, off the event loop and never inside a transaction."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from pwdlib import PasswordHash

from app.accounts.rules import tidy_password

AT_ONCE = 2  # each takes 64 MiB and a processor: a flood of sign-ins must not take all of either

_argon2 = PasswordHash.recommended()


async def hash_password(password: str) -> str:
    """The argon2id hash of a password, salted."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _argon2.hash, tidy_password(password))


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hashed one. Without a hash the answer is no, and takes just as long."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _matches, password, password_hash)


def _matches(password: str, password_hash: str | None) -> bool:
    nobody = _nobodys_hash()  # before the choice: its first making must not tell who exists
    right = _argon2.verify(tidy_password(password), password_hash or nobody)
    return right and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return _argon2.hash(secrets.token_urlsafe())


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
