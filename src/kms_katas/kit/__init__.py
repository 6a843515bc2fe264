"""What a kata, a verdict and a finding are: plain data and its schemas. Imports nothing else of ours."""

from kms_katas.kit.catalog import Kit, KitError, find_kit
from kms_katas.kit.finding import Finding
from kms_katas.kit.kata import Kata, KataError, Task
from kms_katas.kit.verdict import CheckResult, KmsCall, Verdict

__all__ = ["CheckResult", "Finding", "Kata", "KataError", "Kit", "KitError", "KmsCall", "Task", "Verdict", "find_kit"]
