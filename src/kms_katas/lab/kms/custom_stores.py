"""Custom key stores as the engine stores them: names, settings, connection. Their operations are elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

CONNECTING_TAKES = timedelta()
"""Up to 20 minutes on AWS (botocore op:ConnectCustomKeyStore). Here it ends once more time than this has passed."""


@dataclass(eq=False, slots=True)
class CustomStore:
    """`kind` is AWS_CLOUDHSM or EXTERNAL_KEY_STORE. `settings` are the parameters of CreateCustomKeyStore by their
    names, as they are now. `connection` is CONNECTED, CONNECTING or DISCONNECTED.
    """

    id: str
    name: str
    kind: str
    created: datetime
    settings: dict[str, Any] = field(repr=False)
    connection: str = "DISCONNECTED"
    connecting_since: datetime | None = None

    def catch_up(self, now: datetime) -> None:
        if self.connecting_since is not None and self.connecting_since + CONNECTING_TAKES < now:
            self.connection, self.connecting_since = "CONNECTED", None

    def entry(self) -> dict[str, Any]:
        """A CustomKeyStoresListEntry (botocore)."""
        found: dict[str, Any] = {
            "CustomKeyStoreId": self.id,
            "CustomKeyStoreName": self.name,
            "ConnectionState": self.connection,
            "CreationDate": self.created,
            "CustomKeyStoreType": self.kind,
        }
        if self.kind == "AWS_CLOUDHSM":
            return found | {name: self.settings[name] for name in ("CloudHsmClusterId", "TrustAnchorCertificate")}
        proxy = {
            "Connectivity": self.settings["XksProxyConnectivity"],
            "AccessKeyId": self.settings["XksProxyAuthenticationCredential"]["AccessKeyId"],
            "UriEndpoint": self.settings["XksProxyUriEndpoint"],
            "UriPath": self.settings["XksProxyUriPath"],
        }
        if self.settings["XksProxyConnectivity"] == "VPC_ENDPOINT_SERVICE":
            for name in ("VpcEndpointServiceName", "VpcEndpointServiceOwner"):
                proxy[name] = self.settings[f"XksProxy{name}"]
        return found | {"XksProxyConfiguration": proxy}
