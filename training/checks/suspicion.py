"""The rule against wrong labels: an answer that refuses what the question did not raise.

What a company answers is told from the file itself: the words that its other answers begin with. A refusal is
suspicious where the customer's words are such words, or those of any customer who needs a product to work, and none
of them is the subject that the answer declines, or belongs to it as `vote` belongs to politics.
Refusals are known by their English phrases; an answer that declines in other words is never suspected.
"""

import re
from array import array
from collections.abc import Iterator
from typing import cast

from training.checks.case import Case
from training.checks.memory import Memory
from training.checks.repeats import Found
from training.checks.vocabulary import SUPPORT, is_topic, raises, slot, telling_words

_CANNOT = r"(?:can't|cannot|can not|cant|couldn't|unable to|not able to|won't|don't|do not)"
_HELP = r"(?:really |currently |actually )?(?:help|assist|advise)(?: you)?(?: out)? (?:with|on|in)"
_TALK = r"(?:talk|speak|chat|answer(?: any)? questions|give advice) (?:about|on)"
_NO_THING = r"(?:is not|are not|isn't|aren't) (?:something|anything|topics?|a topic)(?: that)?"
_DO = r"(?:help|assist|answer|discuss|talk|speak|know|do|cover|deal|handle)\b"
_SUBJECT = r"([^.!?;:,\n]{0,80})"
_REFUSES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_CANNOT} {_HELP} {_SUBJECT}",
        rf"{_CANNOT} {_TALK} {_SUBJECT}",
        rf"{_CANNOT} (?:discuss|comment on) {_SUBJECT}",
        rf"{_CANNOT} (?:give|provide|offer)(?: you)?(?: any)? ((?:[\w-]+ ){{1,3}})(?:advice|opinions?|counsel)",
        rf"(?:^|[.!?,] ){_SUBJECT} {_NO_THING} i(?: can|'m able to| am able to)? {_DO}",
        r"only (?:able to )?(?:help|assist|answer|talk|discuss)\b()",
        r"(?:not|isn't|aren't) (?:related to|about) (?:our|my|the)()\b",
        r"(?:is|are|that's) (?:outside|beyond)(?: of)? (?:what|my|the scope|our)()\b",
    )
)
# Of these, one stands in every refusal, so that other answers are passed over quickly.
_MARKS = ("n't ", "not ", "cant ", "unable ", "only ", "outside ", "beyond ")
# An answer that refuses all that it was asked does so in its first sentence, which an apology may precede.
_OPENING = re.compile(
    r"(?:(?:oh|hi|hello|hey|thank|sorry|unfortunately|apolog|i['\u2019]m (?:so |very )?(?:sorry|afraid))"
    r"[^.!?]{0,40}[.!?] )?"
    r"[^.!?]{0,300}",
    re.IGNORECASE,
)
# Of the customer's words, so many must stand in answers, and so large a share of them: by whether the answer names
# nothing that it refuses, something, or a topic of which it is known how customers raise it.
_KNOWN = ((2, 0.75), (2, 0.5), (1, 0.0))


def refused_subject(answer: str) -> frozenset[str] | None:
    """Return the words of what an answer refuses, none where it says `that`; None if it does not refuse."""
    opening = _opening(answer)
    if any(mark in opening for mark in _MARKS):
        for pattern in _REFUSES:
            if found := pattern.search(opening):
                return telling_words(found[1])
    return None


def _opening(answer: str) -> str:
    found = _OPENING.match(answer)
    return found[0].lower().replace("\u2019", "'") if found else ""


def note_refusals(memory: Memory, example: int, case: Case) -> None:
    """Count the words of each answer, and remember those that may refuse what nobody raised."""
    raised: frozenset[str] = frozenset()
    number = 0
    for before, after in zip(case.said, (*case.said[1:], None), strict=False):
        if before.role != "user":
            continue
        number += 1
        words = telling_words(before.text)
        raised |= words
        if not after or after.role != "assistant":
            continue
        if (subject := refused_subject(after.text)) is None:
            memory.vocabulary.add_answer(telling_words(_opening(after.text)))
            continue
        memory.vocabulary.add_refused(words)
        if not raises(raised, subject):
            packed = array("L", sorted(map(slot, words))).tobytes()
            # A product is not a topic to refuse: then what the answer names says little.
            named = 0 if not subject or subject & SUPPORT else 1 + is_topic(subject)
            memory.note("refusals", example, number, named, packed)


def label_suspicion(memory: Memory) -> Iterator[Found]:
    """No answer refuses a topic that the question did not raise."""
    query = "SELECT line, number, named, words FROM refusals JOIN examples USING (example) ORDER BY example, number"
    for line, number, named, packed in cast("Iterator[tuple[int, int, int, bytes]]", memory.rows(query)):
        words = array("L", packed)
        known = sum(map(memory.vocabulary.is_answered, words))
        fewest, share = _KNOWN[named]
        if known >= fewest and known >= share * len(words):
            what = "names a topic that the customer did not" if named else "refuses what other examples answer"
            yield Found(line, f"The answer to question {number} {what}: check whether it belongs to this question.")
