"""Identifiers that have a format: numbers, codes and addresses of the network."""

import re
from collections.abc import Iterator

from phonenumbers import Leniency, PhoneNumberMatcher

from app.anonymise.spans import Span
from app.anonymise.words import POSTCODE_AREAS

_AREA = "(?:" + "|".join(sorted(map(str.upper, POSTCODE_AREAS), key=len, reverse=True)) + ")"

_POSTCODE = re.compile(
    rf"\b{_AREA}[0-9O][0-9A-HJKMN-PR-Y]?\s{{0,2}}[0-9O][ABD-HJLNP-UW-Z]{{2}}\b", re.IGNORECASE
)
_POSTCODE_PART = re.compile(
    rf"\b(?i:post ?code|live|lives|living|based|area"
    rf"|district)\b[^.\n]{{0,20}}?\b(?P<it>{_AREA}[0-9]{{1,2}}[A-Z]?)\b"
)
_EMAIL = re.compile(
    r"[\w.+'-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\s?(?:\.|\(dot\)|\[dot\])\s?[\w-]+)+", re.IGNORECASE
)
_SPOKEN_EMAIL = re.compile(
    r"\b\w+(?:[ ](?:dot|underscore|dash|hyphen)[ ]\w+)*[ ]at[ ]\w+(?:[ ]dot[ ](?:com|co|uk|org|net|me))+\b",
    re.IGNORECASE,
)
_SPOKEN_DIGIT = (
    r"(?:oh|zero|nought|one|two|three|four|five|six|seven|eight|nine|(?:double|triple|treble)|hundred)"
)
_SPOKEN_NUMBER = re.compile(rf"\b{_SPOKEN_DIGIT}(?:[ ,-]{{1,2}}{_SPOKEN_DIGIT}){{5,15}}\b", re.IGNORECASE)
_SPELT = re.compile(
    r"(?<![\w'])(?!A.D.H.D\b|E.H.C.P\b|S.E.N.D\b|C.A.M.H.S\b)[A-Z](?:[ .-][A-Z]){3,14}\b(?!')"
)
_URL = re.compile(
    r"(?i)\b(?:https?://|www\.)[^\s\[\]<>\ue000]+(?<![.,;:!?)'\"])"
    r"|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|co\.uk|org\.uk|org|sch\.uk|net|io|me|info|wales|cymru|ac\.uk)\b"
    r"(?:/[^\s\[\]<>\ue000]*(?<![.,;:!?)'\"]))?"
)
_HANDLE = re.compile(r"(?<![\w.@])@[A-Za-z0-9_](?:[\w.]{1,29})")
_HANDLE_CUED = re.compile(
    r"(?i)\b(?:insta(?:gram)?|snap(?:chat)?|tiktok|discord|twitter|xbox|roblox|gamertag"
    r"|user ?name|handle)\b"
    r"(?:\s+(?:name|account|user ?name|is|called"
    r"|tag)){1,3}\s*:?\s*[\"']?(?P<it>[A-Za-z][\w.]*[\d_.][\w.]*\w)"
)
_DIGIT = r"[0-9Oo]"
_GAP = r"[\s().\u2013-]{0,3}"
_PHONE = re.compile(
    rf"(?<![\w/])(?:\+\s?44{_GAP}(?:\(0\))?|0044{_GAP}|[0O]){_GAP}[1-9](?:{_GAP}{_DIGIT}){{8,9}}(?![\w/])"
)
_PHONE_CUED = re.compile(
    r"(?i)\b(?:ring|rang|call|called|text|phone|mobile|mob|tel|telephone|number|whatsapp"
    r"|contact)\b[^.\n\d]{0,20}"
    r"(?P<it>\d(?:[\s-]?\d){5,12})\b"
)
_NHS = re.compile(r"(?<![\w-])\d{3}[\s-]?\d{3}[\s-]?\d{4}(?![\w-])")
_NHS_CUED = re.compile(r"(?i)\bnhs (?:number|no)\b\.?[^\d\n]{0,12}(?P<it>\d(?:[\s-]?\d){9})\b")
_NI = re.compile(r"(?<!\w)[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D](?!\w)", re.IGNORECASE)
_UPN = re.compile(r"(?<!\w)[A-Z]\d{11}[A-Z0-9](?!\w)", re.IGNORECASE)
_VEHICLE = re.compile(r"(?<!\w)(?:[A-Z]{2}\d{2}\s?[A-Z]{3}|[a-z]{2}\d{2}[a-z]{3})(?!\w)")
_VEHICLE_CUED = re.compile(
    r"(?i)\b(?:reg|registration|number ?plate|car|van|plate)\b[^.\n]{0,15}?"
    r"\b(?P<it>[a-z]{2}\d{2}\s?[a-z]{3}|[a-z]\d{1,3}\s?[a-z]{3}|[a-z]{3}\s?\d{1,3}[a-z])\b"
)
_REFERENCE = re.compile(
    r"(?i)\b(?:ref(?:erence)?|case|crime|claim|incident|order|application|account)\b"
    r"(?:\s?(?:no|number|num|ref(?:erence)?|id|code|is))*[.:#\s]{1,3}(?P<it>[a-z]{0,5}[/-]?\d[\w/-]{2,})"
)
_LONG_NUMBER = re.compile(r"(?<![\w.,£$])\d(?:[\s-]?\d){6,18}(?![\w%])")


