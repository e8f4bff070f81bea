"""Rules for the pages of the handbook and its table of facts."""

import re
from collections import Counter
from collections.abc import Iterator

from training.facts import contradictions
from training.report.company import Company
from training.report.problem import Problem

SHORTEST_PAGE, LONGEST_PAGE = 300, 900  # words
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def complete_front_matter(company: Company) -> Iterator[Problem]:
    """Every page says its id, title, area and when it was updated, and no two have one id."""
    for page in company.pages:
        if not (page.id and page.title and page.area and _DATE.fullmatch(page.updated)):
            text = "needs id, title, area and updated (such as 2026-11-21) between its lines of dashes"
            yield Problem(page.id, "front-matter", text)
    for page, count in Counter(page.id for page in company.pages).items():
        if count > 1:
            yield Problem(page, "front-matter", f"is the id of {count} pages; give each its own")


def page_length(company: Company) -> Iterator[Problem]:
    """A page is long enough to answer, and short enough to be kept true."""
    for page in company.pages:
        if not SHORTEST_PAGE <= (words := len(page.body.split())) <= LONGEST_PAGE:
            yield Problem(page.id, "page-length", f"has {words} words; keep to {SHORTEST_PAGE} to {LONGEST_PAGE}")


def pages_keep_to_the_facts(company: Company) -> Iterator[Problem]:
    """No number, code or model on a page contradicts the table of facts."""
    for page in company.pages:
        for text in contradictions(company.facts, f"{page.title}\n{page.body}", [page.id]):
            yield Problem(page.id, "facts", f"{text}; mend the page or facts.toml")


def facts_are_on_their_page(company: Company) -> Iterator[Problem]:
    """Every fact stands on the page that its table is named for."""
    bodies = {page.id: page.body for page in company.pages}
    for page in [*company.facts.pages, *(other for uses in company.facts.uses.values() for other in uses)]:
        if page not in bodies:
            yield Problem("facts.toml", "stale-fact", f"names the page {page!r}, which the handbook does not have")
    for page, facts in company.facts.pages.items():
        said = company.facts.quantities(bodies.get(page, ""))
        for fact in facts.splitlines():
            if missing := [quantity for quantity in company.facts.quantities(fact) if quantity not in said]:
                text = f"{missing[0]} of {fact!r} is not on the page; write it there or take the fact out"
                yield Problem(page, "stale-fact", text)


HANDBOOK_RULES = (complete_front_matter, page_length, pages_keep_to_the_facts, facts_are_on_their_page)
