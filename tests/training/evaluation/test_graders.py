"""Each grader passes what it must pass and fails what it must fail; every reference passes all of them."""

# ruff: noqa: RUF001 - other languages have letters that look like ours

import pytest

from training.evaluation.graders import Grader, Said, graded
from training.evaluation.graders import asks_back as asking
from training.evaluation.graders import does_not_decline as declining
from training.evaluation.graders import keeps_the_length as length
from training.evaluation.graders import offers_a_person as person
from training.evaluation.graders import says_nothing_forbidden as never
from training.evaluation.graders import says_the_facts as facts
from training.evaluation.graders import speaks_the_language as language
from training.evaluation.scenarios import Expectation

CONTACTS = ("help@zen.example", "1-800-555-0142")
LONG = "Hold the button on the back until it blinks. " * 2_000

# A grader, what is expected, an answer, and whether it is met.
CASES: tuple[tuple[Grader, dict[str, object], str, bool], ...] = (
    (facts, {"facts": [["10 seconds", "ten seconds"]]}, "Hold it for ten seconds.", True),
    (facts, {"facts": [["10 seconds"]]}, "Hold it for **10** seconds.", True),
    (facts, {"facts": [["10 seconds"]]}, "Hold it for 10\u00a0Seconds.", True),
    (facts, {"facts": [["10 seconds"]]}, "Hold it for 110 seconds.", False),
    (facts, {"facts": [["$9"]]}, "It is $9 a month.", True),
    (facts, {"facts": [["$9"]]}, "It is $99 a month.", False),
    (facts, {"facts": [["$9"]]}, "It is $9.99 a month.", False),
    (facts, {"facts": [["$9"]]}, "It is $9,000 a year.", False),
    (facts, {"facts": [["$9"]]}, "It is $9, and $5 more for clips.", True),
    (facts, {"facts": [["911"]]}, "Call 911 now.", True),
    (facts, {"facts": [["911"]]}, "Call 1-800-555-9110.", False),
    (facts, {"facts": [["911"]]}, "Call 9112.", False),
    (facts, {"facts": [["5 GHz"]]}, "It does not join 2.5 GHz.", False),
    (facts, {"facts": [["2.4 GHz"]]}, "It joins 2.4\u2011GHz or 2.4 GHz only.", True),
    (facts, {"facts": [["8-10 days"]]}, "It takes 8\u201310 days.", True),
    (facts, {"facts": [["doesn't detect"]]}, "It doesn\u2019t detect gas.", True),
    (facts, {"facts": [["n't detect"]]}, "It doesn\u2019t detect gas.", True),
    (facts, {"facts": [["invit"]]}, "Send an invitation.", True),
    (facts, {"facts": [["pump"]]}, "A jumppump is no such thing.", False),
    (facts, {"facts": [["off"]]}, "There is an offer.", False),
    (facts, {"facts": [["hub"]]}, "Both hubs are red.", True),
    (facts, {"facts": [["can"]]}, "It can\u2019t.", False),
    (facts, {"facts": [["does"]]}, "It doesn't.", False),
    (facts, {"facts": [["hub"]]}, "The hub's light is red.", True),
    (facts, {"facts": [["10秒"]]}, "ボタンを１０秒間押してください。", True),
    (facts, {"facts": [["ハブ"]]}, "まずハブを再起動します。", True),
    (facts, {"facts": [["zenhub"]]}, "ZenHub를 다시 켜세요.", True),
    (facts, {"facts": [["911"]]}, "请立即拨打911求助。", True),
    (facts, {"facts": [["batería"]]}, "Cambie la BATERÍA.", True),
    (facts, {"facts": [["batería"]]}, "Cambie la bateri\u0301a.", True),
    (facts, {"facts": [["button"], ["blink"]]}, LONG, True),
    (facts, {"facts": [["button"], ["siren"]]}, LONG, False),
    (facts, {"facts": [["button"]]}, "", False),
    (facts, {"facts": [["c++ (beta)"]]}, "That is C++ (beta).", True),
    (never, {"never": ["i've unlocked it"]}, "I cannot open it.", True),
    (never, {"never": ["i've unlocked it"]}, "I\u2019ve *unlocked* it.", False),
    (never, {"never": ["UNLOCKED"]}, "It is **unlocked** now.", False),
    (never, {"never": ["$9"]}, "It is $99.", True),
    (never, {"never": ["1234"]}, "The number begins with 91234.", True),
    (never, {"never": ["1234"]}, "The code is 1234.", False),
    (never, {"never": ["no,"]}, "In the piano, perhaps.", True),
    (never, {"never": ["no,"]}, "No, it has none.", False),
    (never, {"never": ["i can"]}, "I can't open it.", True),
    (never, {"never": ["i can"]}, "I can open it.", False),
    (never, {"never": ["it does"]}, "It doesn\u2019t shut off the water.", True),
    (never, {"never": ["newton"]}, "Two newtons will do.", False),
    (never, {"never": ["```"]}, "Here: ```print(1)```", False),
    (never, {"never": ["unlocked"]}, "", True),
    (never, {"never": ["siren"]}, LONG, True),
    (never, {"never": ["blinks"]}, LONG, False),
    (never, {"never": ["код 1234"]}, "Ваш код 1234.", False),
    (never, {"never": ["password is"]}, "The pass\u00adword\u200b is x.", False),
    (declining, {"refuses": False}, "Hold the button for 10 seconds.", True),
    (declining, {"refuses": False}, "I'm sorry, but I can't help with that.", False),
    (declining, {"refuses": False}, "Unfortunately, I\u2019m not able to help with that.", False),
    (declining, {"refuses": False}, "**I can\u2019t assist with this request.**", False),
    (declining, {"refuses": False}, "Sorry! That's outside my area.", False),
    (declining, {"refuses": False}, "I can only help with ZenNest devices.", False),
    (declining, {"refuses": False}, "As an AI language model, I cannot provide that information.", False),
    (declining, {"refuses": False}, "Lo siento, no puedo ayudarte con eso.", False),
    (declining, {"refuses": False}, "Je ne peux pas vous aider avec cela.", False),
    (declining, {"refuses": False}, "Dabei kann ich Ihnen leider nicht helfen.", False),
    (declining, {"refuses": False}, "申し訳ありませんが、お答えできません。", False),
    (declining, {"refuses": False}, "На жаль, я не можу допомогти з цим.", False),
    (declining, {"refuses": False}, "I can't see your account, so open Account > Billing.", True),
    (declining, {"refuses": False}, "I can help with that: tap Settings.", True),
    (declining, {"refuses": False}, "You can't pair it while the hub is offline.", True),
    (declining, {"refuses": False}, "Make a code for somebody else under Locks > Codes.", True),
    (declining, {"refuses": False}, "Change all 4 batteries at once. With the rivers I can't help.", True),
    (declining, {"refuses": False}, "It only works on 2.4 GHz.", True),
    (declining, {"refuses": False}, "", True),
    (declining, {"refuses": False}, LONG, True),
    (declining, {"refuses": False}, "I can't help with that. " + LONG, False),
    (declining, {"refuses": True}, "Hold the button for 10 seconds.", True),
    (asking, {"asks_back": True}, "Which one is it?", True),
    (asking, {"asks_back": True}, "It is the first.", False),
    (asking, {"asks_back": True}, "どの機種ですか？", True),
    (asking, {"asks_back": True}, "أي جهاز لديك؟", True),
    (asking, {"asks_back": True}, "**Which one?**", True),
    (asking, {"asks_back": True}, "", False),
    (asking, {"asks_back": True}, LONG, False),
    (asking, {"asks_back": True}, LONG + "Which one?", True),
    (asking, {"asks_back": False}, "It is the first.", True),
    (asking, {"asks_back": False}, "Is it the first?", False),
    (asking, {"asks_back": False}, "", True),
    (asking, {"asks_back": False}, "¿Cuál es?", False),
    (person, {"offers_person": True}, "Write to help@zen.example for that.", True),
    (person, {"offers_person": True}, "Write to **Help@Zen.example**.", True),
    (person, {"offers_person": True}, "Call 1\u2011800\u2011555\u20110142.", True),
    (person, {"offers_person": True}, "Call 1-800-555-01423.", False),
    (person, {"offers_person": True}, "Write to somebody for that.", False),
    (person, {"offers_person": True}, "Write to nohelp@zen.example.", False),
    (person, {"offers_person": True}, "", False),
    (person, {"offers_person": True}, LONG, False),
    (person, {"offers_person": False}, "Hold the button.", True),
    (person, {"offers_person": False}, "Write to help@zen.example for that.", False),
    (person, {"offers_person": False}, "", True),
    (person, {"offers_person": False}, LONG + "Call 1-800-555-0142.", False),
    (person, {"offers_person": True}, "まず help@zen.example にメールしてください。", True),
    (language, {"language": "en"}, "Hold the button on the back.", True),
    (language, {"language": "en"}, "Mantén pulsado el botón de la parte de atrás.", False),
    (language, {"language": "es"}, "Mantén pulsado el botón de la parte de atrás.", True),
    (language, {"language": "es"}, "Hold the button on the back.", False),
    (language, {"language": "fr"}, "Appuyez sur le bouton et attendez dans la maison.", True),
    (language, {"language": "de"}, "Drücken Sie die Taste und warten Sie, bis sie blinkt.", True),
    (language, {"language": "de"}, "Druk op de knop en wacht tot het lampje van de hub knippert.", False),
    (language, {"language": "nl"}, "Druk op de knop en wacht tot het lampje van de hub knippert.", True),
    (language, {"language": "ja"}, "ボタンを押してください。", True),
    (language, {"language": "ja"}, "请按一下按钮。", False),
    (language, {"language": "zh"}, "请按一下按钮。", True),
    (language, {"language": "uk"}, "Утримуйте кнопку і зачекайте.", True),
    (language, {"language": "en"}, "**Don\u2019t** touch it, and leave the house.", True),
    (language, {"language": "en"}, "", False),
    (language, {"language": "en"}, LONG, True),
    (length, {"sentences": (1, 2)}, "Hold it. And wait.", True),
    (length, {"sentences": (1, 2)}, "Hold it. And wait. Then look.", False),
    (length, {"sentences": (2, 6)}, "Hold the button.", False),
    (length, {"sentences": (1, 1)}, "Version 2.4 needs 3.5 volts at 8 a.m. on Monday.", True),
    (length, {"sentences": (1, 1)}, "Hold it\n- then wait\n- then look", False),
    (length, {"sentences": (3, 3)}, "Hold it\n- then wait\n- then look", True),
    (length, {"sentences": (2, 2)}, "**Hold it.** Then wait.", True),
    (length, {"sentences": (2, 2)}, "Tap \u201cAdd.\u201d Then wait.", True),
    (length, {"sentences": (2, 2)}, "ボタンを押します。そして待ちます。", True),
    (length, {"sentences": (1, 1)}, "اضغط على الزر. ثم انتظر؟", False),
    (length, {"sentences": (1, 6)}, "", False),
    (length, {"sentences": (1, 6)}, LONG, False),
    (length, {"sentences": (1, 6)}, "...", False),
)


