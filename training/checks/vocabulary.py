"""Which words stand in answers, and which in questions that are refused."""

import re
from array import array
from zlib import crc32

READ = 2_000  # characters of a message; its subject comes early
_WORD = re.compile(r"[^\W\d_]{3,}")
_STEM = 5  # letters: `reset` meets `resetting`, `camera` meets `cameras`
_COMMON_WORDS = """
about after again all also and another any anything are ask because been before but can cannot could did does
don done else even ever every few for from get give going good had has have hello help hers him his how into its
just know let like line make many may maybe mean more most much must need never not nothing now off okay one only
other our out over own please question questions quick really right said same say see she should some someone
something sorry still such sure tell than thank thanks that the their them then there these they thing things this
those though through today too topic topics two under until very want was way well were what when where which
while who why will with without won would write yes yet you your yours
"""
_COMMON = frozenset(word[:_STEM] for word in _COMMON_WORDS.split())
# What customers ask of any product, whatever it is, and the things that most of them have at home.
_SUPPORT_WORDS = """
account activate alarm app battery billing bluetooth broken button camera cancel change charge charger charging clean
configure connect connection controller deliver delivery device display doorbell download error exchange factory
filter firmware install installation invoice keypad lamp light lock login machine manual motion offline order package
pair pairing password payment phone plug printer receipt refund remote repair replace replacement reset restart
return router screen sensor serial setting setup ship shipping speaker subscription switch thermostat track
unlock update upgrade warranty wifi
"""
SUPPORT = frozenset(word[:_STEM] for word in _SUPPORT_WORDS.split())
# Topics that answers decline by name, and words by which customers raise them; a paragraph each.
_TOPIC_WORDS = """
politics political politicians elections vote voting party president senate government democrat republican
congress minister parliament candidate campaign biden trump harris immigration abortion

legal law lawyer attorney sue court contract lawsuit rights liable liability lease landlord tenant divorce
custody crime police copyright illegal will inherit

medical health doctor medicine symptom pain sick disease pill dose drug diagnosis headache fever pregnant

financial finance investment invest stocks shares market crypto bitcoin mortgage loan money savings retire

tax taxes deduct irs income vat audit

homework essay assignment exam thesis school math equation solve history translate summarize poem

religion religious god church bible faith prayer islam jesus

competitors competitor rival compare versus better brand nest ring ecobee alexa amazon google philips hue
arlo wyze samsung apple siri sonos honeywell tado bosch lidl ikea

cooking recipes recipe cook bake cake dinner soup meal food dish pasta

weather forecast rain snow sunny storm

sports football soccer game match team score league
"""
_TOPICS = tuple(frozenset(word[:_STEM] for word in topic.split()) for topic in _TOPIC_WORDS.split("\n\n"))
_SLOTS = 1 << 18
# A word is the company's own when it stands in so many answers, and so many times as often as in refused questions.
_IN_ANSWERS, _TIMES_AS_OFTEN = 2, 4


class Vocabulary:
    """In how many answers each word stands, and in how many refused questions; a table of one size for any file."""

    def __init__(self) -> None:
        self._answers, self._refused = (array("L", bytes(array("L").itemsize * _SLOTS)) for _ in range(2))

    def add_answer(self, words: frozenset[str]) -> None:
        """Count the words of an answer that does not refuse."""
        for word in words:
            self._answers[slot(word)] += 1

    def add_refused(self, words: frozenset[str]) -> None:
        """Count the words of a question that is refused."""
        for word in words:
            self._refused[slot(word)] += 1

    def is_our_own(self, place: int) -> bool:
        """Whether answers speak of the word of a slot, as a rule; one refused question may be the wrong one."""
        return self._answers[place] >= max(_IN_ANSWERS, _TIMES_AS_OFTEN * (self._refused[place] - 1))

    def is_answered(self, place: int) -> bool:
        """Whether answers speak of the word of a slot, or would: any customer may ask for such a thing."""
        return self.is_our_own(place) or (place in _SUPPORT_SLOTS and self._refused[place] <= 1)


def raises(raised: frozenset[str], subject: frozenset[str]) -> bool:
    """Whether a customer's words raise what an answer refuses, by name or by a word that belongs to it."""
    return bool(subject & raised) or any(topic & subject and topic & raised for topic in _TOPICS)


def is_topic(subject: frozenset[str]) -> bool:
    """Whether it is known how customers raise what an answer refuses."""
    return any(topic & subject for topic in _TOPICS)


def slot(word: str) -> int:
    """Return where a word is counted."""
    return crc32(word.encode("utf-8", "surrogatepass")) % _SLOTS


def telling_words(text: str) -> frozenset[str]:
    """Return the stems of the words of a text that tell its subject."""
    return frozenset(word[:_STEM] for word in _WORD.findall(text[:READ].lower())) - _COMMON


_SUPPORT_SLOTS = frozenset(map(slot, SUPPORT))
