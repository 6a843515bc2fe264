"""How far the log of a lab goes, as data: CloudTrail, and what EventBridge gets of it.

The page docs/reference/fidelity.md is made from this. For what differs in KMS itself: kms/fidelity.py.
"""

CAVEATS: dict[str, str] = {
    "Requests to KMS": "Every request of a known caller is logged, also a refused, malformed or throttled one; AWS "
    "says all that succeed and some that fail. It is there at once; AWS takes minutes. userAgent is the client's; AWS"
    " shows AWS Internal for many. tlsDetails has no cipher suite.",
    "What KMS does by itself": "RotateKey, DeleteKey and DeleteExpiredKeyMaterial at their time. AWS synchronizes "
    "related multi-Region keys periodically; here SynchronizeMultiRegionKey follows a rotation. The deletion of a key"
    " in a custom key store tells nothing of its store.",
    "Two Regions, one request": "ReplicateKey leaves a CreateKey in the replica's Region, UpdatePrimaryRegion a "
    "second record of itself. No example of AWS shows the parameters of that CreateKey; here it has none.",
    "Two accounts, one request": "What succeeds is in the logs of the caller and of the owner, with one "
    "sharedEventID; a refusal is in the caller's. To the owner the caller is an AWSAccount, as AWS's examples of "
    "AssumeRole have it.",
    "Requests that a service makes": "userIdentity.invokedBy, sourceIPAddress and userAgent name the service; AWS has"
    " AWS Internal there for some, and of S3 a record with fas.s3.amazonaws.com is published.",
    "STS": "AssumeRole, GetSessionToken and GetCallerIdentity. Which parameters a refused request shows is not "
    "documented; here all of them.",
    "Other services": "Only those calls that the lab's own part of a service logs; moto logs none, nor LookupEvents.",
    "LookupEvents": "In a Lab alone, for whoever has credentials; elsewhere UnsupportedOperationException. The "
    "sentences of its errors are the lab's. No limit of two calls a second, and no Insights events. A StartTime "
    "before the last 90 days is no error.",
    "Trails, event data stores and the rest of CloudTrail": "moto's: they store what they are told, and log nothing.",
    "Rules of EventBridge": "`rule_sees` says whether an event pattern matches a record; nothing is delivered, and no"
    " trail has to be on. Whether KMS CMK Rotation also tells a rotation on demand is doubtful; here it does.",
}
"""What -> how it differs from AWS as far as that is known."""