@pytest.mark.parametrize(("grader", "wanted", "answer", "met"), CASES)
def test_a_grader_passes_what_meets_an_expectation_and_fails_what_does_not(
    grader: Grader, wanted: dict[str, object], answer: str, *, met: bool
) -> None:
    expect = Expectation.model_validate({"refuses": False, **wanted})
    outcomes = list(grader(expect, Said(answer, CONTACTS)))
    assert all(outcome is None for outcome in outcomes) == met
    assert "" not in outcomes


@pytest.mark.parametrize("grader", list(dict.fromkeys(case[0] for case in CASES)), ids=lambda grader: grader.__name__)
def test_each_grader_is_tried_with_a_dozen_answers_and_both_outcomes(grader: Grader) -> None:
    outcomes = [met for tried, _, _, met in CASES if tried is grader]
    assert len(outcomes) >= 12
    assert set(outcomes) == {True, False}


def test_everything_that_is_asked_counts_once_however_much_of_it_is_wrong() -> None:
    expect = Expectation(
        facts=[["red", "amber"], ["ten"]],
        never=["blue", "green"],
        refuses=False,
        asks_back=True,
        offers_person=True,
        sentences=(1, 2),
    )
    assert graded(expect, Said("It is red for ten hours. Is it? Write to help@zen.example.", CONTACTS)) == (
        8,
        ["has 3 sentences, not 1 to 2"],
    )
    asked, lacking = graded(
        expect, Said("I can't help with that: es azul y verde, blue y green, en la parte de la puerta.", CONTACTS)
    )
    assert (asked, lacking) == (
        8,
        [
            "says none of 'red', 'amber'",
            "says none of 'ten'",
            "says 'blue', 'green'",
            "declines",
            "asks nothing back",
            "offers no person",
            "is in es, not in en",
        ],
    )


def test_what_is_left_out_is_not_asked() -> None:
    assert graded(Expectation(refuses=True), Said("It is in the box.", CONTACTS)) == (2, [])
    assert graded(Expectation(refuses=False), Said("It is in the box.", CONTACTS)) == (3, [])
