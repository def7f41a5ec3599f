"""Who answers proves it by TLS, and so do we where a certificate is asked for."""

import os
from pathlib import Path

import pytest

from callboard.base.secret import Secret
from callboard.kube.connection.connection import Connections
from callboard.kube.reads.lists import outcome_of
from callboard.model.cluster import Cluster, Credential, CredentialKind, Trust
from callboard.model.outcome import Answer, FailureCode
from callboard.model.resource import KNOWN_TYPES
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.serving.certificates import Authority
from support.kube_client import LIMITS, QUESTION, ask, bearer, cluster_of

PODS = KNOWN_TYPES[0]


async def test_an_expired_certificate_is_told_as_such(stand_in: StandIn) -> None:
    stand_in.chaos.on("certificate-expired")
    failure = await ask(cluster_of(stand_in))
    assert (failure.code, "expired" in failure.message) == (FailureCode.TLS, True)


async def test_an_unknown_issuer_is_told_as_such(stand_in: StandIn) -> None:
    stand_in.chaos.on("certificate-foreign")
    failure = await ask(cluster_of(stand_in))
    assert (failure.code, "unknown issuer" in failure.message) == (FailureCode.TLS, True), failure


async def test_another_host_name_is_told_as_such(stand_in: StandIn) -> None:
    trust = Trust(ca_pem=stand_in.ca_pem, server_name="elsewhere.example.com")
    failure = await ask(Cluster(name="c", url=stand_in.url, trust=trust))
    assert (failure.code, "another host" in failure.message) == (FailureCode.TLS, True), failure


async def test_a_server_name_stands_in_for_the_address(stand_in: StandIn) -> None:
    trust = Trust(ca_pem=stand_in.ca_pem, server_name="localhost")
    async with Connections(lambda name: LIMITS, environment={}) as connections:
        outcome = await outcome_of(
            connections.to(
                Cluster(name="c", url=stand_in.url, trust=trust), bearer(stand_in.identities.admin)
            ),
            QUESTION,
        )
    assert outcome.answer is Answer.OBJECTS, outcome.failure


async def test_a_ca_file_is_read_again_when_it_changes(
    stand_in: StandIn, connections: Connections, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(Authority("another").pem)
    cluster = Cluster(name="c", url=stand_in.url, trust=Trust(ca_file=str(file)))
    connection = connections.to(cluster, bearer(stand_in.identities.admin))
    assert (await outcome_of(connection, QUESTION)).answer is Answer.BROKEN
    file.write_text(stand_in.ca_pem + "\n")
    assert (await outcome_of(connection, QUESTION)).answer is Answer.OBJECTS


@pytest.mark.parametrize("trust", [Trust(ca_pem="nonsense"), Trust(ca_file="/nowhere/ca.pem")])
async def test_a_ca_that_is_none_is_this_clusters_failure(trust: Trust, stand_in: StandIn) -> None:
    assert (await ask(Cluster(name="c", url=stand_in.url, trust=trust))).code is FailureCode.TLS


async def test_skip_verify_asks_whoever_answers(stand_in: StandIn, connections: Connections) -> None:
    cluster = Cluster(name="c", url=stand_in.url, trust=Trust(skip_verify=True))
    assert (
        await outcome_of(connections.to(cluster, bearer(stand_in.identities.admin)), QUESTION)
    ).answer is Answer.OBJECTS


async def test_a_client_certificate_is_who_we_are_and_leaves_no_file(
    stand_in: StandIn, connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    pair = stand_in.client_certificate("dana", "system:masters")
    credential = Credential(
        kind=CredentialKind.CERTIFICATE,
        identity="dana",
        certificate_pem=pair.certificate,
        key_pem=Secret(pair.key),
    )
    outcome = await outcome_of(connections.to(cluster_of(stand_in), credential), QUESTION)
    assert outcome.answer in (Answer.OBJECTS, Answer.FORBIDDEN), outcome.failure
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_a_broken_client_certificate_is_a_credential_failure(stand_in: StandIn) -> None:
    credential = Credential(
        kind=CredentialKind.CERTIFICATE,
        identity="d",
        certificate_pem="nonsense",
        key_pem=Secret("canary-key"),
    )
    failure = await ask(cluster_of(stand_in), credential)
    assert failure.code is FailureCode.CREDENTIAL
    assert "canary" not in repr(failure)


async def test_no_certificate_at_all(stand_in: StandIn) -> None:
    assert (await ask(Cluster(name="c", url=stand_in.url.replace("https", "http")))).code in (
        FailureCode.CONNECTION,
        FailureCode.NOT_JSON,
        FailureCode.UNEXPECTED_STATUS,
    )