def formatted(text: str) -> Iterator[Span]:
    """Everything in the text that has the format of an identifier."""
    yield from _each(_EMAIL, text, "EMAIL", 0.99, "an e-mail address")
    yield from _each(_SPOKEN_EMAIL, text, "EMAIL", 0.97, "an e-mail address in words")
    yield from _each(_SPOKEN_NUMBER, text, "PHONE", 0.9, "six digits or more in words")
    yield from _each(_SPELT, text, "PERSON", 0.7, "a word spelt letter by letter")
    yield from _each(_URL, text, "URL", 0.9, "a web address that is not a public service's")
    yield from _each(_HANDLE, text, "HANDLE", 0.9, "an account name after @")
    yield from _each(_HANDLE_CUED, text, "HANDLE", 0.85, "an account name after the name of a site")
    for match in _POSTCODE.finditer(text):
        if any(letter.isdigit() for letter in match[0]):  # the letter O may stand for a nought, but not alone
            yield Span(match.start(), match.end(), "POSTCODE", 0.95, "format", "a whole postcode")
    yield from _each(_POSTCODE_PART, text, "POSTCODE", 0.8, "a postcode's first half after a word of place")
    yield from _each(_UPN, text, "UPN", 0.95, "a unique pupil number")
    yield from _each(_NI, text, "NI_NUMBER", 0.95, "a National Insurance number")
    yield from _each(_NHS_CUED, text, "NHS_NUMBER", 0.98, "ten digits after the words NHS number")
    for match in _NHS.finditer(text):
        if _nhs_check(match[0]):
            yield Span(
                match.start(), match.end(), "NHS_NUMBER", 0.92, "format", "ten digits whose check fits"
            )
    yield from _each(_PHONE, text, "PHONE", 0.94, "a UK telephone number")
    yield from _each(_PHONE_CUED, text, "PHONE", 0.8, "digits after a word of telephoning")
    for found in PhoneNumberMatcher(text, "GB", leniency=Leniency.VALID):
        yield Span(found.start, found.end, "PHONE", 0.93, "phonenumbers", "a valid telephone number")
    yield from _each(_VEHICLE, text, "VEHICLE_REG", 0.9, "a vehicle registration")
    yield from _each(_VEHICLE_CUED, text, "VEHICLE_REG", 0.85, "a registration after a word of vehicles")
    yield from _each(_REFERENCE, text, "CASE_REF", 0.85, "a number after the word reference")
    yield from _each(_LONG_NUMBER, text, "CASE_REF", 0.5, "a long number")


def _each(pattern: re.Pattern[str], text: str, kind: str, score: float, reason: str) -> Iterator[Span]:
    group = "it" if "it" in pattern.groupindex else 0
    for match in pattern.finditer(text):
        yield Span(match.start(group), match.end(group), kind, score, "format", reason)


def _nhs_check(text: str) -> bool:
    digits = [int(letter) for letter in text if letter.isdigit()]
    check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return digits[9] == check % 11 and check != 10
