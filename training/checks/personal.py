"""Rules against what identifies a person: addresses, phone numbers, payment cards, accounts, social security numbers.

Nothing is nobody's: a model that repeats made-up details teaches customers that it repeats theirs. In an answer, what
is public by principle may stand: a mailbox that belongs to a role, a number that is free to call, our own address.
"""

import re
from collections.abc import Iterator

from training.checks.case import Case, Said

# Every quantity is bounded and every start is anchored, so that no text takes more than a few steps a character.
_EMAIL = re.compile(r"(?<![\w.%+-])([\w.%+-]{1,64})@((?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24})(?![A-Za-z0-9-])")
_ROLE_WORDS = """
abuse accessibility accounts admin billing business care careers claims compliance contact customer customercare
customers customerservice desk dpo eu feedback global hello help helpdesk hi info jobs legal mail marketing media
newsletter noreply office online orders partners press privacy recall recalls reply returns safety sales security
service services shipping shop store support team tech uk us warranty webmaster wholesale no do not donotreply
"""
_ROLES = frozenset(_ROLE_WORDS.split())
_PHONE = re.compile(
    r"(?<![\w.$#/-])(?<!\d,)(?:"
    r"(?:\+?1[ .-]?)?(?:\([2-9]\d\d\)[ .-]?\d{3}[ .-]|[2-9]\d\d[.-]\d{3}[.-]|[2-9]\d\d [2-9]\d\d[ -])\d{4}"
    r"|555-\d{4}|(?P<bare>[2-9]\d\d[2-9]\d{6}))(?![\w%]|[.,-]\d)"
)
_DIGITS = re.compile(r"(?<![\w.,$#/-])(?:\+ ?|\()?\d[\d ()./-]{5,22}\d(?![\w%])")
_NATIONAL = re.compile(r"\(?0\d{1,5}\)?[ ./-]")
_DECIMAL = re.compile(r"\d{1,9}\.\d{5,}")
_FREE_TO_CALL = re.compile(r"1?8(?:00|33|44|55|66|77|88)\d{7}$|080[08]\d{6,7}$|(?:44|49)80[08]?\d{6,9}$")
_DATE = re.compile(r"\b\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)\d\d\b|\b(?:19|20)\d\d[./ -]\d{1,2}[./ -]\d{1,2}\b")
_CALLS = re.compile(
    r"\b(?:phone|tel|telephone|mobile|cell|cellphone|whatsapp|(?:call|text|ring|reach) (?:me|us|him|her)|handy"
    r"|telefon|t[e\u00e9]l\u00e9phone|tel\u00e9fono|m\u00f3vil)\b[^\d\n]{0,24}$",
    re.IGNORECASE,
)
_NAMES_A_CODE = re.compile(
    r"\b(?:order|serial|tracking|invoice|ticket|case|ref|reference|item|sku|model|imei|part|parcel|receipt|account"
    r"|transaction|batch|lot|code|bestell\w{0,8}|commande|pedido|id)\b[^\d\n.]{0,16}$",
    re.IGNORECASE,
)
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15  # of a phone number, by E.164
_BEFORE = 40
_SOCIAL_SECURITY = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![a-z0-9])")
_IBAN_LENGTHS = dict(
    re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18"
        " FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21"
        " MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24"
        " TR26 UA29 VA22 XK20",
    )
)
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
    r"|Pkwy|Circle|Close|Way|Place|Pl|Square|Sq|Loop|Row|Mews|Plaza)\b"
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
_OUR_PLACE = re.compile(
    r"\b(?:our|we|us|office|store|shop|showroom|headquarters|warehouse|visit|returns?)\b[^.!?\n]{0,40}$", re.IGNORECASE
)
_MANY_DIGITS = re.compile(r"\d(?:[ ().+/-]{0,3}\d){6}")
_AT, _DIGIT = re.compile("@"), re.compile(r"\d")


