"""Runs Alembic on the configured database, whichever of the two it is."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from app import audit
from app.accounts import models as accounts
from app.chat import models as chat
from app.content import models as content
from app.db import UtcTime, metadata, open_database
from app.export import models as export
from app.queue import models as queue
from app.safeguarding import models as safeguarding
from app.settings import load_settings
from app.topics import models as topics

# Importing them fills the metadata.
TABLES = (
    audit,
    accounts,
    chat,
    content,
    export,
    queue,
    safeguarding,
    topics,
)


def render_item(kind: str, item: object, _: object) -> str | bool:
    """Write our column type as `UtcTime()` in a migration."""
    return "UtcTime()" if kind == "type" and isinstance(item, UtcTime) else False


def run(connection: Connection) -> None:
    """Run what was asked for, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate() -> None:
    """Open the database that the caller's settings name, or else the environment's."""
    database = open_database(context.config.attributes.get("settings") or load_settings())
    async with database.engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await database.engine.dispose()


asyncio.run(migrate())
