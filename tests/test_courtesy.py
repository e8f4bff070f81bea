"""What asks nothing gets a courtesy; what asks something gets an answer, however politely or rudely it is put."""

import pytest

from bot.courtesy import courteous, is_courtesy
from tests.kit import PERSONA

GREETED = ["hi", "Hello!", "hey there", "Good morning", "hi, anyone there?", "hello good evening", "hi Juno!"]
THANKED = [
    "thanks", "Thank you so much!", "ok", "perfect, that worked", "bye", "ok thanks", "lol ok", "great", "thanks a lot",
    "that helped, you're a lifesaver", "thanks for your help", "awesome, thank you", "ok bye then", "thanks, juno",
]  # fmt: skip
SENT_ON = [
    "agent", "human please", "I want to talk to a human", "let me speak to your manager", "how do I contact support?",
    "call me please", "do you have a phone number", "can I talk to someone", "get me a real person", "customer service",
]  # fmt: skip
APOLOGIZED = ["you are useless", "This is ridiculous!!!", "your support sucks", "wtf", "I hate this bot", "you suck"]
ASKED_BACK = ["sorry", "hmm", "never mind", "oops!"]
TOLD_WHO = ["who are you?", "are you a bot?", "what can you do", "what's your name", "how can you help me?"]
QUESTIONS = [
    "thanks, how do I cancel my plan?", "thanks but it's still broken", "thanks but it still does not work",
    "ok thanks, and the camera?", "great, now the lock is jammed", "that worked but the light is red",
    "hi hub offline", "hello my lock is jammed", "hey, reset thermostat",
    "this sensor is useless, how do I reset it?", "it's terrible, my hub won't connect", "that damn hub blinks red",
    "my hub sucks power all night", "is this a useless sensor?", "this is stupid, write me a poem",
    "how do I change my phone number?", "does it work with a password manager",
    "can the camera tell a human from a dog?", "I want to give someone access", "what do you know about the hub?",
    "what can you do about error ZN-304?", "and then?", "so much", "is anyone there with the lamp",
    "sorry, I meant the lock", "never mind the hub, what about the lock?",
]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (GREETED, PERSONA.greeting),
        (THANKED, PERSONA.sentences.welcome),
        (SENT_ON, PERSONA.handoff),
        (APOLOGIZED, f"{PERSONA.sentences.sorry} {PERSONA.handoff}"),
        (ASKED_BACK, PERSONA.sentences.vague),
        (TOLD_WHO, f"{PERSONA.greeting} {PERSONA.disclosure}"),
    ],
    ids=["greeting", "thanks", "person", "anger", "nothing", "assistant"],
)
def test_what_asks_nothing_gets_what_fits_it(texts: list[str], said: str) -> None:
    assert {text: courteous(text, PERSONA) for text in texts} == dict.fromkeys(texts, said)


@pytest.mark.parametrize("text", QUESTIONS)
def test_what_asks_something_is_answered(text: str) -> None:
    assert courteous(text, PERSONA) == ""
    assert not is_courtesy(text)


def test_a_wish_for_a_person_is_heard_in_a_long_message_too() -> None:
    long = "I have tried everything in the app for two hours and it is enough now, let me talk to a human."
    assert courteous(long, PERSONA) == PERSONA.handoff
    assert courteous(f"{long} Or do you know what ZN-304 means?", PERSONA) == ""
