"""Writes what a client author reads from the frame models: `python -m app.realtime.schema [--check]`.

`docs/protocol/schema.json` (JSON Schema of every frame), `docs/protocol/asyncapi.json` (AsyncAPI 3.0) and
`docs/protocol.md` (prose from `protocol.md.j2`, tables from the models). With `--check` nothing is written;
the exit status is 1 and each stale file is named.
"""

import json
import re
import sys
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import jinja2
import msgspec

from app.realtime import codes, frames
from app.realtime.session import VERBS
from app.settings import PROJECT, Limits, Timers

DOCS = PROJECT / "docs"
TEMPLATE = Path(__file__).with_name("protocol.md.j2")

WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "object": "any",
    "NoneType": "null",
    "UUID": "UUID",
}

Json = dict[str, Any]  # a JSON document, whose shape its own standard describes


def frame_types(union: object) -> list[type[frames.Frame]]:
    """The frames of a union, in the order in which they are written."""
    return list(get_args(union))


def tag(frame: type[frames.Frame]) -> str:
    """The frame's `t`."""
    return str(frame.__struct_config__.tag)


def json_schema() -> Json:
    """JSON Schema 2020-12 of the wire: `#/$defs/ClientFrame` and `#/$defs/ServerFrame` with all they hold."""
    both = (frames.ClientFrame, frames.ServerFrame)
    (client, server), components = msgspec.json.schema_components(
        both, schema_hook=_any, ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Earshot real-time protocol, version 1",
        "$defs": {"ClientFrame": client, "ServerFrame": server, **components},
    }


def asyncapi() -> Json:
    """An AsyncAPI 3.0 document of the same frames, seen from the server."""
    schemas = json_schema()["$defs"]
    components = json.loads(json.dumps(schemas).replace("#/$defs/", "#/components/schemas/"))
    both = [*frame_types(frames.ClientFrame), *frame_types(frames.ServerFrame)]
    messages = {
        tag(frame): {
            "name": tag(frame),
            "contentType": "application/json",
            "summary": _doc(frame),
            "payload": {"$ref": f"#/components/schemas/{frame.__name__}"},
        }
        for frame in both
    }

    def operation(action: str, union: object) -> Json:
        return {
            "action": action,
            "channel": {"$ref": "#/channels/socket"},
            "messages": [
                {"$ref": f"#/channels/socket/messages/{tag(frame)}"} for frame in frame_types(union)
            ],
        }

    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Earshot real-time protocol", "version": "1"},
        "channels": {
            "socket": {
                "address": frames.PATH,
                "description": f"A WebSocket with the subprotocol {frames.PROTOCOL}.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "receive": operation("receive", frames.ClientFrame),
            "send": operation("send", frames.ServerFrame),
        },
        "components": {"messages": messages, "schemas": components},
    }


def protocol_text() -> str:
    """docs/protocol.md."""
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 (Markdown for the repository, made of our own docstrings)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.from_string(TEMPLATE.read_text()).render(
        protocol=frames.PROTOCOL,
        path=frames.PATH,
        client=[_described(frame) for frame in frame_types(frames.ClientFrame)],
        server=[_described(frame) for frame in frame_types(frames.ServerFrame)],
        kinds=get_args(frames.EventKind),
        errors=get_args(codes.ErrorCode),
        closes=codes.CLOSE_CODES,
        limits=Limits(),
        timers=Timers(),
    )


def generated() -> dict[Path, str]:
    """Every generated file with the text that it should have."""
    return {
        DOCS / "protocol" / "schema.json": json.dumps(json_schema(), indent=2) + "\n",
        DOCS / "protocol" / "asyncapi.json": json.dumps(asyncapi(), indent=2) + "\n",
        DOCS / "protocol.md": protocol_text(),
    }


def main(arguments: list[str]) -> int:
    """Write the files, or check them."""
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(PROJECT)} is stale: run `python -m app.realtime.schema`.\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(generated()[path])
    return 0


def _any(kind: type) -> Json:
    """The open dictionaries hold any JSON value; protocol.md says which. TypeError for any other type."""
    if kind is object:
        return {"description": "any JSON value"}
    raise TypeError(f"no frame may hold a {kind.__name__}: it has no JSON Schema")


def _described(frame: type[frames.Frame]) -> Json:
    fields = []
    for field in msgspec.structs.fields(frame):
        if field.encode_name != "d":
            fields.append((field.encode_name, _words(field.type), field.required))
            continue
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            inner = msgspec.structs.fields(field.type)
            fields += [(f"d.{one.encode_name}", _words(one.type), one.required) for one in inner]
        else:
            fields.append(("d", _words(field.type), field.required))
    roles = next((roles for verb, roles in VERBS.items() if verb is frame), frozenset())
    return {"tag": tag(frame), "doc": _doc(frame), "fields": fields, "roles": sorted(roles)}


def _doc(thing: type) -> str:
    return re.sub(r"\s+", " ", thing.__doc__ or "").strip()


def _words(kind: object) -> str:
    """A field's type in a client author's words."""
    origin = get_origin(kind)
    if origin is Annotated:
        bare, meta = get_args(kind)
        return _words(bare) + _bounds(meta)
    if origin is Literal:
        return " \\| ".join(f"`{choice}`" for choice in get_args(kind))
    if origin in (Union, types.UnionType):
        return " or ".join(_words(one) for one in get_args(kind))
    if origin is tuple:
        return f"list of {_words(get_args(kind)[0])}"
    if origin is dict:
        return f"object of {_words(get_args(kind)[1])}"
    name = getattr(kind, "__name__", str(kind))
    return WORDS.get(name, f"`{name}`")


def _bounds(meta: msgspec.Meta) -> str:
    said = [
        f"{word} {value}"
        for word, value in (
            ("at least", meta.ge),
            ("at least", meta.min_length),
            ("at most", meta.max_length),
        )
        if value is not None
    ]
    if meta.pattern:
        said.append(f"as `{meta.pattern}`".replace("|", "\\|"))
    return f" ({', '.join(said)})" if said else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
