"""The one path that a request to another service than KMS takes: who calls, may they, what the service does with keys;
the rest is moto's.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any
from urllib.parse import unquote

from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from kms_katas.lab.callers import Caller, find_credential, motos_account, root_caller
from kms_katas.lab.documents import documents_about, principal_of
from kms_katas.lab.error_answers import family
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.request import require_types
from kms_katas.lab.network import in_force
from kms_katas.lab.request_keys import global_keys
from kms_katas.lab.services import wire
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall, remember_denial
from kms_katas.lab.services.log import log_service_call
from kms_katas.lab.services.table import AS_AWS_NAMES_IT
from kms_katas.lab.services.table import service as service_of
from kms_katas.lab.signature import refused as refused_signer
from kms_katas.policy import Request as Question
from kms_katas.policy import decide_on_resource

Handler = Callable[[Any, str, Any], Any]

_ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"
_SIGNED_BY = re.compile(r"Credential=([^/,\s]+)/[0-9]{8}/([^/,\s]+)/")


def guarded(name: str, handler: Handler) -> Handler:
    """moto's handler of this service, behind the gate."""

    @wraps(handler)
    @setting.one_at_a_time
    def answer(request: Any, full_url: str, headers: Any) -> Any:
        return _answer(name, handler, request, full_url, headers)

    return answer


def _answer(name: str, handler: Handler, request: Any, full_url: str, headers: Any) -> Any:
    if setting.current.enforce:  # who signed says whose account it is, and no header of moto's
        request.environ.pop(_ACCOUNT_HEADER, None)
    service = service_of(name)
    name = AS_AWS_NAMES_IT.get(name, name)
    operation = operation_of(name, request)
    if operation is None or (operation[0].name not in service.permissions and operation[0].name not in service.answers):
        return handler(request, full_url, headers)
    model, uri_parameters = operation
    protocol = wire.protocol_of(name, request)
    speaks = family(name, request.content_type or "")
    request_id = setting.current.randomness.uuid()

    def forward(more_headers: Mapping[str, str | None] | None = None) -> Answer:
        for header, value in (more_headers or {}).items():
            place = f"HTTP_{header.upper().replace('-', '_')}"
            if value is None:
                request.environ.pop(place, None)
            else:
                request.environ[place] = value
        answered: Answer = handler(request, full_url, request.headers)
        return answered

    call: ServiceCall | None = None

    def refusal(refused: Refused) -> Answer:
        status, headers, body = wire.error(speaks, refused, request_id)
        answer = (status, headers, "" if request.method == "HEAD" else body)
        if call is not None:
            log_service_call(call, model, protocol, answer, refused)
        return answer

    try:
        access_key_id, region = _signer(request, full_url)
        call = ServiceCall(
            service=name,
            operation=model.name,
            parameters=_parameters(protocol, model, request, uri_parameters),
            caller=_identified(speaks, access_key_id, _token(request), request.headers.get("x-moto-account-id")),
            region=region,
            user_agent=str(request.headers.get("User-Agent", "")),
            request_id=request_id,
            now=setting.now(),
            route=in_force.get(),
            forward=forward,
            signature="AWS" if request.args.get("AWSAccessKeyId") else "AWS4-HMAC-SHA256",
        )
        _authorize(service, call)
        own = service.answers.get(call.operation)
        answer = own(call) if own is not None else forward()
        log_service_call(call, model, protocol, answer)
        return answer
    except Refused as refused:
        return refusal(refused)
    except KMSError as error:
        return refusal(Refused(error.code, error.message, error.status))
    except HTTPException:
        raise  # moto's own errors: it makes their answers
    except Exception as fault:
        where = f"The lab failed inside {model.name} ({type(fault).__name__})."
        sentence = f"{where} This is a fault of the lab, not of your request."
        return refusal(Refused("InternalFailure", sentence, 500))


def operation_of(name: str, request: Any) -> tuple[OperationModel, dict[str, Any]] | None:
    """Which operation of the service this is, and what its path says; None for one that its model does not have."""
    try:
        found: tuple[OperationModel, dict[str, Any]] = get_service_router(name).match(request)
    except Exception:  # werkzeug's NotFound and MethodNotAllowed, and what a strange request may bring
        return None
    return found


def _parameters(protocol: str, model: OperationModel, request: Any, uri_parameters: dict[str, Any]) -> dict[str, Any]:
    """Raises Refused for a request that cannot be read, a ValueError being a number that is none, or no UTF-8; and
    KMSError for JSON of other types than the service's.
    """
    if protocol == "json":
        require_types(request.data, model.input_shape)
    sent: Any = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.data,
        "url_path": request.path,
        "url_params": uri_parameters,
    }
    try:
        given: dict[str, Any] = PROTOCOL_PARSERS[protocol](model, map_type=dict).parse(sent)
    except (RequestParserError, ValueError):
        raise wire.unreadable(protocol) from None
    return given


def _signer(request: Any, full_url: str) -> tuple[str, str]:
    """Access key ID and Region out of the signature, in the header or in a presigned URL."""
    told = str(request.headers.get("Authorization", "")) or f"Credential={unquote(_presigned(full_url))}"
    if found := _SIGNED_BY.search(told):
        return found[1], found[2]
    old_way = re.search(r"[?&]AWSAccessKeyId=([^&]+)", full_url)
    return unquote(old_way[1]) if old_way else "", "us-east-1"


def _presigned(full_url: str) -> str:
    found = re.search(r"[?&]X-Amz-Credential=([^&]+)", full_url)
    return found[1] if found else ""


def _token(request: Any) -> str | None:
    name = "X-Amz-Security-Token"
    return request.headers.get(name) or request.args.get(name) or request.args.get(name.lower()) or None


def _identified(speaks: str, access_key_id: str, token: str | None, account: str | None) -> Caller:
    """Raises Refused in the words of the service where enforcement is on."""
    credential = find_credential(access_key_id)
    if not setting.current.enforce:
        from moto.core.models import DEFAULT_ACCOUNT_ID

        named = motos_account(account)
        if credential is not None and named is None:
            return credential.principal
        return root_caller(named or DEFAULT_ACCOUNT_ID, access_key_id)
    if not access_key_id:
        raise _stranger(speaks, "unsigned")
    if credential is None or not credential.active:
        raise _stranger(speaks, "unknown")
    if credential.session_token != token:
        raise _stranger(speaks, "token")
    if credential.expires is not None and credential.expires <= setting.now():
        raise _stranger(speaks, "expired")
    return credential.principal


def _stranger(speaks: str, why: str) -> Refused:
    said = refused_signer(speaks, why)
    return Refused(said.code, said.message, said.status)


def _authorize(service: Service, call: ServiceCall) -> None:
    """Raises the service's own error at the first permission that is missing."""
    needed = service.permissions.get(call.operation)
    if needed is None or not setting.current.enforce:
        return
    for permission in needed(call):
        require(service, call, permission)


def require(service: Service, call: ServiceCall, permission: Permission) -> None:
    """Raises the service's own error where the caller does not have this permission."""
    caller, owner = call.caller, permission.owner or call.caller.account
    documents = documents_about(caller, owner, call.route)
    if not service.reached_by_rcps:
        documents = replace(documents, rcps=())
    context = global_keys(caller, call.region, call.user_agent, call.now, call.route, owner) | permission.context
    question = Question(principal_of(caller), permission.action, permission.resource, context, owner=permission.owner)
    decision = decide_on_resource(question, permission.policy, documents)
    if not decision.allowed:
        remember_denial(call, decision)
        raise service.denied(decision)
