"""Headings of a handbook, said as a customer would ask."""

import re

_ASKING = ("what", "how", "when", "where", "why", "who", "which", "whether")
# After such a word a question is turned round already: "How do I ...".
_TURNED = "do does did can could is are was were should shall will would may must has have much many"
_OPENING = "am are can could did do does has have is may must shall should was were will would"
_DOING = """
    add adjust allow ask attach book buy calibrate call cancel change charge check choose clean clear close connect
    contact control copy create delete disable disconnect download edit enable export fill find fix forget get give
    handle hang hide import install invite join keep leave let link listen lock log look lower make manage measure mount
    move name
    open order pair pause pay place plan plug prepare press print protect put reach read reconnect record recover
    recycle refill remove rename renew repair replace report request reset restart restore return review run save scan
    schedule see sell send set share show sign silence skip start stop store switch take talk tell test transfer try
    turn unlock unpair update upgrade use view watch wipe write"""
_EMPTY = frozenset(
    {
        "in short",
        "good to know",
        "see also",
        "more help",
        "further help",
        "how it works",
        "how to use it",
        "what it is",
        "what is it",
        "what it costs",
        "how much it costs",
        "what to do",
        "before you begin",
        "before you start",
        "getting started",
        "first steps",
        "common questions",
        "common problems",
        "frequently asked questions",
    }
)
_HAPPENING = re.compile(
    r"\b(?:is|are|was|should|shows?|does|do|did|has|have|cannot|can|will|won't|can't|doesn't|don't|isn't|aren't|blinks?"
    r"|flashes|stays?|stops?|stopped|fails?|failed|keeps?|beeps?|drops?|goes|comes?|says|turns?|runs?|needs?|looks?)\b"
)


def question_of(heading: str, text: str) -> str:
    """Return a heading as a question; `text` tells which of its words are names and keep their capital."""
    heading = re.sub(r"[*_`]", "", heading).strip().rstrip(".:")
    first, _, rest = heading.partition(" ")
    word, second = first.lower(), rest.partition(" ")[0].lower()
    if heading.endswith("?") or word in _OPENING.split() or (word in _ASKING and second in _TURNED.split()):
        return f"{heading.removesuffix('?')}?"
    if word in _ASKING:
        return _turned(word, second, rest)
    if word in _DOING.split() and rest:
        return f"How do I {word} {rest}?"
    known = f"What should I know about {_lowered(first, text)}{' ' if rest else ''}{rest}?"
    return f"{heading}. What should I know?" if _HAPPENING.search(rest) else known


def _turned(word: str, second: str, rest: str) -> str:
    """Return a heading that begins with an asking word, and is not a question yet, as one."""
    if second == "to" and word in ("how", "when", "where", "what"):
        return f"{word.capitalize()} {'do' if word == 'how' else 'should'} I {rest.partition(' ')[2]}?"
    if word == "when" and second in ("you", "i", "we"):
        return f"What should I know for when {rest}?"
    return f"Can you tell me {word} {rest}?"


def about(title: str, question: str, text: str) -> str:
    """Return a question that names its page; `text` tells which words are names."""
    title_first, space, title_rest = title.partition(" ")
    first, _, rest = question.partition(" ")
    asking = first.lower() in (*_ASKING, *_OPENING.split())
    said = f"{first.lower() if asking else first} {rest}".strip()
    return f"About {_lowered(title_first, text)}{space}{title_rest}: {said}"


def says_little(heading: str, title: str) -> bool:
    """Tell whether a heading means nothing without the title of its page."""
    plain = re.sub(r"[*_`]", "", heading).strip(" .:?").casefold()
    if plain in title.casefold():
        return False
    return " " not in plain or plain in _EMPTY


def _lowered(word: str, text: str) -> str:
    """Return a word small, unless it is a name: then the text never writes it small."""
    common = word.lower() in {"the", "a", "an", "your", "our", "if", "other", "more", "all", "two", "one"}
    return word.lower() if common or re.search(rf"\b{re.escape(word.lower())}\b", text) else word
