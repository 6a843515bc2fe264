"""CreateCustomKeyStore and the five operations on custom key stores, and what CreateKey and GenerateRandom ask of one.

The lab has no clusters and no proxies. So every CloudHSM cluster ID of the right form stands for an active cluster with
enough HSMs, and every trust anchor certificate and kmsuser password for the right one; every external key store proxy
answers, knows the credential, and has every external key as AES-256. A connection therefore never fails, and the errors
that tell of a broken cluster, VPC endpoint service, proxy or external key do not come up. What the lab keeps is what
KMS itself knows: names, uniqueness, connection states, and which key is in which store. Keys of both kinds encrypt with
material in the lab's memory.

Codes: botocore's errors of the operations. No text of AWS is recorded for them, so the sentences are ours. Which of
several faults AWS names first is not documented. DISCONNECTING is skipped: a store is DISCONNECTED at once.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.custom_stores import CustomStore
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.models import KeyStore, store_of
from kms_katas.lab.kms.paging import page
from kms_katas.lab.kms.work import Work

_MOST_STORES = 10  # developer guide, resource quotas: connected or not
_CLOUDHSM = ("CloudHsmClusterId", "TrustAnchorCertificate", "KeyStorePassword")
_PROXY = ("XksProxyUriEndpoint", "XksProxyUriPath", "XksProxyAuthenticationCredential", "XksProxyConnectivity")
_ENDPOINT_SERVICE = ("XksProxyVpcEndpointServiceName", "XksProxyVpcEndpointServiceOwner")
_SETTINGS = {"AWS_CLOUDHSM": _CLOUDHSM, "EXTERNAL_KEY_STORE": (*_PROXY, *_ENDPOINT_SERVICE)}
_REQUIRED = {"AWS_CLOUDHSM": _CLOUDHSM, "EXTERNAL_KEY_STORE": _PROXY}
_ALSO_WHILE_CONNECTED = frozenset({"XksProxyAuthenticationCredential", "XksProxyUriPath"})  # botocore op:Update...


def create_custom_key_store(work: Work) -> dict[str, Any]:
    asked, here = work.parameters, _here(work)
    kind, name = asked.get("CustomKeyStoreType", "AWS_CLOUDHSM"), asked["CustomKeyStoreName"]
    settings = _settings(kind, asked)
    missing = [one for one in _REQUIRED[kind] if one not in settings]
    if missing:
        raise KMSError("ValidationException", f"A custom key store of type {kind} needs {', '.join(missing)}.")
    _complete_endpoint_service(work, settings)
    _require_free_name(here, name)
    _require_free_backing(here.custom_stores.values(), settings)
    if len(here.custom_stores) >= _MOST_STORES:
        raise KMSError(
            "LimitExceededException", f"The account already has {_MOST_STORES} custom key stores in {work.region}."
        )
    made = CustomStore(f"cks-{setting.current.randomness.bytes(9).hex()[:17]}", name, kind, work.now, settings)
    here.custom_stores[made.id] = made
    return {"CustomKeyStoreId": made.id}


def connect_custom_key_store(work: Work) -> dict[str, Any]:
    """Of a store that is connected, or on its way, nothing changes: only DISCONNECTING and FAILED are refused (botocore
    shape CustomKeyStoreInvalidStateException), and the lab has neither.
    """
    store = _named(work)
    if store.connection == "DISCONNECTED":
        store.connection, store.connecting_since = "CONNECTING", work.now
    return {}


def disconnect_custom_key_store(work: Work) -> dict[str, Any]:
    store = _named(work)
    if store.connection == "DISCONNECTED":
        raise _wrong_state(store, "is disconnected already")
    store.connection, store.connecting_since = "DISCONNECTED", None
    return {}


def describe_custom_key_stores(work: Work) -> dict[str, Any]:
    asked, stores = work.parameters, list(_here(work).custom_stores.values())
    if "CustomKeyStoreId" in asked and "CustomKeyStoreName" in asked:
        raise KMSError("ValidationException", "Give CustomKeyStoreId or CustomKeyStoreName, but not both.")
    if "CustomKeyStoreId" in asked:
        stores = [_named(work)]
    elif "CustomKeyStoreName" in asked:
        stores = [store for store in stores if store.name == asked["CustomKeyStoreName"]]
        if not stores:
            raise _not_found(asked["CustomKeyStoreName"])
    return page({store.id: store.entry() for store in stores}, asked, "CustomKeyStores", 100, 1000)


def update_custom_key_store(work: Work) -> dict[str, Any]:
    """The name, and of an external key store credential and path, change in a connected store too."""
    asked, here, store = work.parameters, _here(work), _named(work)
    changes = _settings(store.kind, asked)
    if not changes and "NewCustomKeyStoreName" not in asked:
        raise KMSError("ValidationException", "UpdateCustomKeyStore needs at least one property to change.")
    if store.connection == "CONNECTING" or (store.connection == "CONNECTED" and set(changes) - _ALSO_WHILE_CONNECTED):
        raise _wrong_state(store, "must be disconnected for this change")
    settings = store.settings | changes
    if changes.get("XksProxyConnectivity") == "PUBLIC_ENDPOINT":
        settings = {name: value for name, value in settings.items() if name not in _ENDPOINT_SERVICE or name in changes}
    _complete_endpoint_service(work, settings)
    others = [one for one in here.custom_stores.values() if one is not store]
    if "NewCustomKeyStoreName" in asked and asked["NewCustomKeyStoreName"] != store.name:
        _require_free_name(here, asked["NewCustomKeyStoreName"])
    _require_free_backing(others, settings)
    store.settings, store.name = settings, asked.get("NewCustomKeyStoreName", store.name)
    return {}


def delete_custom_key_store(work: Work) -> dict[str, Any]:
    """Only an empty one: keys that are pending deletion are still in it (botocore op:DeleteCustomKeyStore)."""
    here, store = _here(work), _named(work)
    if any(key.custom_store is store for key in here.keys.values()):
        raise KMSError("CustomKeyStoreHasCMKsException", f"Custom key store {store.id} contains KMS keys.")
    if store.connection != "DISCONNECTED":
        raise _wrong_state(store, "must be disconnected before it is deleted")
    del here.custom_stores[store.id]
    return {}


def store_for_new_key(work: Work) -> CustomStore | None:
    """The store that CreateKey names, None when it names none. Raises what CreateKey raises for it."""
    asked, here = work.parameters, _here(work)
    origin, store_id = asked.get("Origin", "AWS_KMS"), asked.get("CustomKeyStoreId")
    if (store_id is not None) != (origin in _SETTINGS):
        raise KMSError(
            "ValidationException",
            "A key in a custom key store needs CustomKeyStoreId and the Origin AWS_CLOUDHSM or EXTERNAL_KEY_STORE. "
            f"The Origin was {origin}.",
        )
    if ("XksKeyId" in asked) != (origin == "EXTERNAL_KEY_STORE"):
        raise KMSError("ValidationException", "XksKeyId goes with the Origin EXTERNAL_KEY_STORE, and with no other.")
    if store_id is None:
        return None
    spec = asked.get("KeySpec", asked.get("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"))
    if asked.get("MultiRegion") or spec != "SYMMETRIC_DEFAULT":
        raise KMSError(
            "UnsupportedOperationException",
            "A custom key store holds symmetric encryption keys of a single Region, and no others.",
        )
    store = _find(here, store_id)
    if store.kind != origin:
        raise KMSError("ValidationException", f"Custom key store {store.id} is of type {store.kind}, not {origin}.")
    if store.connection != "CONNECTED":
        raise _wrong_state(store, "must be connected")
    xks_key_id = asked.get("XksKeyId")
    if xks_key_id is not None and any(
        key.custom_store is store and key.xks_key_id == xks_key_id for key in here.keys.values()
    ):
        raise KMSError("XksKeyAlreadyInUseException", f"External key {xks_key_id} already belongs to another KMS key.")
    return store


def require_random_source(work: Work) -> None:
    """GenerateRandom in a custom key store: a connected CloudHSM key store (botocore shape GenerateRandomRequest)."""
    store = _named(work)
    if store.kind == "EXTERNAL_KEY_STORE":
        raise KMSError("UnsupportedOperationException", "GenerateRandom works in no external key store.")
    if store.connection != "CONNECTED":
        raise _wrong_state(store, "must be connected")


def _here(work: Work) -> KeyStore:
    return store_of(work.account, work.region, work.now)


def _named(work: Work) -> CustomStore:
    return _find(_here(work), work.parameters["CustomKeyStoreId"])


def _find(here: KeyStore, store_id: str) -> CustomStore:
    store = here.custom_stores.get(store_id)
    if store is None:
        raise _not_found(store_id)
    return store


def _not_found(name: str) -> KMSError:
    return KMSError("CustomKeyStoreNotFoundException", f"Custom key store {name} does not exist.")


def _wrong_state(store: CustomStore, why: str) -> KMSError:
    return KMSError(
        "CustomKeyStoreInvalidStateException", f"Custom key store {store.id} {why}; it is {store.connection}."
    )


def _settings(kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that describe the backing key store. Raises ValidationException for those of the other type."""
    foreign = [name for other, names in _SETTINGS.items() if other != kind for name in names if name in asked]
    if foreign:
        raise KMSError("ValidationException", f"A custom key store of type {kind} has no {', '.join(foreign)}.")
    return {name: asked[name] for name in _SETTINGS[kind] if name in asked}


