"""moto's mock, switched on and off in a fraction of the time. Not for anything that the mock answers."""

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import MockAWS, botocore_stubber, responses_mock


class QuickMock(MockAWS):
    """The same mock, but it keeps the 1,288 URL patterns for `requests` that moto registers anew at each start.

    While no mock is on they do nothing: `responses` is not patched in. moto's own mock registers its own anew.
    """

    def _enable_patching(self, reset: bool = True) -> None:
        if not responses_mock.registered():
            super()._enable_patching(reset)
            return
        botocore_stubber.enabled = True
        BackendDict.reset()
        responses_mock.start()

    def _disable_patching(self, remove_data: bool) -> None:
        botocore_stubber.enabled = False
        BackendDict.reset()
        reset_model_data()
        responses_mock.stop()
