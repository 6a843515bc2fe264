"""The key that encrypts volumes and snapshots where nobody names one, for each account and Region: to tell, to change
and to reset it.

Whether volumes are encrypted by default is moto's to keep. AWS's answer for an account that never changed its key is
the alias, in the examples of the command line reference. Doubtful: the answer for a key that cannot be used. EC2 looks
at the key later (botocore, ModifyEbsDefaultKmsKeyIdRequest); here it looks at once, as the caller, with code and text
of the lab's own, for nothing would ever tell otherwise.
"""

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.services.ebs_keys import AWS_MANAGED
from kms_katas.lab.services.ebs_store import answered, backend_of, refuse_dry_run
from kms_katas.lab.services.ebs_volumes import default_key_id
from kms_katas.lab.services.keys_for_services import ask_kms


def get_default_key(call: ServiceCall) -> Answer:
    refuse_dry_run(call)
    return answered(call, {"KmsKeyId": default_key_id(call)})


def modify_default_key(call: ServiceCall) -> Answer:
    """Raises Refused for a key that KMS does not show the caller, and for one that is not for symmetric encryption."""
    refuse_dry_run(call)
    asked = call.parameters.get("KmsKeyId", AWS_MANAGED)
    try:
        key = ask_kms(call, "DescribeKey", {"KeyId": asked})["KeyMetadata"]
    except KMSError as error:
        sentence = f"{asked} cannot be the default key for EBS encryption: {error.code}: {error.message}"
        raise Refused("InvalidParameterValue", sentence) from None
    if (key["KeySpec"], key["KeyUsage"]) != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
        raise Refused("InvalidParameterValue", f"{asked} is no symmetric encryption key, and EBS uses no other.")
    backend_of(call).default_kms_key_id = key["Arn"]
    return answered(call, {"KmsKeyId": key["Arn"]})


def reset_default_key(call: ServiceCall) -> Answer:
    refuse_dry_run(call)
    backend_of(call).default_kms_key_id = ""
    return answered(call, {"KmsKeyId": AWS_MANAGED})
