"""Who holds what at other workers, the envelopes that say so, and the address that leads to them."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ConfigurationError
from app.events import CoachAssigned, QueueChanged
from app.realtime import envelopes
from app.realtime.directory import STAFF_BITS, Directory, bits_of
from app.realtime.envelopes import Beat, Envelope, Gone, Held, Pushed, Told
from app.realtime.link import parse_address

WORKERS, CONVERSATIONS, STAFF = ("w1", "w2", "w3"), ("a", "b", "c"), ("s", "t")
HELD = st.builds(Held, roles=st.integers(0, 7), parents=st.integers(0, 3))
PLACES = st.dictionaries(st.sampled_from(CONVERSATIONS), HELD)
SOCKETS = st.dictionaries(st.sampled_from(STAFF), st.integers(0, 3))
STEPS = st.lists(
    st.tuples(st.sampled_from(WORKERS), st.sampled_from(("change", "replace", "drop")), PLACES, SOCKETS)
)


@given(STEPS)
def test_what_is_told_bit_by_bit_comes_to_the_same_as_the_whole(
    steps: list[tuple[str, str, dict[str, Held], dict[str, int]]],
) -> None:
    directory = Directory()
    truth: dict[str, tuple[dict[str, Held], dict[str, int]]] = {}
    for worker, what, places, staff in steps:
        directory.peer(worker, 0.0)
        known = truth.setdefault(worker, ({}, {}))
        if what == "drop":
            directory.drop(worker)
            del truth[worker]
        elif what == "replace":
            directory.replace(worker, places, staff)
            truth[worker] = (places, staff)
        else:
            directory.change(worker, places, staff)
            truth[worker] = ({**known[0], **places}, {**known[1], **staff})
    for conversation in CONVERSATIONS:
        held = {w: truth[w][0].get(conversation, Held()) for w in truth}
        assert set(directory.holders("conv", conversation)) == {w for w in held if held[w].roles}
        assert set(directory.holders("staff", conversation)) == {
            w for w in held if held[w].roles & STAFF_BITS
        }
        assert bits_of(directory.roles(conversation)) == _union(each.roles for each in held.values())
        assert directory.parents(conversation) == sum(each.parents for each in held.values() if each.roles)
    for person in STAFF:
        assert directory.sockets(person) == sum(truth[w][1].get(person, 0) for w in truth)


def _union(bits: object) -> int:
    union = 0
    for each in bits:  # type: ignore[attr-defined]
        union |= each
    return union


def test_an_envelope_comes_back_as_it_was() -> None:
    assigned = CoachAssigned(conversation=UUID(int=1), staff=UUID(int=2), generation=3)
    items = [
        Pushed("conv:x", 4, 2, '{"t":"ev"}'),
        envelopes.told(assigned),
        Beat(1.5, 7, {"p": (2, 30)}),
        Gone(),
    ]
    back = envelopes.unpack(envelopes.pack(Envelope("w", items)))
    assert (back.sender, back.items) == ("w", items)
    told = back.items[1]
    assert isinstance(told, Told)
    assert envelopes.hint_of(told) == assigned
    assert envelopes.hint_of(envelopes.told(QueueChanged())) == QueueChanged()


def test_what_another_version_says_is_no_hint_and_no_fault() -> None:
    assert envelopes.hint_of(Told("SomethingNew", {})) is None
    assert envelopes.hint_of(Told("CoachAssigned", {"conversation": "not one"})) is None


def test_a_pushed_message_does_not_show_in_a_repr() -> None:
    assert "secret" not in repr(Envelope("w", [Pushed("conv:x", 1, 1, "secret")]))


def test_an_address_is_read_and_its_password_kept_out_of_sight() -> None:
    address = parse_address("rediss://earshot:pa%20ss@hints.example:6380")
    assert (address.host, address.port, address.tls) == ("hints.example", 6380, True)
    assert address.greeting == (b"HELLO", b"3", b"AUTH", b"earshot", b"pa ss")
    assert "pa ss" not in repr(address)
    assert parse_address("redis://hints").port == 6379


@pytest.mark.parametrize("url", ["hints:6379", "http://hints", "redis://", "redis://hints:port/secret"])
def test_what_names_no_redis_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_address(url)
    assert "redis://" in refused.value.next_step
    assert "secret" not in refused.value.message
