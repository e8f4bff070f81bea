"""Every rule that a file of examples must keep, and what of it can be mended."""

from training.checks.checker import Checker
from training.checks.held_out import scenario_questions
from training.checks.problem import Expectations, Problem, Severity

__all__ = ["Checker", "Expectations", "Problem", "Severity", "scenario_questions"]
