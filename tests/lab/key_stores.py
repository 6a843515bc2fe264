"""How the tests of custom key stores make stores of either type and keys in them. It tests nothing."""

import secrets
from typing import Any

from kms_katas.lab import Lab

PASSWORD, SECRET = "kmsPswd-" + secrets.token_hex(4), secrets.token_hex(24)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ234567"


def random_text(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def cluster(**more: Any) -> dict[str, Any]:
    """Parameters of a CloudHSM key store."""
    asked = {
        "CustomKeyStoreName": random_text(12),
        "CloudHsmClusterId": f"cluster-{random_text(11)}",
        "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "KeyStorePassword": PASSWORD,
    }
    return asked | more


def proxy(**more: Any) -> dict[str, Any]:
    """Parameters of an external key store with a public endpoint."""
    asked = {
        "CustomKeyStoreName": random_text(12),
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyUriEndpoint": f"https://{random_text(8).lower()}.example.com",
        "XksProxyUriPath": "/prefix/kms/xks/v1",
        "XksProxyAuthenticationCredential": {"AccessKeyId": random_text(20), "RawSecretAccessKey": SECRET},
        "XksProxyConnectivity": "PUBLIC_ENDPOINT",
    }
    return asked | more


VPC = {
    "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
    "XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
}


def make(kms: Any, asked: dict[str, Any]) -> str:
    found: str = kms.create_custom_key_store(**asked)["CustomKeyStoreId"]
    return found


def entry(kms: Any, store: str) -> dict[str, Any]:
    [found] = kms.describe_custom_key_stores(CustomKeyStoreId=store)["CustomKeyStores"]
    return dict(found)


def connect(lab: Lab, kms: Any, store: str) -> None:
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    lab.clock.advance(seconds=1)


def new_key(kms: Any, store: str, **more: Any) -> dict[str, Any]:
    origin = entry(kms, store)["CustomKeyStoreType"]
    if origin == "EXTERNAL_KEY_STORE":
        more = {"XksKeyId": random_text(10)} | more
    found: dict[str, Any] = kms.create_key(Origin=origin, CustomKeyStoreId=store, **more)["KeyMetadata"]
    return found
