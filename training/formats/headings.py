"""Headings of a handbook, said as a customer would ask."""

import re

_ASKING = ("what", "how", "when", "where", "why", "who", "which", "whether")
# After such a word a question is turned round already: "How do I ...".
_TURNED = "do does did can could is are was were should shall will would may must has have to much many"
_OPENING = "am are can could did do does has have is may must shall should was were will would"
_DOING = """
    add adjust allow ask attach book buy calibrate call cancel change charge check choose clean clear close connect
    contact control copy create delete disable disconnect download edit enable export fill find fix forget get give
    hang hide import install invite join keep leave let link listen lock log look lower make manage measure mount move
    name open order pair pause pay place plan plug prepare press print protect put reach read reconnect record recover
    recycle refill remove rename renew repair replace report request reset restart restore return review run save scan
    schedule see sell send set share show sign silence skip start stop store switch take talk tell test transfer try
    turn unlock unpair update upgrade use view watch wipe write"""
_HAPPENING = re.compile(
    r"\b(?:is|are|was|should|shows?|does|do|did|has|have|cannot|can|will|won't|can't|doesn't|don't|isn't|aren't|blinks?"
    r"|flashes|stays?|stops?|stopped|fails?|failed|keeps?|beeps?|drops?|goes|says|turns?|runs?|needs?|looks?)\b"
)


def question_of(heading: str, text: str) -> str:
    """Return a heading as a question; `text` tells which of its words are names and keep their capital."""
    heading = re.sub(r"[*_`]", "", heading).strip().rstrip(".:")
    if heading.endswith("?"):
        return heading
    first, _, rest = heading.partition(" ")
    word, second = first.lower(), rest.partition(" ")[0].lower()
    if word in _OPENING.split() or (word in _ASKING and second in _TURNED.split()):
        return f"{heading}?"
    if word in _ASKING:
        return f"Can you tell me {word} {rest}?"
    if word in _DOING.split() and rest:
        return f"How do I {word} {rest}?"
    if _HAPPENING.search(rest):
        return f"{heading}. What should I know?"
    return f"What should I know about {_lowered(first, text)}{' ' if rest else ''}{rest}?"


def _lowered(word: str, text: str) -> str:
    """Return a word small, unless it is a name: then the text never writes it small."""
    common = word.lower() in {"the", "a", "an", "your", "our", "if", "other", "more", "all", "two", "one"}
    return word.lower() if common or re.search(rf"\b{re.escape(word.lower())}\b", text) else word
