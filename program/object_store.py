"""The object store of a trusted zone, where a workload of it has persistence."""

from components.hub.object_store import ObjectStore, ObjectStoreArgs
from config.roles import TrustedStack
from model.azure import naming
from program.place import Place
from program.stack import LoadedStack
from trust.inputs import Inputs


def declare(stack: LoadedStack[TrustedStack], place: Place, inputs: Inputs) -> ObjectStore | None:
    store = stack.config.object_store
    if store is None:
        return None
    azure = stack.config.required_azure
    return ObjectStore(
        "object-store",
        ObjectStoreArgs(
            resource_group=naming.store_resource_group(stack.name),
            location=azure.location,
            account=store.account,
            redundancy=store.redundancy,
            keep_days=store.keep_days,
            credentials_until=store.credentials_until,
            floors=inputs.floors,
            tags={**azure.tags, "coco-stack": stack.name},
            protect=place.protect,
        ),
        place.in_azure,
    )
