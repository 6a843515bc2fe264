"""The one error that the KMS engine raises: an AWS error code with AWS's message. Not for faults of our own."""

from http import HTTPStatus


class KMSError(Exception):
    """An answer of KMS that is an error. `code` is AWS's error code, `message` AWS's text (it may be empty).

    `request_id` is that of the request to KMS, where a service made it and passes the error on.
    """

    request_id = ""

    def __init__(self, code: str, message: str = "", status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def region_is_down() -> KMSError:
    """AWS's words for it in the errors common to all services. How KMS itself fails with its Region is not recorded; a
    real client may meet a time-out or no connection as well.
    """
    text = "The request has failed due to a temporary failure of the server."
    return KMSError("ServiceUnavailable", text, HTTPStatus.SERVICE_UNAVAILABLE)


def not_in_the_lab(what: str) -> KMSError:
    """AWS's code for something unsupported, with a sentence that says that the limit is the lab's and not AWS's."""
    return KMSError("UnsupportedOperationException", f"{what} works on AWS, but the lab does not have it yet.")
