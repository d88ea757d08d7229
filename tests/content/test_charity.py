"""The charity's own content: complete in both languages, and easy to read."""

import re
from typing import get_args

import pytest

from app.content.checking import TOP_LEVEL_TOPICS, texts_in
from app.content.publishing import published
from app.realtime.frames import ErrorCode
from app.settings import Settings

READING_GRADE = 6  # a Flesch-Kincaid grade of 6 is about 11 years of age
FAMILY_WORDS = ("school refusal", "school anxiety", "school phobia", "EBSA", "EBSNA", "ABSA")
HARD = (
    "Notwithstanding considerable organisational difficulties, multidisciplinary assessment facilitates "
    "comprehensive identification of individual educational requirements, particularly where communication "
    "between institutional representatives and parental participants has deteriorated significantly."
)


def syllables(word: str) -> int:
    """About how many syllables an English word has: groups of vowels, without a silent e."""
    word = re.sub(r"[^a-z]", "", word.lower())
    count = len(re.findall(r"[aeiouy]+", word))
    if re.search(r"[^aeiouyl]e[sd]?$", word) and not re.search(r"([td]ed|[cgsxz]es|[sc]hes)$", word):
        count -= 1
    return max(count, 1)


def reading_grade(markdown: str) -> float:
    """The Flesch-Kincaid grade; a list without full stops counts as one long sentence."""
    text = re.sub(r"^#.*$", "", markdown, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    words = re.findall(r"[A-Za-z][A-Za-z'’]*", text)
    sentences = [part for part in re.split(r"[.!?]+", text) if re.search(r"[A-Za-z]", part)]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_measure_finds_hard_writing_hard():
    assert reading_grade(HARD) > 15
    assert reading_grade("The cat sat on the mat. It was warm.") < 2


def test_articles_are_plain_and_of_a_good_length(charity):
    assert len(charity.articles) >= 8
    for article in charity.articles:
        words = len(re.findall(r"\w+", article.en.body))
        assert 350 <= words <= 650, (article.slug, words)
        assert reading_grade(article.en.body) <= READING_GRADE, article.slug
        assert "# " not in article.en.body.replace("## ", ""), article.slug


def test_notices_are_plain(charity):
    for path, text in texts_in(charity.notices):
        if path.endswith("text"):
            assert reading_grade(text.en) <= READING_GRADE, path


def test_four_articles_walk_through_barriers_to_school(charity):
    steps = [article.step for article in charity.articles if article.pathway == "barriers-to-school"]
    assert sorted(steps) == [1, 2, 3, 4]


def test_both_languages_of_an_article_say_the_same_things(charity):
    for article in charity.articles:
        for mark in (r"^## ", r"^- ", r"^\d+\. ", r"\]\(", r"\d{3}"):
            english, welsh = (
                len(re.findall(mark, text.body, re.MULTILINE)) for text in (article.en, article.cy)
            )
            assert english == welsh, (article.slug, mark)


def test_links_in_articles_lead_to_pages_in_their_language(charity):
    slugs = {article.slug for article in charity.articles}
    for article in charity.articles:
        for language, text in (("en", article.en), ("cy", article.cy)):
            for link in re.findall(r"\]\((/[^)]*)\)", text.body):
                path, _, query = link.partition("?")
                assert path in ("/", "/directory") or path.removeprefix("/advice/") in slugs, link
                assert query == ("lang=cy" if language == "cy" and path != "/" else ""), link


def test_the_codebook_holds_the_fixed_topics_and_the_whole_family(charity):
    topics = charity.codebook.topics
    assert [code.id for code in topics if code.parent is None] == list(TOP_LEVEL_TOPICS)
    assert sum(code.parent is not None for code in topics) >= 50
    refusal = charity.codebook.code("topic", "school-attendance/school-refusal")
    assert refusal.label.en == "Barriers to school attendance"
    assert set(FAMILY_WORDS) <= set(refusal.synonyms.en)
    assert refusal.synonyms.cy
    assert len(charity.codebook.barriers) >= 28
    unreal = {code.id for code in charity.codebook.dispositions if not code.data}
    assert {"silent", "prank", "wrong-service"} <= unreal
    assert {"no-service", "waiting-list", "school-not-helping", "refused-no-diagnosis"} <= {
        code.id for code in charity.codebook.service_gaps
    }


def test_every_error_of_the_wire_has_words(charity):
    assert {f"error.{code}" for code in get_args(ErrorCode)} <= set(charity.interface.strings)


@pytest.mark.parametrize("language", ["en", "cy"])
def test_no_gap_is_left_in_what_is_published(charity, language):
    told = published(charity, language)
    for part in ("notices", "consent", "emergency"):
        assert "{" not in "".join(_strings(told[part])), part


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _strings(part)]


def test_the_notices_promise_what_the_settings_do(charity, tmp_path):
    settings = Settings(env="development", data_dir=tmp_path)
    promises = charity.notices.promises
    assert promises.retention_days == settings.retention_days
    assert promises.abandoned_hours == settings.abandoned_hours
    assert promises.rows_after_days == settings.rows_after_days
    wording = charity.notices.consent.text.en
    assert "90 days" in wording
    assert "7 days" in wording


def test_emergency_numbers_are_the_ones_that_everyone_knows(charity):
    phones = {number.phone for number in charity.notices.emergency.numbers}
    assert phones == {"999", "111", "0800 1111", "116 123"}
    assert {service.phone for service in charity.directory if service.emergency} == phones
