"""As whom a cluster is asked: renewals are noticed, identities stay, tokens show nowhere."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.errors import BadInput, CallboardError, Unavailable
from callboard.base.secret import Secret
from callboard.extend import AUTH_PROVIDER, Cluster, CredentialKind
from callboard.fleet.auth.dispatch import DispatchingStrategy
from callboard.fleet.auth.local_kubectl_proxy import LocalKubectlProxyStrategy
from callboard.fleet.auth.service_account import ServiceAccountStrategy, holder_of
from callboard.fleet.pod_identity import PodIdentity
from support.fake_fleet import CALLER, TestStrategy, cluster

NO_POD = PodIdentity(Path("/nowhere"), {})


def of(provider: str, **metadata: str | Secret) -> Cluster:
    return cluster("eu-1", auth_metadata={AUTH_PROVIDER: provider, **metadata})


def token(subject: object, *, serial: int = 0) -> Secret:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return Secret(f"{part({'alg': 'RS256'})}.{part({'sub': subject, 'jti': serial})}.c2lnbmF0dXJl")


async def test_the_configured_token_wins_over_the_pods(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("pod")
    strategy = ServiceAccountStrategy(PodIdentity(tmp_path, {}))
    credential = await strategy.credential(of("serviceAccount", serviceAccountToken=Secret("own")), CALLER)
    assert (credential.kind, credential.token) == (CredentialKind.BEARER, Secret("own"))
    assert credential.identity == "serviceAccount at eu-1"
    assert not credential.own


async def test_a_rotated_pod_token_is_read_again_under_the_same_identity(tmp_path: Path) -> None:
    strategy = ServiceAccountStrategy(PodIdentity(tmp_path, {}))
    seen = []
    for serial in (1, 2):
        (tmp_path / "token").write_text(token("system:serviceaccount:shop:callboard", serial=serial).reveal())
        seen.append(await strategy.credential(of("serviceAccount"), CALLER))
    assert seen[0].token != seen[1].token
    assert {c.identity for c in seen} == {"serviceAccount shop/callboard at eu-1"}


async def test_another_service_account_is_another_identity() -> None:
    strategy = ServiceAccountStrategy(NO_POD)
    identities = [
        (await strategy.credential(of("serviceAccount", serviceAccountToken=token(s)), CALLER)).identity
        for s in ("system:serviceaccount:a:x", "system:serviceaccount:b:x")
    ]
    assert len(set(identities)) == 2


@given(st.one_of(st.text(max_size=60), st.text(max_size=60).map(lambda s: token(s).reveal())))
def test_an_identity_never_holds_what_a_token_says_beyond_a_service_accounts_name(text: str) -> None:
    assert holder_of(Secret(text)) == "serviceAccount"


@pytest.mark.parametrize(
    "subject", ["system:serviceaccount:a:<b>", "system:serviceaccount:a", 7, None, ["x"]]
)
def test_odd_subjects_are_no_names(subject: object) -> None:
    assert holder_of(token(subject)) == "serviceAccount"


async def test_no_token_anywhere_is_told_before_and_when_asking() -> None:
    strategy = ServiceAccountStrategy(NO_POD)
    with pytest.raises(Unavailable, match="no serviceAccountToken"):
        await strategy.credential(of("serviceAccount"), CALLER)
    (problem,) = strategy.problems(of("serviceAccount"))
    assert problem.where == "test, cluster eu-1"
    assert strategy.problems(of("serviceAccount", serviceAccountToken=Secret("t"))) == ()


async def test_kubectl_proxy_sends_nothing_and_only_to_this_machine() -> None:
    strategy = LocalKubectlProxyStrategy()
    credential = await strategy.credential(of("localKubectlProxy"), CALLER)
    assert (credential.kind, credential.token) == (CredentialKind.ANONYMOUS, Secret(""))
    assert strategy.problems(cluster("local", url="http://127.0.0.1:8001")) == ()
    assert len(strategy.problems(cluster("far", url="http://10.0.0.1:8001"))) == 1


async def test_an_unknown_provider_names_the_known_ones_and_the_nearest() -> None:
    strategy = DispatchingStrategy({"serviceAccount": ServiceAccountStrategy(NO_POD), "aws": TestStrategy()})
    with pytest.raises(BadInput) as raised:
        await strategy.credential(of("serviceaccount"), CALLER)
    for part in (
        "'serviceaccount'",
        "one of aws, serviceAccount",
        "did you mean serviceAccount?",
        "cluster eu-1",
    ):
        assert part in raised.value.message
    assert len(strategy.problems(of(""))) == 1


async def test_dispatching_goes_by_the_clusters_provider() -> None:
    strategy = DispatchingStrategy({"serviceAccount": ServiceAccountStrategy(NO_POD), "test": TestStrategy()})
    assert (await strategy.credential(of("test"), CALLER)).identity == "test at eu-1"
    with pytest.raises(CallboardError):
        await strategy.credential(of("serviceAccount"), CALLER)
