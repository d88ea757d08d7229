"""Words that are used alike are in one cluster, and clusters come out the same each time."""

from pathlib import Path

import numpy as np
import pytest

from app.anonymise.meanings import CLUSTERS, meaning_of
from training.clusters import clustered, main


def test_words_that_are_used_alike_are_together() -> None:
    assert meaning_of("monday") == meaning_of("thursday")
    assert meaning_of("monday") != meaning_of("sausage")


def test_an_apostrophe_that_was_left_out_changes_nothing() -> None:
    assert meaning_of("didn't") == meaning_of("didnt")


def test_a_word_that_no_cluster_holds() -> None:
    assert meaning_of("brindolf") == ("?", "?")


def test_each_word_is_in_one_cluster() -> None:
    lines = CLUSTERS.read_text(encoding="utf-8").splitlines()
    words = [word for line in lines for word in line.split("\t")[2].split(" ")]
    assert len(words) == len(set(words))


def test_what_points_the_same_way_is_clustered_together() -> None:
    table = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], dtype=np.float32)
    nearest, _ = clustered(table, np.ones(4, dtype=np.float32), 2)
    again, _ = clustered(table, np.ones(4, dtype=np.float32), 2)
    assert nearest.tolist() == again.tolist()
    assert nearest[0] == nearest[1] != nearest[2] == nearest[3]


def test_without_a_file_of_vectors_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    before = Path(CLUSTERS).read_bytes()
    assert main([]) == 2
    assert "training.clusters FILE" in capsys.readouterr().out
    assert Path(CLUSTERS).read_bytes() == before
