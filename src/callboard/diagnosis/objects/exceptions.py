"""What a few kinds mean otherwise than the generic rules read it: their exceptions, as data, each with its reason."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.objects.vocabulary import Polarity

__all__ = ["EXCEPTIONS", "KindException", "exception_for"]


class KindException(msgspec.Struct, frozen=True, kw_only=True):
    """What is read otherwise of the kinds it names.

    `kinds` are `plural.group`, and `*` before a group stands for every kind of it and of the groups below it. `words` give a
    word, reason or state its meaning here, `types` a condition's type; `ignored` types say nothing of health. `needs` is a
    condition without which the object is not there yet, `decides` the one field whose word counts when it is there, `errors`
    are conditions that count beside it, which are there only while they hold.
    `silent` kinds never report a status: of them nothing is to be expected.
    """

    kinds: tuple[str, ...]
    why: str
    words: Mapping[str, State] = {}
    types: Mapping[str, Polarity] = {}
    ignored: frozenset[str] = frozenset()
    needs: str = ""
    decides: str = ""
    errors: frozenset[str] = frozenset()
    silent: bool = False


_WELL, _HELD, _MOVES, _FAILED = State.WELL, State.HELD, State.PROGRESSING, State.FAILED

EXCEPTIONS: Final = (
    KindException(
        kinds=("*solo.io",),
        why="older versions write a status as its number in their protocol",
        words={"0": _MOVES, "1": _WELL, "2": _FAILED, "3": _FAILED},
    ),
    KindException(
        kinds=("applications.argoproj.io",),
        why="out of sync is no health of what runs, Argo CD tells that apart; where it cannot compare or sync, nothing new comes",
        decides="health.status",
        errors=frozenset({"ComparisonError", "InvalidSpecError", "SyncError", "DeletionError", "UnknownError"}),
        words={"Missing": _FAILED},
    ),
    KindException(
        kinds=(
            "workflows.argoproj.io", "analysisruns.argoproj.io", "experiments.argoproj.io", "broadcastjobs.apps.kruise.io",
            "taskruns.tekton.dev", "pipelineruns.tekton.dev", "backups.*", "restores.*",
        ),
        why="what runs to an end is on its way while it runs",
        words={"Running": _MOVES, "running": _MOVES, "Inconclusive": _FAILED},
    ),
    KindException(
        kinds=("workloads.kueue.x-k8s.io", "podgroups.scheduling.volcano.sh"),
        why="what a queue has not let in yet waits for room, whatever it says is short; what it took back is queued again",
        words={"Pending": _MOVES},
        types={"Evicted": Polarity(_MOVES), "Unschedulable": Polarity(_MOVES)},
        ignored=frozenset({"Preempted", "Requeued"}),
    ),
    KindException(
        kinds=("scheduledsparkapplications.sparkoperator.k8s.io",),
        why="a schedule that is kept is all there is to it",
        words={"Scheduled": _WELL},
    ),
    KindException(
        kinds=("applications.core.oam.dev",),
        why="a workflow that is suspending waits for a person",
        words={"workflowSuspending": _HELD},
    ),
    KindException(
        kinds=("certificates.cert-manager.io", "certificates.certmanager.k8s.io"),
        why="a certificate's secret that does not exist yet is about to be issued",
        words={"DoesNotExist": _MOVES, "MissingData": _MOVES, "InProgress": _MOVES},
    ),
    KindException(
        kinds=("*keda.sh",),
        why="not active is scaled down for want of work",
        ignored=frozenset({"Active"}),
    ),
    KindException(
        kinds=("*monitoring.coreos.com",),
        why="Available is Degraded while some pods are not ready, and False where none is",
        words={"Degraded": _MOVES, "SomePodsNotReady": _MOVES, "NoPodReady": _FAILED},
    ),
    KindException(
        kinds=("nodeclaims.karpenter.sh", "machines.karpenter.sh"),
        why="Launched and Registered are steps on the way to Ready; drifted or empty nodes are replaced in time",
        needs="Ready",
        ignored=frozenset({"Consolidatable", "Drifted", "Empty", "Expired"}),
    ),
    KindException(
        kinds=("*services.k8s.aws",),
        why="a resource that says nothing of its sync has not been made yet",
        needs="ACK.ResourceSynced",
    ),
    KindException(
        kinds=("clusterserviceversions.operators.coreos.com",),
        why="InstallReady is before the installation",
        words={"InstallReady": _MOVES, "Replacing": _MOVES},
    ),
    KindException(
        kinds=("subscriptions.operators.coreos.com",),
        why="an upgrade that waits for its approval takes nothing away; a plan that is gone was carried out",
        words={"UpgradePending": _WELL, "ReferencedInstallPlanNotFound": _WELL},
        ignored=frozenset({"InstallPlanMissing"}),
    ),
    KindException(
        kinds=("customresourcedefinitions.apiextensions.k8s.io",),
        why="names that another definition has are not given away later; Installing is said before",
        words={"Installing": _MOVES, "NotAccepted": _FAILED},
        types={"NonStructuralSchema": Polarity(_FAILED)},
    ),
    KindException(
        kinds=("volumes.longhorn.io",),
        why="a volume that is detached is one that nobody uses",
        decides="robustness",
        words={"unknown": _HELD, "faulted": _FAILED},
    ),
    KindException(
        kinds=("gateways.gateway.networking.k8s.io",),
        why="listeners say Conflicted and OverlappingTLSConfig of what is wrong with them",
        types={"Conflicted": Polarity(_FAILED), "OverlappingTLSConfig": Polarity(_FAILED)},
    ),
    KindException(
        kinds=("commitstatuses.promoter.argoproj.io",),
        why="its phase is what it reports of a commit, not of itself",
        decides="-",
    ),
    KindException(
        kinds=(
            "providerconfigs.*", "compositions.apiextensions.crossplane.io", "compositionrevisions.apiextensions.crossplane.io",
            "environmentconfigs.apiextensions.crossplane.io", "referencegrants.gateway.networking.k8s.io",
            "servicemonitors.monitoring.coreos.com", "podmonitors.monitoring.coreos.com",
            "prometheusrules.monitoring.coreos.com", "middlewares.traefik.io", "ingressroutes.traefik.io",
            "ingressroutetcps.traefik.io", "tlsoptions.traefik.io", "virtualservices.networking.istio.io",
            "destinationrules.networking.istio.io", "gateways.networking.istio.io", "sidecars.networking.istio.io",
            "envoyfilters.networking.istio.io", "serviceentries.networking.istio.io",
            "peerauthentications.security.istio.io", "authorizationpolicies.security.istio.io", "cronworkflows.argoproj.io",
            "workflowtemplates.argoproj.io", "clusterworkflowtemplates.argoproj.io", "analysistemplates.argoproj.io",
            "appprojects.argoproj.io", "tasks.tekton.dev", "pipelines.tekton.dev",
        ),
        why="read by others and judged by nobody: no controller writes a status",
        silent=True,
    ),
)  # fmt: skip

_NONE: Final = KindException(kinds=(), why="")


def _names(kinds: tuple[str, ...], plural: str, group: str) -> bool:
    for each in kinds:
        if each.startswith("*"):
            if group == each[1:] or group.endswith(f".{each[1:]}"):
                return True
        elif each == f"{plural}.{group}" or (each.endswith(".*") and each[:-2] == plural):
            return True
    return False


@lru_cache(1024)
def exception_for(group: str, plural: str) -> KindException:
    """What is read otherwise of a kind; an empty one of nearly all."""
    return next((each for each in EXCEPTIONS if _names(each.kinds, plural, group)), _NONE)