def contact_details(case: Case) -> Iterator[str]:
    """Nobody's address or phone number is learned."""
    for may_hold, find in _CONTACTS:
        for said in case.said if case.may_hold(may_hold) else ():
            # One sentence a message and kind is enough to act on.
            if may_hold(said.text) and (shown := next(find(said), "")):
                yield f"Message {said.number} holds {shown}: write [removed] in its place."


def payment_cards(case: Case) -> Iterator[str]:
    """No card, account or social security number is learned, whoever wrote it."""
    if case.may_hold(_DIGIT.search):
        for said in case.said:
            for find in (_cards, _social_security_numbers, _accounts):
                if shown := next(find(said.text), ""):
                    yield f"Message {said.number} holds {shown}: write [removed] in its place."


def _emails(said: Said) -> Iterator[str]:
    for found in _EMAIL.finditer(said.text):
        name, domain = found.groups()
        if not (_is_ours(said) and _ROLES.issuperset(re.split(r"[._+-]", name.lower()))):
            yield f"an e-mail address ({name[0]}...@{domain[0]}...{domain[domain.rindex('.') :]})"


def _phones(said: Said) -> Iterator[str]:
    for digits in _phone_digits(said.text):
        if not (_is_ours(said) and _FREE_TO_CALL.match(digits)):
            yield f"a phone number (ends in {digits[-2:]})"


def _phone_digits(text: str) -> Iterator[str]:
    """Yield the digits of what is written as a phone number, or after a word that says so."""
    for found in _PHONE.finditer(text):
        if not found["bare"] or not _NAMES_A_CODE.search(_before(text, found)):
            yield _digits(found[0])
    for found in _DIGITS.finditer(text):
        digits = _digits(found[0])
        if _is_phone(found[0], digits, _before(text, found)):
            yield digits


def _is_phone(written: str, digits: str, before: str) -> bool:
    """Whether digits are written as a phone number of any country, or after a word that says so."""
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS or _DATE.search(written) or _DECIMAL.match(written):
        return False
    national = len(digits) >= 9 and bool(_NATIONAL.match(written)) and not written.startswith("0.")  # noqa: PLR2004 the shortest ones
    return written[0] == "+" or national or bool(_CALLS.search(before))


def _before(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - _BEFORE) : found.start()]


def _digits(written: str) -> str:
    return "".join(filter(str.isdecimal, written))


def _addresses(said: Said) -> Iterator[str]:
    for found in _ADDRESS.finditer(said.text):
        before = _before(said.text, found)
        if _is_ours(said) and _OUR_PLACE.search(before):
            continue
        if _LIVES.search(before) or _PLACE.match(said.text, found.end()) or found["sure"]:
            yield f"a postal address ({found[0][:2].strip()}...)"


def _social_security_numbers(text: str) -> Iterator[str]:
    for found in _SOCIAL_SECURITY.finditer(text):
        yield f"a social security number (ends in {found[0][-2:]})"


def _accounts(text: str) -> Iterator[str]:
    """Find the numbers of bank accounts by their length and check digits (ISO 13616)."""
    for found in _IBAN.finditer(text):
        number = found[0].replace(" ", "")[: int(_IBAN_LENGTHS.get(found[0][:2], 0))]
        if number and int("".join(str(int(one, 36)) for one in number[4:] + number[:4])) % 97 == 1:
            yield f"a bank account's number (ends in {number[-2:]})"


def _cards(text: str) -> Iterator[str]:
    for found in _CARD.finditer(text):
        digits = _digits(found[0])
        if _CARD_NUMBER.fullmatch(digits) and _luhn(digits):
            yield f"a payment card's number (ends in {digits[-4:]})"


def _luhn(digits: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0  # noqa: PLR2004 of two digits


def _is_ours(said: Said) -> bool:
    return said.role in ("assistant", "system")


_CONTACTS = ((_AT.search, _emails), (_MANY_DIGITS.search, _phones), (_DIGIT.search, _addresses))
