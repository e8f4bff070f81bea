"""What can be counted in a text: its sentences, and the language that it is written in."""

import re
from collections import Counter

_ABBREVIATION = re.compile(r"\b(a|p)\.m\.|\b(e)\.g\.|\b(i)\.e\.|\b(z)\. ?B\.|\b(vs|approx|bzw|etc)\.(?! [A-Z])")
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026\u061f])[\"'\u201d\u00bb)*]*\s+|(?<=[\u3002\uff01\uff1f])|\n+")

# Letters that only one of the languages told apart here is written in; kana before the characters that Chinese shares.
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("uk", re.compile(r"[\u0456\u0457\u0454\u0491]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
# The commonest small words of the languages that are written in Latin letters.
_SMALL_WORDS = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the a an and or is are was you your it its to of in on for with that this if not do can i i'm my at",
        "es": "el la los las una y o es son está que de del en con para por no si se su tu lo al como más pero cuando",
        "fr": "le la les un une et ou est sont que qui de du des en dans avec pour pas ne si se votre vous je il sur",
        "de": "der die das ein eine und oder ist sind sie ihr ihre zu von im in mit für nicht wenn auf den dem es ich",
        "it": "il lo la gli le un una e o è sono che di del della in con per non se si tuo al alla come più ma nel",
        "pt": "o a os as um uma e ou é são que de do da em no na com para por não se seu sua você ao como mais mas",
        "nl": "de het een en of is zijn dat die van in met voor niet als je uw op te naar u er dan ik om aan bij nog",
        "pl": "i w na z do nie jest się to że jak lub oraz dla po od przez czy ale jeśli gdy proszę ma są o za",
        "tr": "ve bir bu için ile de da ne mi en çok veya ama gibi sonra kadar değil olarak eğer ise daha her var",
        "sv": "och en ett är det att som på i med för inte av till den du din ditt om kan eller men när från har",
    }.items()
}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; a line of its own is one, and `8 a.m.` ends none."""
    plain = _ABBREVIATION.sub(lambda found: found[0].replace(".", "\u2024"), text)
    return [part.replace("\u2024", ".").strip() for part in _SENTENCE_END.split(plain) if part and part.strip("*-. ")]


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, of the sixteen told apart here, or "" for one too short to say.

    By its letters, else by the commonest small words: https://en.wikipedia.org/wiki/Language_identification.
    """
    for language, letters in _SCRIPTS:
        if letters.search(text):
            return language
    words = Counter(_WORD.findall(text.lower().replace("\u2019", "'")))
    found = {language: sum(words[word] for word in small) for language, small in _SMALL_WORDS.items()}
    best = max(found, key=lambda language: found[language])
    return best if found[best] else ""
