"""What people do to a message so that no program understands it, though every reader does."""

from collections.abc import Callable, Mapping

_HOMOGLYPHS = str.maketrans(
    "aceiopxyAEHKMOPT",
    "\u0430\u0441\u0435\u0456\u043e\u0440\u0445\u0443\u0410\u0415\u041d\u041a\u041c\u041e\u0420\u0422",
)
_LEET = str.maketrans("aeiostAEIOST", "431057431057")
# The signs of ASCII stand once more in Unicode, each as wide as an ideograph, in the same order.
_WIDE = {sign: sign + 0xFEE0 for sign in range(0x21, 0x7F)}
_NOTHING_SEEN = "\u200b"


def invisible(text: str) -> str:
    """Put a space of no width after each character."""
    return "".join(f"{character}{_NOTHING_SEEN}" for character in text)


def homoglyphs(text: str) -> str:
    """Write Cyrillic letters where they look like ours."""
    return text.translate(_HOMOGLYPHS)


def alternating(text: str) -> str:
    """Write every other character as a capital."""
    return "".join(letter.upper() if at % 2 else letter.lower() for at, letter in enumerate(text))


def spaced(text: str) -> str:
    """Write each word letter by letter."""
    return "   ".join(" ".join(word) for word in text.split())


def double_spaces(text: str) -> str:
    """Write two spaces where there is one."""
    return text.replace(" ", "  ")


def leetspeak(text: str) -> str:
    """Write digits for letters that look a little like them."""
    return text.translate(_LEET)


def full_width(text: str) -> str:
    """Write the wide forms of letters, digits and signs."""
    return text.translate(_WIDE)


DISGUISES: Mapping[str, Callable[[str], str]] = {
    "invisible characters": invisible,
    "homoglyphs": homoglyphs,
    "upper case": str.upper,
    "alternating case": alternating,
    "spaced letters": spaced,
    "double spaces": double_spaces,
    "leetspeak": leetspeak,
    "full width": full_width,
}
