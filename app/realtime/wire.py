"""What all frames are made of. Pure."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=64)]
StreamName = Annotated[str, Meta(pattern=r"^(conv|staff):[0-9a-f-]{36}$|^(me|queue)$")]
Count = Annotated[int, Meta(ge=0)]
Code = Annotated[str, Meta(min_length=1, max_length=80)]


class Data(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The `d` of a frame."""


class Frame(Struct, forbid_unknown_fields=True, tag_field="t", omit_defaults=True):
    """A frame; `t` names its kind."""


class ConversationData(Data):
    conversation: UUID
