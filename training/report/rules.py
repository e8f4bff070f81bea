"""Every rule that a company's folder must keep."""

from training.report.answers import ANSWER_RULES
from training.report.company import Company
from training.report.coverage import COVERAGE_RULES
from training.report.handbook import HANDBOOK_RULES
from training.report.likenesses import LIKENESS_RULES
from training.report.problem import Problem, Rule

RULES: tuple[Rule, ...] = (*HANDBOOK_RULES, *COVERAGE_RULES, *ANSWER_RULES, *LIKENESS_RULES)


def problems(company: Company) -> list[Problem]:
    """Return everything that is wrong with a company's folder, not only the first thing."""
    return [problem for rule in RULES for problem in rule(company)]
