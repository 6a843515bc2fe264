"""The step that says who calls, or refuses the credentials.

The signature is not checked here: whoever carries requests in does that.
"""

from datetime import datetime

from moto.core.models import DEFAULT_ACCOUNT_ID

from kms_katas.lab.callers import Caller, Credential, find_credential, root_caller
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.work import Work


def identify(work: Work) -> Caller:
    """Where nothing is enforced, unknown credentials stand for the root user of moto's default account.

    Raises UnrecognizedClientException and ExpiredTokenException with AWS's texts, where enforcement is on.
    """
    credential = find_credential(work.access_key_id)
    if not setting.current.enforce:
        if credential is not None and work.motos_account is None:
            return credential.principal
        return root_caller(work.motos_account or DEFAULT_ACCOUNT_ID, work.access_key_id)
    return _counting(credential, work.session_token, work.now)


def authenticated(access_key_id: str, session_token: str | None, now: datetime) -> Caller:
    """The same where credentials count, for another service that has AWS's common errors for them."""
    return _counting(find_credential(access_key_id), session_token, now)


def _counting(credential: Credential | None, session_token: str | None, now: datetime) -> Caller:
    if credential is None or not credential.active or credential.session_token != session_token:
        raise KMSError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if credential.expires is not None and credential.expires <= now:
        raise KMSError("ExpiredTokenException", "The security token included in the request is expired")
    return credential.principal
