"""The numbers of a text, each with its unit of measure."""

import re
from dataclasses import dataclass

# A unit of measure under each name that it is written by; a number with any other word after it is a count.
_UNITS = {
    name: unit
    for unit, names in {
        "$": "$ dollar dollars usd",
        "second": "second seconds sec secs s",
        "minute": "minute minutes min mins",
        "hour": "hour hours hr hrs h",
        "day": "day days",
        "business day": "business",
        "week": "week weeks",
        "month": "month months",
        "year": "year years yr yrs",
        "a.m.": "a.m am",
        "p.m.": "p.m pm",
        "%": "% percent",
        "degree": "° °f degree degrees",
        "ft": "ft feet foot",
        "inch": "inch inches",
        "lb": "lb lbs pound pounds",
        "lumen": "lumen lumens",
        "kelvin": "k",
        "decibel": "db",
        "watt": "watt watts w",
        "volt": "volt volts v",
        "amp": "amp amps a",
        "volt-ampere": "va",
        "gigahertz": "ghz",
        "megabit": "mbps",
    }.items()
    for name in names.split()
}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_WORDS = (
    {word: str(value) for value, word in enumerate(_ONES)}
    | {word: str(value) for word, value in _TENS.items()}
    | {f"{ten} {_ONES[one]}": str(value + one) for ten, value in _TENS.items() for one in range(1, 10)}
)
_LONGEST_FIRST = "|".join(sorted(_WORDS, key=len, reverse=True))
# `IP65`, `CR2032`, `PM2.5`: letters and digits that are one name.
NAME = re.compile(r"\b[A-Z]{1,5}\d+(?:\.\d+)?\b")
_NUMBER = re.compile(
    r"(?P<money>\$\s?)?"
    rf"(?:(?P<digits>(?<![\w.,/])\d+(?:[ ]\d+/\d+|/\d+|(?:,\d{{3}}(?!\d))*(?:[.,]\d+)?))"
    rf"|\b(?P<words>{_LONGEST_FIRST})\b)"
    r"(?P<ordinal>st\b|nd\b|rd\b|th\b)?(?:[ \u00a0]?(?P<unit>%|°F?|\$|[^\W\d_]+(?:\.[^\W\d_])?))?",
    re.IGNORECASE,
)
_JOINED = {"to", "or", "and"}
_LIST_MARK = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit of measure; the unit is "" for a count."""

    number: str
    unit: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"${self.number}" if self.unit == "$" else f"{self.number} {self.unit}".strip()


def quantities(text: str) -> list[Quantity]:
    """Return the numbers of a text with their units, those in words only before a unit; `16 to 24 volts` is two."""
    plain = NAME.sub(" ", _LIST_MARK.sub(" ", text)).replace("-", " ").replace("\u2013", " to ")
    found: list[Quantity] = []
    after, begins = "", 0
    for match in reversed(list(_NUMBER.finditer(plain))):
        written = (match["unit"] or "").lower()
        unit = "$" if match["money"] else _UNITS.get(written, "")
        if written in _JOINED and not plain[match.end() : begins].strip():
            unit = unit or after
        after, begins = unit, match.start()
        if not match["ordinal"] and (match["digits"] or unit not in {"", "$"}):
            found.append(Quantity(_number(match["digits"] or _WORDS[match["words"].lower()]), unit))
    return found[::-1]


def _number(written: str) -> str:
    """Return `1,800` as 1800, `6,99` as 6.99, `12.00` as 12."""
    return re.sub(r",(?=\d{3}(?!\d))", "", written).replace(",", ".").removesuffix(".00")
