"""The operator's own lists are read from the files as they are published, and found from then on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.anonymise import detect, words
from app.anonymise.known import known_institutions
from app.anonymise.own import Kind, Unreadable, keep, own_institutions, read_list
from app.cli import cli
from app.errors import BadRequest

SCHOOLS = (
    '"URN","LA (name)","EstablishmentName","EstablishmentStatus (name)"\r\n'
    '"100001","Teaselshire","Quenby Vale Primary School","Open"\r\n'
    '"100002","Teaselshire","St Brannoc\u2019s Catholic Academy","Closed"\r\n'
    '"100003","Teaselshire","The Link","Open"\r\n'
)
HEALTH = (
    '"Y99999","QUENBY VALE SURGERY","Y54","QOX","1 TEASEL WAY","","","","AA1 1AA"\r\n'
    '"Y99998","DR O\'TEASEL AND PARTNERS","Y54","QOX","2 TEASEL WAY"\r\n'
)
NAMES = "Baby names\r\n\r\nRank,Name,Count\r\n1,Zorvella,31\r\n2,Hope,12\r\n"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of gazetteers that is this test's own."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "lexicon.tsv").write_bytes(words.LEXICON.read_bytes())
    for module in ("app.anonymise.words", "app.anonymise.own"):
        monkeypatch.setattr(f"{module}.LEXICON", folder / "lexicon.tsv")
    _forget()
    yield folder
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    words.lexicon.cache_clear()
    own_institutions.cache_clear()


def _file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "published.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("kind", "text", "encoding", "found"),
    [
        (
            "schools",
            SCHOOLS,
            "cp1252",
            ["quenby vale primary school", "st brannocs catholic academy", "the link"],
        ),
        ("health", HEALTH, "utf-8", ["dr oteasel and partners", "quenby vale surgery"]),
        ("names", NAMES, "utf-8-sig", ["hope", "zorvella"]),
    ],
)
def test_a_published_file_is_read(
    tmp_path: Path, kind: Kind, text: str, encoding: str, found: list[str]
) -> None:
    assert read_list(kind, _file(tmp_path, text, encoding)) == found


@pytest.mark.parametrize("text", ["a,b\r\n1,2\r\n", "EstablishmentName\r\n"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable):
        read_list("schools", _file(tmp_path, text))


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    missing = tmp_path / "edubasealldata.csv"
    with pytest.raises(BadRequest) as refused:
        cli(["gazetteers", "--schools", str(missing)], standalone_mode=False)
    assert refused.value.message == f"{missing} cannot be read: No such file or directory."
    assert refused.value.next_step == (
        "Say where the file is: earshot gazetteers --schools FOLDER/edubasealldata.csv"
    )


def test_a_school_of_the_list_is_found_whole_and_short(data: Path) -> None:
    text = "we like quenby vale so much"
    assert list(known_institutions(text)) == []
    keep("schools", read_list("schools", _file(data, SCHOOLS)))
    assert [text[span.start : span.end] for span in known_institutions(text)] == ["quenby vale"]
    assert [span.type for span in known_institutions("he hates the link")] == ["SCHOOL"]
    assert list(known_institutions("is the link broken")) == []


def test_a_surgery_and_a_name_of_the_lists_are_found(data: Path) -> None:
    assert "G" not in words.flags_of("zorvella")
    keep("health", read_list("health", _file(data, HEALTH)))
    keep("names", read_list("names", _file(data, NAMES)))
    assert "HEALTH_ORG" in {span.type for span in detect("i rang dr o'teasel and partners twice")}
    assert "G" in words.flags_of("zorvella")


def test_a_name_that_is_a_word_stays_one(data: Path) -> None:
    keep("names", ["hope", "table"])
    assert detect("we hope the table holds") == []


def test_the_command_keeps_a_list_and_says_what_it_cannot_read(data: Path) -> None:
    run = CliRunner().invoke(cli, ["gazetteers", "--schools", str(_file(data, SCHOOLS))])
    assert run.exit_code == 0
    assert "3 names" in run.output
    assert (data / "own_schools.tsv").exists()
    refused = CliRunner().invoke(cli, ["gazetteers", "--schools", str(_file(data, "a,b\r\n"))])
    assert "no column establishmentname" in str(refused.exception)
