"""Grading: checks as pytest tests, the answer in a process of its own, one verdict. Check authors import from here."""

from kms_katas.grading.expect import Rejected, expect, reject
from kms_katas.grading.outcome import AnswerRaised
from kms_katas.grading.show import show

__all__ = ["AnswerRaised", "Rejected", "expect", "reject", "show"]
