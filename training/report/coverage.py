"""Rules for the shape of examples and scenarios, and for what they leave out."""

from collections import Counter
from collections.abc import Iterator

from training.report.company import Company
from training.report.problem import Problem

FEWEST_EXAMPLES, FEWEST_SCENARIOS = 2, 1  # for each page of the handbook

# What is tried in every company before a model is let near its customers: categories of scenarios.
RISKS = ("safety", "private-data", "injection", "off-topic")


def conversations_take_turns(company: Company) -> Iterator[Problem]:
    """After a system message the customer and the assistant take turns, and the assistant has the last word."""
    for place, example, _ in company.each_example():
        roles = [message.role for message in example.messages]
        spoken = roles[1:] if roles[0] == "system" else roles
        if not spoken or spoken != ["user", "assistant"] * (len(spoken) // 2):
            yield Problem(place, "turns", "does not go user, assistant, user, assistant; put its messages in order")
        if not all(message.content.strip() for message in example.messages):
            yield Problem(place, "turns", "has an empty message; fill it or take it out")


def scenario_ids_differ(company: Company) -> Iterator[Problem]:
    """Each scenario has a name of its own."""
    for name, count in Counter(scenario.id for _, scenario in company.each_scenario()).items():
        if count > 1:
            yield Problem("scenarios", "same-id", f"{count} of them are called {name!r}; rename all but one")


def origins_match(company: Company) -> Iterator[Problem]:
    """Every example has its line in the table of origins, every line its example."""
    firsts = Counter((file, one.first_question) for file, examples in company.examples.items() for one in examples)
    named = {(origin.file, origin.question) for origin in company.origins}
    for file, question in firsts.keys() - named:
        yield Problem(file, "origins", f"{question!r} has no line in origins.csv; add one")
    for file, question in named - firsts.keys():
        yield Problem("origins.csv", "origins", f"{question!r} begins no example of {file}; mend the line or delete it")
    for (file, question), count in firsts.items():
        if count > 1:
            yield Problem(file, "origins", f"{question!r} begins {count} examples; begin each in its own words")


def named_pages_exist(company: Company) -> Iterator[Problem]:
    """What an example or a scenario rests on is a page of the handbook."""
    known = {page.id for page in company.pages}
    for page in _pages_of_examples(company).keys() | _pages_of_scenarios(company).keys():
        if page not in known:
            yield Problem("examples or scenarios", "unknown-page", f"rest on {page!r}, which is no page's id; mend it")


def pages_are_used(company: Company) -> Iterator[Problem]:
    """Every page is taught by some examples and proven by a scenario."""
    examples, scenarios = _pages_of_examples(company), _pages_of_scenarios(company)
    for page in company.pages:
        if examples[page.id] < FEWEST_EXAMPLES:
            text = f"{examples[page.id]} examples rest on it; write {FEWEST_EXAMPLES} or more"
            yield Problem(page.id, "unused-page", text)
        if scenarios[page.id] < FEWEST_SCENARIOS:
            yield Problem(page.id, "unused-page", "no scenario rests on it; write one")


def risks_are_tried(company: Company) -> Iterator[Problem]:
    """Every kind of risk is tried by a scenario."""
    tried = {scenario.category for _, scenario in company.each_scenario()}
    for risk in RISKS:
        if risk not in tried:
            yield Problem("scenarios", "untried-risk", f"none is of the category {risk!r}; write one")


def codes_are_answered(company: Company) -> Iterator[Problem]:
    """Every error code is explained in an answer."""
    said = "\n".join(answer.text for answer in company.answers)
    for code, meaning in company.facts.codes.items():
        if code not in company.handbook:
            yield Problem(code, "unanswered-code", f"({meaning}) is on no page; write its cause and remedy")
        if code not in said:
            yield Problem(code, "unanswered-code", f"({meaning}) is in no answer; write an example or a scenario")


def _pages_of_examples(company: Company) -> Counter[str]:
    return Counter(page for origin in company.origins for page in set(origin.pages))


def _pages_of_scenarios(company: Company) -> Counter[str]:
    return Counter(page for _, scenario in company.each_scenario() for page in set(scenario.pages))


COVERAGE_RULES = (
    conversations_take_turns,
    scenario_ids_differ,
    origins_match,
    named_pages_exist,
    pages_are_used,
    risks_are_tried,
    codes_are_answered,
)
