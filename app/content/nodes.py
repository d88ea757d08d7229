"""YAML turned into frozen structs. Every mistake is noted by file, line and field; none stops the rest."""

import difflib
import types
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
import yaml

from app.errors import ConfigurationError

T = TypeVar("T")
Anything = Any  # a struct's field may be of any type, and so may its value
NAMES = {str: "a text", int: "a whole number", bool: "true or false", date: "a date such as 2027-03-31"}


class Mistake(msgspec.Struct, frozen=True):
    """`line` counts from 1; `field` is the way to the value, as in `topics[3].label.cy`."""

    file: str
    line: int
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.field or 'the whole file'}: {self.text}"


class ContentError(ConfigurationError):
    """The content cannot be used. `mistakes` holds every one that was found."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        listed = "".join(f"\n  {mistake}" for mistake in mistakes)
        super().__init__(
            f"The content has {count}:{listed}",
            next_step="Mend the named lines, then run `earshot content check`.",
        )
        self.mistakes = mistakes


@dataclass(slots=True)
class Source:
    """One file as it is read: the lines of its fields, and the mistakes found in it."""

    file: str
    lines: dict[str, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, path: str, text: str) -> None:
        """Note a mistake at a field, or at the nearest field around it that has a line."""
        around = path
        while around and around not in self.lines:
            around = around[: max(around.rfind("."), around.rfind("["), 0)]
        self.mistakes.append(Mistake(self.file, self.lines.get(around, 1), path, text))


def read_node(source: Source, text: str, kind: type[T], *, first_line: int = 1) -> T | None:
    """The value of this kind that a YAML text holds, or None after noting its mistakes in `source`."""
    source.lines[""] = first_line
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        source.lines[""] = first_line + (mark.line if mark else 0)
        source.wrong("", f"this is not YAML: {getattr(error, 'problem', None) or 'unreadable'}.")
        return None
    if node is None:
        source.wrong("", "is empty.")
        return None
    value: T | None = _Builder(source, first_line).value(node, kind, "")
    return value


@dataclass(slots=True, frozen=True)
class _Builder:
    source: Source
    first_line: int

    def value(self, node: yaml.Node, kind: Anything, path: str) -> Anything:
        """The node's value, or None after noting what is wrong with it."""
        self.source.lines.setdefault(path, self.first_line + node.start_mark.line)
        origin: Anything = get_origin(kind)
        arguments = get_args(kind)
        if origin in (Union, types.UnionType):
            return self.value(node, next(part for part in arguments if part is not types.NoneType), path)
        if origin is tuple:
            return self._sequence(node, arguments[0], path)
        if origin is dict:
            return self._mapping_of(node, arguments[1], path)
        if origin is Literal:
            return self._literal(node, arguments, path)
        if issubclass(kind, msgspec.Struct):
            return self._struct(node, kind, path)
        return self._scalar(node, kind, path)

    def _sequence(self, node: yaml.Node, kind: Anything, path: str) -> tuple[Any, ...] | None:
        if not isinstance(node, yaml.SequenceNode):
            self.source.wrong(path, "must be a list.")
            return None
        values = [self.value(child, kind, f"{path}[{index}]") for index, child in enumerate(node.value)]
        return tuple(value for value in values if value is not None)

    def _mapping_of(self, node: yaml.Node, kind: Anything, path: str) -> dict[str, Any] | None:
        pairs = self._pairs(node, path)
        if pairs is None:
            return None
        values = {name: self.value(child, kind, _join(path, name)) for name, child in pairs.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _struct(self, node: yaml.Node, kind: type[msgspec.Struct], path: str) -> msgspec.Struct | None:
        pairs = self._pairs(node, path)
        if pairs is None:
            return None
        fields = _fields(kind)
        values: dict[str, Any] = {}
        for name, child in pairs.items():
            if name not in fields:
                near = difflib.get_close_matches(name, fields, n=1)
                hint = f"did you mean “{near[0]}”?" if near else f"known are {', '.join(fields)}."
                self.source.wrong(_join(path, name), f"is not a known field; {hint}")
            else:
                values[name] = self.value(child, fields[name].type, _join(path, name))
        missing = [name for name, known in fields.items() if known.required and name not in pairs]
        for name in missing:
            self.source.wrong(_join(path, name), "is missing.")
        if missing or any(value is None for value in values.values()):
            return None
        return kind(**values)

    def _pairs(self, node: yaml.Node, path: str) -> dict[str, yaml.Node] | None:
        if not isinstance(node, yaml.MappingNode):
            self.source.wrong(path, "must be a list of fields (name: value).")
            return None
        pairs: dict[str, yaml.Node] = {}
        for key, child in node.value:
            name = str(key.value)
            here = _join(path, name)
            if name in pairs:
                self.source.lines[here] = self.first_line + key.start_mark.line
                self.source.wrong(here, "stands here for the second time.")
                continue
            self.source.lines[here] = self.first_line + key.start_mark.line
            pairs[name] = child
        return pairs

    def _literal(self, node: yaml.Node, allowed: tuple[Any, ...], path: str) -> Anything:
        text = self._scalar(node, str, path)
        if text is None or text in allowed:
            return text
        return self._nothing(path, f"must be one of {', '.join(allowed)}, not “{text}”.")

    def _scalar(self, node: yaml.Node, kind: type, path: str) -> Anything:
        if not isinstance(node, yaml.ScalarNode):
            return self._nothing(path, f"must be {NAMES[kind]}.")
        tag, text = node.tag.rpartition(":")[2], str(node.value)
        if kind is str and tag == "str":
            return text.strip() or self._nothing(path, "must not be empty.")
        if kind is int and tag == "int":
            return int(text)
        if kind is bool and tag == "bool":
            return text.lower() in ("true", "yes", "on")
        if kind is date and tag in ("timestamp", "str"):
            try:
                return date.fromisoformat(text)
            except ValueError:
                return self._nothing(path, f"must be {NAMES[date]}, not “{text}”.")
        quotes = " (put it in quotes)" if kind is str else ""
        return self._nothing(path, f"must be {NAMES[kind]}{quotes}, not “{text}”.")

    def _nothing(self, path: str, text: str) -> Anything:
        self.source.wrong(path, text)
        return None


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields of a struct by name: found once, for a content repeats few structs many times."""
    return {known.name: known for known in msgspec.structs.fields(kind)}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
