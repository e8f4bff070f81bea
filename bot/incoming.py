"""Making what a customer typed safe to read: pure text in, pure text out."""

import re
import unicodedata

# Joiners hold emoji and several scripts together; they are kept.
_KEPT_FORMATS = {"\u200c", "\u200d"}
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """Normalize, and drop control, invisible and direction-changing characters and outer space."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    visible = "".join(character for character in composed if _is_kept(character))
    return _BLANK_LINES.sub("\n\n", visible).strip()


def says_something(text: str) -> bool:
    """Whether there is a letter or a digit in it: a lone emoji or a row of dots is not a question."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def _is_kept(character: str) -> bool:
    if character in "\n\t" or character in _KEPT_FORMATS:
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
