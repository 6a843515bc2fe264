"""The step that says who calls, or refuses the credentials.

The signature is not checked here: whoever carries requests in does that.
"""

from kms_katas.lab.callers import Caller, administrator, find_credential
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.work import Work


def identify(work: Work) -> Caller:
    """Raises UnrecognizedClientException and ExpiredTokenException with AWS's texts, where enforcement is on."""
    credential = find_credential(work.access_key_id)
    if not setting.current.enforce:
        return credential.principal if credential is not None else administrator(work.access_key_id)
    if credential is None or not credential.active or credential.session_token != work.session_token:
        raise KMSError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if credential.expires is not None and credential.expires <= work.now:
        raise KMSError("ExpiredTokenException", "The security token included in the request is expired")
    return credential.principal
