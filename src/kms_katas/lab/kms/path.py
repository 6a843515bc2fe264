"""The one path that every request takes through the engine, in AWS's order. Each step lives in a module of its own."""

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.authorization import authorize
from kms_katas.lab.kms.errors import KMSError, not_in_the_lab, region_is_down
from kms_katas.lab.kms.identity import identify
from kms_katas.lab.kms.models import keep_in_view
from kms_katas.lab.kms.operations import OPERATIONS
from kms_katas.lab.kms.request import parse
from kms_katas.lab.kms.states import require_state
from kms_katas.lab.kms.targets import find_target
from kms_katas.lab.kms.usage import remember_use
from kms_katas.lab.kms.work import Work


def take(work: Work) -> None:
    """Fills in `work.response` or `work.error` and tells the recorder.

    AWS tells no order for what is wrong with a request in meaning, not in form (both KeySpec and NumberOfBytes, a
    waiting period of 5 days): here the operation says it, so after permission and key state.

    Only a KMSError may stop a step; anything else is our fault.
    """
    try:
        work.response = _answer(work)
        remember_use(work)
    except KMSError as error:
        # Kept as long as the call is: with where it was raised, it would keep all that was at hand there.
        work.error = error.with_traceback(None)
    except Exception as fault:
        where = f"The lab failed inside {work.operation} ({type(fault).__name__})."
        sentence = f"{where} This is a fault of the lab, not of your request."
        work.error = KMSError("KMSInternalException", sentence, 500)
    for key in work.target.keys:
        keep_in_view(key)
    if setting.current.record is not None:
        setting.current.record(work)


def _answer(work: Work) -> dict[str, object]:
    if work.region in setting.current.regions_down:
        raise region_is_down()
    work.caller = work.caller or identify(work)  # first, as AWS does: a stranger learns nothing about the request
    work.parameters = parse(work.operation, work.body)
    operation = OPERATIONS.get(work.operation)
    if operation is None:
        raise not_in_the_lab(work.operation)
    work.target = find_target(work, operation)
    if setting.current.meter is not None:
        setting.current.meter.admit(work)  # only now is it known of which kind the key is, and each kind has a quota
    authorize(work)
    require_state(work)
    if work.parameters.get("DryRun"):
        operation.rehearse(work)
        raise KMSError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
    return operation.run(work)
