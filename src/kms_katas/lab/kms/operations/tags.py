"""TagResource, UntagResource, ListResourceTags, and what KMS asks of tags (texts recorded from AWS)."""

from collections.abc import Sequence
from typing import Any

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.paging import page
from kms_katas.lab.kms.work import Work

_MOST_TAGS = 50


def tag_resource(work: Work) -> dict[str, Any]:
    given = work.parameters["Tags"]
    tags = work.key.tags | {tag["TagKey"]: tag["TagValue"] for tag in given}
    require_sound_tags(given, len(tags))
    work.key.retag(tags, work.now)
    return {}


def untag_resource(work: Work) -> dict[str, Any]:
    names = work.parameters["TagKeys"]
    _refuse_reserved(names)
    kept = {name: value for name, value in work.key.tags.items() if name not in names}
    work.key.retag(kept, work.now)
    return {}


def list_resource_tags(work: Work) -> dict[str, Any]:
    tags = {name: {"TagKey": name, "TagValue": value} for name, value in work.key.tags.items()}
    return page(tags, work.parameters, "Tags", 50, 50)


def require_sound_tags(given: Sequence[dict[str, str]], total: int) -> None:
    """`total`: how many tags the key will have. Raises TagException.

    "Too many tags" is recorded for CreateKey; TagResource has LimitExceededException in its list of errors too, and
    which of the two it takes is not recorded.
    """
    names = [tag["TagKey"] for tag in given]
    if len(set(names)) < len(names):
        raise KMSError("TagException", "Duplicate tag keys")
    _refuse_reserved(names)
    if total > _MOST_TAGS:
        raise KMSError("TagException", "Too many tags")


def _refuse_reserved(names: Sequence[str]) -> None:
    if any(name.lower().startswith("aws:") for name in names):
        raise KMSError("TagException", "Tags beginning with aws: are reserved")
