"""`kata policy ...`: anybody's own key policies and IAM policies, decided, explained, compared, proved and linted.

Reading files, arguments and screens only; what is said of a policy comes from kms_katas.policy.
"""