def _complete_endpoint_service(work: Work, settings: dict[str, Any]) -> None:
    """The owner of a VPC endpoint service is the caller's account unless told (botocore)."""
    name, owner = _ENDPOINT_SERVICE
    if settings.get("XksProxyConnectivity") == "VPC_ENDPOINT_SERVICE":
        if name not in settings:
            raise KMSError("ValidationException", f"XksProxyConnectivity VPC_ENDPOINT_SERVICE needs {name}.")
        settings.setdefault(owner, work.account)
    elif name in settings or owner in settings:
        raise KMSError("ValidationException", f"{name} goes with XksProxyConnectivity VPC_ENDPOINT_SERVICE.")


def _require_free_name(here: KeyStore, name: str) -> None:
    if any(store.name == name for store in here.custom_stores.values()):
        raise KMSError("CustomKeyStoreNameInUseException", f"Another custom key store is named {name}.")


def _require_free_backing(others: Iterable[CustomStore], settings: Mapping[str, Any]) -> None:
    """One store for each cluster, each proxy address and each VPC endpoint service (botocore shape
    CreateCustomKeyStoreRequest, uniqueness requirements).
    """
    for other in others:
        if "CloudHsmClusterId" in settings:
            if other.settings.get("CloudHsmClusterId") == settings["CloudHsmClusterId"]:
                raise KMSError("CloudHsmClusterInUseException", f"Custom key store {other.id} has this cluster.")
        elif other.kind == "EXTERNAL_KEY_STORE":
            _require_another_proxy(other, settings)


def _require_another_proxy(other: CustomStore, settings: Mapping[str, Any]) -> None:
    theirs, service = other.settings, "XksProxyVpcEndpointServiceName"
    if theirs["XksProxyUriEndpoint"] == settings["XksProxyUriEndpoint"]:
        if theirs["XksProxyUriPath"] == settings["XksProxyUriPath"]:
            raise KMSError("XksProxyUriInUseException", f"Custom key store {other.id} has this proxy address.")
        if "VPC_ENDPOINT_SERVICE" in (theirs["XksProxyConnectivity"], settings["XksProxyConnectivity"]):
            raise KMSError("XksProxyUriEndpointInUseException", f"Custom key store {other.id} has this endpoint.")
    if service in settings and theirs.get(service) == settings[service]:
        raise KMSError("XksProxyVpcEndpointServiceInUseException", f"Custom key store {other.id} has this service.")
