"""Rules against what identifies a person: e-mail and postal addresses, phone numbers, payment cards.

Addresses and numbers are looked for in what customers say. In an answer they are the company's own, which is public,
unless they look like a person's. Those that are set aside for examples (example.com, 555-01xx) are nobody's.
"""

import re
from collections.abc import Iterator

from training.checks.case import Case, Said

# Every quantity is bounded and every start is anchored, so that no text takes more than a few steps a character.
_EMAIL = re.compile(r"(?<![\w.%+-])([\w.%+-]{1,64})@((?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24})(?![A-Za-z0-9-])")
_EXAMPLE_DOMAIN = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org|edu))?|test|invalid|localhost)$", re.IGNORECASE)
_FREE_MAIL = re.compile(
    r"^(?:gmail|googlemail|yahoo|ymail|outlook|hotmail|live|msn|icloud|me|mac|aol|gmx|web|proton|protonmail|pm|zoho"
    r"|mail|yandex|fastmail|tutanota|qq|163|126|t-online|orange|wanadoo|free|libero|comcast|verizon)\.[a-z.]{2,6}$",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<![\w.,$#/:-])(?:\+ ?|\()?\d[\d ()./-]{5,22}\d(?![\w%])")
_NORTH_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}$")
_FOR_EXAMPLES = re.compile(r"55501\d\d$")
_DATE = re.compile(r"\b\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)\d\d\b|\b(?:19|20)\d\d[./ -]\d{1,2}[./ -]\d{1,2}\b")
_CALLS = re.compile(
    r"\b(?:phone|tel|telephone|mobile|cell|cellphone|whatsapp|(?:call|text|ring|reach) (?:me|us|him|her)|handy"
    r"|telefon|t[e\u00e9]l\u00e9phone|tel\u00e9fono|m\u00f3vil)\b[^\d\n]{0,24}$",
    re.IGNORECASE,
)
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15  # of a phone number, by E.164
_BEFORE = 40
_CARD = re.compile(
    r"(?<![\d.-])(?:(?:\d{4}[ -]?){3}\d{1,4}(?:[ -]?\d{3})?|\d{4}[ -]?\d{6}[ -]?\d{4,5})(?![\d-]|\.\d)",
)
_CARD_NUMBER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}"
)
_NAME = r"[A-Z\u00c0-\u00dd][\w'\u2019.-]{1,24}"
_ADDRESS = re.compile(
    # 12 Elm Street, 4020B N. Martin Luther King Blvd
    rf"(?<![\w$.,-])\d{{1,5}}[A-Za-z]? (?:[NSEW]{{1,2}}\.? |North |South |East |West )?"
    rf"(?:(?:{_NAME}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Terrace|Crescent|Highway|Hwy|Parkway"
    r"|Pkwy|Circle|Close|Way|Place|Pl|Square|Sq)\b"
    r"|(?P<sure>\bP\.? ?O\.? Box \d{1,8})"
    # Lindenstraße 12, Am Alten Weg 3
    r"|\b[A-Z\u00c4\u00d6\u00dc][\w\u00df-]{2,30}(?:stra\u00dfe|strasse|str\.|gasse|allee) \d{1,4}\b"
    # 12 rue de la Paix, calle de Alcalá 42, piazza Roma 7
    rf"|(?<![\w$.,-])\d{{1,4}}(?: ?bis| ?ter)?,? (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Aa]ll\u00e9e|[Cc]hemin) "
    rf"(?:de |du |des |la |les |l['\u2019]|d['\u2019]){{0,3}}{_NAME}"
    rf"|\b(?:[Cc]alle|[Aa]venida|[Pp]aseo|[Vv]iale|[Pp]iazza|[Rr]ua) (?:de |del |la |las |los |da |do ){{0,3}}"
    rf"{_NAME}(?: {_NAME}){{0,2}},? (?:n\.?[\u00ba\u00b0o]? ?)?\d{{1,4}}\b"
)
# A street and a number are somebody's address where the words before say so, or a place or a flat comes after.
_LIVES = re.compile(
    r"\b(?:I|my|we|our|live[sd]?|address|resid\w{1,6}|moved|home|house|to|wohn\w{1,4}|adresse|habite|vivo|direcci[\u00f3o]n)\b"
    r"[^.!?\n]{0,40}$",
    re.IGNORECASE,
)
_PLACE = re.compile(r",? ?(?:[Aa]pt|[Aa]partment|[Uu]nit|[Ss]uite|#|[Ff]lat)|,? ?\d{5}|[,\n] ?[A-Z\u00c0-\u00dd0-9]")
_MANY_DIGITS = re.compile(r"\d(?:[ ().+/-]{0,3}\d){6}")
_AT, _DIGIT = re.compile("@"), re.compile(r"\d")


def contact_details(case: Case) -> Iterator[str]:
    """Nobody's address or phone number is learned."""
    for may_hold, find in _CONTACTS:
        for said in case.said if case.may_hold(may_hold) else ():
            # One sentence a message and kind is enough to act on.
            if may_hold(said.text) and (shown := next(find(said), "")):
                yield f"Message {said.number} holds {shown}: put something made up in its place."


def payment_cards(case: Case) -> Iterator[str]:
    """No card number is learned, whoever wrote it."""
    if case.may_hold(_MANY_DIGITS.search):
        for said in case.said:
            if shown := next(_cards(said.text), ""):
                yield f"Message {said.number} holds {shown}: put a number that is no card's in its place."


def _emails(said: Said) -> Iterator[str]:
    for found in _EMAIL.finditer(said.text):
        name, domain = found.groups()
        if not _EXAMPLE_DOMAIN.search(domain) and (_FREE_MAIL.match(domain) or not _is_ours(said)):
            yield f"an e-mail address ({name[0]}...@{domain[0]}...{domain[domain.rindex('.') :]})"


def _phones(said: Said) -> Iterator[str]:
    if _is_ours(said):
        return
    for found in _DIGITS.finditer(said.text):
        digits = "".join(filter(str.isdecimal, found[0]))
        if _is_phone(found[0], digits, said.text[max(0, found.start() - _BEFORE) : found.start()]):
            yield f"a phone number (ends in {digits[-2:]})"


def _is_phone(written: str, digits: str, before: str) -> bool:
    """Whether digits are written as a phone number, or after a word that says so."""
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS or _FOR_EXAMPLES.search(digits) or _DATE.search(written):
        return False
    national = digits[0] == "0" and len(digits) >= 9 and not written.isdecimal()  # noqa: PLR2004 the shortest ones
    return written[0] == "+" or national or bool(_NORTH_AMERICAN.match(written) or _CALLS.search(before))


def _addresses(said: Said) -> Iterator[str]:
    if _is_ours(said):
        return
    for found in _ADDRESS.finditer(said.text):
        before = said.text[max(0, found.start() - _BEFORE) : found.start()]
        if _LIVES.search(before) or _PLACE.match(said.text, found.end()) or found["sure"]:
            yield f"a postal address ({found[0][:2].strip()}...)"


def _cards(text: str) -> Iterator[str]:
    for found in _CARD.finditer(text):
        digits = "".join(filter(str.isdecimal, found[0]))
        if _CARD_NUMBER.fullmatch(digits) and _luhn(digits):
            yield f"a payment card's number (ends in {digits[-4:]})"


def _luhn(digits: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0  # noqa: PLR2004 of two digits


def _is_ours(said: Said) -> bool:
    return said.role in ("assistant", "system")


_CONTACTS = ((_AT.search, _emails), (_MANY_DIGITS.search, _phones), (_DIGIT.search, _addresses))
