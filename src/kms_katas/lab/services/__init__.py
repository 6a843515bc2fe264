"""The AWS services that call KMS: moto keeps what they keep, and this is what moto leaves out, permissions and keys.

Each service has a module of its own, loaded when the service is first asked (table.py); every request takes the one
path in gate.py.
"""
