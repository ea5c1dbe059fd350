"""The provider protocol as `pulumi` speaks it, over gRPC, without `pulumi`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.azure import AzureStandIn
from sandbox.engine.values import SecretValue, from_struct, to_struct
from sandbox.official.servicer import Servicer
from sandbox.openshift.clusters import StoreClusters
from sandbox.provider import UNKNOWN, Provider
from sandbox.random_ import RandomStandIn

GROUP, PASSWORD = "azure-native:resources:ResourceGroup", "random:index/randomPassword:RandomPassword"
INPUTS = {"resourceGroupName": "coco-dev-hub", "location": "eastus2"}


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Any]:
    yield from serving(AzureStandIn(tmp_path / "azure.json", StoreClusters(tmp_path)))


@pytest.fixture
def random() -> Iterator[Any]:
    yield from serving(RandomStandIn())


def serving(provider: Provider) -> Iterator[Any]:
    server = grpc.server(ThreadPoolExecutor(2))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(provider, "1.2.3"), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None)


def urn(type_: str, name: str = "group") -> str:
    return f"urn:pulumi:dev-hub::coco::coco:network:Network${type_}::{name}"


def create(stub: Any, inputs: dict[str, Any], *, preview: bool = False, type_: str = GROUP) -> Any:
    request = provider_pb2.CreateRequest(urn=urn(type_), properties=to_struct(inputs), preview=preview)
    return stub.Create(request)


def test_a_failed_check_names_the_property(azure: Any) -> None:
    news = to_struct({**INPUTS, "location": "atlantis", "colour": "red"})
    failures = azure.Check(provider_pb2.CheckRequest(urn=urn(GROUP), news=news)).failures
    assert "colour" in {failure.property for failure in failures}


def test_what_the_stand_in_refuses_is_the_error_in_its_own_words(azure: Any) -> None:
    subnet = {
        "resourceGroupName": "none",
        "virtualNetworkName": "v",
        "subnetName": "s",
        "addressPrefix": "10.0.0.0/24",
    }
    with pytest.raises(grpc.RpcError) as refused:
        create(azure, subnet, type_="azure-native:network:Subnet")
    assert refused.value.details() == "ResourceGroupNotFound: Resource group 'none' could not be found."


def test_a_preview_creates_nothing_and_takes_unknowns(azure: Any) -> None:
    previewed = create(azure, {**INPUTS, "tags": {"egress": UNKNOWN}}, preview=True)
    assert previewed.id == ""
    assert from_struct(previewed.properties)["tags"] == {"egress": UNKNOWN}
    read = provider_pb2.ReadRequest(urn=urn(GROUP), id="/subscriptions/x/resourceGroups/coco-dev-hub")
    assert azure.Read(read).id == ""


def test_an_import_reads_the_inputs_and_a_refresh_the_drift(azure: Any) -> None:
    created = create(azure, INPUTS)
    imported = azure.Read(provider_pb2.ReadRequest(urn=urn(GROUP), id=created.id))
    assert imported.id == created.id
    assert from_struct(imported.inputs).items() >= INPUTS.items()


def test_a_difference_says_of_what_kind_it_is(azure: Any) -> None:
    created = create(azure, INPUTS)
    request = provider_pb2.DiffRequest(
        id=created.id,
        urn=urn(GROUP),
        olds=created.properties,
        old_inputs=to_struct(INPUTS),
        news=to_struct({**INPUTS, "location": "westus3", "tags": {"environment": "dev"}}),
    )
    diff = azure.Diff(request)
    kinds = {path: provider_pb2.PropertyDiff.Kind.Name(each.kind) for path, each in diff.detailedDiff.items()}
    assert kinds["location"] == "UPDATE_REPLACE"
    assert set(kinds) - {"location"}
    assert all(kind == "ADD" for path, kind in kinds.items() if path != "location")
    assert list(diff.replaces) == ["location"]
    request.news.CopyFrom(request.old_inputs)
    assert azure.Diff(request).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_what_is_secret_by_nature_or_by_its_input_comes_back_secret(random: Any, azure: Any) -> None:
    drawn = from_struct(create(random, {"length": 20}, type_=PASSWORD).properties)
    assert isinstance(drawn["result"], SecretValue)
    assert not isinstance(drawn["length"], SecretValue)
    tagged = from_struct(create(azure, {**INPUTS, "tags": SecretValue({"environment": "dev"})}).properties)
    assert isinstance(tagged["tags"], SecretValue)


def test_a_refresh_keeps_what_the_provider_cannot_look_up(random: Any) -> None:
    created = create(random, {"length": 20}, type_=PASSWORD)
    request = provider_pb2.ReadRequest(
        urn=urn(PASSWORD), id=created.id, properties=created.properties, inputs=to_struct({"length": 20})
    )
    assert random.Read(request).properties == created.properties
