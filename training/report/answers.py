"""Rules for what Sarah says: short, concrete, plain, and nothing that the handbook does not hold."""

import re
from collections.abc import Callable, Iterator

from training.evaluation.graders import Said, failures
from training.facts import contradictions
from training.prose import language_of, sentences
from training.report.company import Answer, Company
from training.report.problem import Problem

FEWEST_SENTENCES, MOST_SENTENCES = 1, 6
_LINK = re.compile(
    r"https?://\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b(?:[\w-]+\.)+(?:com|net|org|io|example)\b", re.IGNORECASE
)
_SERVILE = re.compile(
    r"great question|good question|happy to (?:help|assist)|apologi[sz]e for (?:the|any) inconvenience|rest assured"
    r"|valued customer|\babsolutely!|thank you for (?:reaching|contacting)|\bcertainly\b|as an ai language model|!!",
    re.IGNORECASE,
)
# What an assistant that sees no account and switches nothing cannot truthfully say.
_PRETENDED = re.compile(
    r"\bI(?:'ve| have) (?:just )?(?:sent|reset|refunded|restarted|checked your|cancell?ed|changed|updated|opened a"
    r"|escalated|forwarded|booked|scheduled|credited|noted your)"
    r"|\bI(?:'ll| will) (?:refund|send you|credit|escalate|forward|cancel|unlock|reset|book|schedule)\b"
    r"|\bI (?:guarantee|promise)\b|\byour account shows\b|\bI can see (?:your|that your)",
    re.IGNORECASE,
)
_TO_DO = """
add ask begin bring buy call cancel change charge check choose clean close compare connect contact copy count
delete describe download draw drop dry enter find fit follow get give go hand hold install invite keep label
leave let lift lock look loosen lower make measure mount move name note open order pair pick place plug point
post press print pull push put raise reach read recycle remove replace reply reset restart return run save say
scan screw see send set share show sign start stay stop swap switch take tap tell test try turn type unlock
unplug update use vacuum wait walk watch wipe work write 911
"""
_STEP = re.compile(rf"[?>@]|\b(?:{'|'.join(_TO_DO.split())})\b", re.IGNORECASE)


def _rule(name: str, check: Callable[[Company, Answer], Iterator[str]]) -> Callable[[Company], Iterator[Problem]]:
    """Return a rule that looks at every answer on its own."""

    def rule(company: Company) -> Iterator[Problem]:
        for answer in company.answers:
            for text in check(company, answer):
                yield Problem(answer.place, name, text)

    return rule


def _facts(company: Company, answer: Answer) -> Iterator[str]:
    for text in contradictions(company.facts, answer.text, answer.pages, answer.told):
        yield f"{text}; mend the answer or name the page that it rests on"


def _length(_: Company, answer: Answer) -> Iterator[str]:
    if not FEWEST_SENTENCES <= (count := len(sentences(answer.text))) <= MOST_SENTENCES:
        yield f"has {count} sentences; keep to {FEWEST_SENTENCES} to {MOST_SENTENCES}"


def _menus(company: Company, answer: Answer) -> Iterator[str]:
    """A way through menus such as `Settings > People` is one that the handbook shows."""
    plain = answer.text.replace("*", "")
    for arrow in re.finditer(" > ", plain):
        before, after = plain[: arrow.start()], plain[arrow.end() :]
        if not any(before.endswith(menu) and after.startswith(item) for menu, item in company.menu_steps):
            yield f"shows {before[-20:]} > {after[:20]}, a menu that no page has; use the handbook's"


def _coined_words(company: Company, answer: Answer) -> Iterator[str]:
    """A name that begins with the brand is one that the handbook speaks of."""
    for word in sorted(company.coined_words_of(answer.text) - company.coined_words):
        yield f"speaks of {word}, which no page does; nothing may be invented"


def _links(company: Company, answer: Answer) -> Iterator[str]:
    for link in _LINK.findall(answer.text):
        address = link.rstrip(".,;:!?)")
        if address not in company.handbook and address not in answer.told:
            yield f"names {address}, which no page does; take it out"


def _tone(_: Company, answer: Answer) -> Iterator[str]:
    if found := _SERVILE.search(answer.text):
        yield f"says {found[0]!r}, which is servile; say what helps instead"


def _honesty(_: Company, answer: Answer) -> Iterator[str]:
    if found := _PRETENDED.search(answer.text):
        yield f"says {found[0]!r}, which an assistant without hands cannot do; say where the customer can"


def _next_step(_: Company, answer: Answer) -> Iterator[str]:
    # A reference may be the bare fact that was asked for, and a pure refusal rests on no page.
    if answer.taught and answer.pages and language_of(answer.text) == "en" and not _STEP.search(answer.text):
        yield "tells the customer nothing to do and asks nothing; end with one concrete step"


def references_keep_what_they_expect(company: Company) -> Iterator[Problem]:
    """The reference answer of every scenario's turn satisfies the expectations of that turn."""
    for place, scenario in company.each_scenario():
        for number, turn in enumerate(scenario.turns, 1):
            for failure in failures(turn.expect, Said(turn.reference, company.facts.contacts)):
                text = f"the reference {failure}; mend it or the expectation"
                yield Problem(f"{place}, turn {number}", "reference", text)


def expected_facts_are_true(company: Company) -> Iterator[Problem]:
    """What a scenario wants to hear contradicts no fact."""
    for place, scenario in company.each_scenario():
        told = "\n".join([*scenario.worked_out, *(turn.user for turn in scenario.turns)])
        wanted = "\n".join(text for turn in scenario.turns for group in turn.expect.facts for text in group)
        for contradiction in contradictions(company.facts, wanted, scenario.pages, told):
            yield Problem(place, "facts", f"expects what is not so: {contradiction}; mend the expectation")


ANSWER_RULES = (
    _rule("facts", _facts),
    _rule("answer-length", _length),
    _rule("invented-menu", _menus),
    _rule("invented-product", _coined_words),
    _rule("unknown-link", _links),
    _rule("servile", _tone),
    _rule("pretended", _honesty),
    _rule("no-next-step", _next_step),
    references_keep_what_they_expect,
    expected_facts_are_true,
)
