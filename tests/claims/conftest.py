"""The lab of the claims is the one that everybody's tests get, not that of the checks of a kata."""

from kms_katas.lab.plugin import lab as lab
