"""The codes of notices: what a person must know about how an answer came to be."""

from enum import StrEnum

__all__ = ["COUNTS_HIDDEN", "GAPS", "NoticeCode"]


class NoticeCode(StrEnum):
    """Those Callboard gives. An extension's notices may have codes of its own."""

    AMBIGUOUS_CLUSTER = "ambiguous-cluster"
    BAD_NAMESPACE = "bad-namespace"
    CLUSTER_CREDENTIAL = "cluster-credential"
    """A cluster is there, and how to sign in to it is not."""
    CLUSTER_OVERRIDE_UNUSED = "cluster-override-unused"
    CLUSTER_SCOPED = "cluster-scoped"
    """Belongs to no namespace, and was not asked for because the entity names namespaces."""
    CLUSTER_SUPPLIER_FAILED = "cluster-supplier-failed"
    """A source of clusters gives none, or those it gave last."""
    CLUSTER_SUPPLIER_LEFT_OUT = "cluster-supplier-left-out"
    """The same where `kubernetes.clusterLocatorContinueOnError` is set."""
    CLUSTER_SUPPLIER_UNSUPPORTED = "cluster-supplier-unsupported"
    CLUSTER_UNUSABLE = "cluster-unusable"
    """A cluster is configured in a way that it cannot be asked."""
    CUSTOM_RESOURCES_UNKNOWN = "custom-resources-unknown"
    """Which custom resources belong to the service could not be found out."""
    DUPLICATE_CLUSTER = "duplicate-cluster"
    EXTENSION_PROBLEM = "extension-problem"
    """An extension, or something it offers, is left out."""
    KUBECONFIG_CONTEXT_UNUSABLE = "kubeconfig-context-unusable"
    KUBECONFIG_REFUSED = "kubeconfig-refused"
    """A kubeconfig changed and cannot be used: its clusters are those of before."""
    LATE = "late"
    """A cluster is past its soft deadline: a page no longer waits for it."""
    NOT_IN_INPUT = "not-in-input"
    """Something that decides is in none of the files that were given."""
    NOT_SERVED = "not-served"
    """A configured type that the cluster does not have."""
    NO_CLUSTER_RELATED = "no-cluster-related"
    NO_CLUSTERS = "no-clusters"
    NO_CONTEXTS = "no-contexts"
    NO_USER = "no-user"
    """What somebody whom clusters do not know can do about it."""
    REFERENCES_BOUNDED = "references-bounded"
    SERVICE_LOCATOR_FAILED = "service-locator-failed"
    """On which clusters a service may run could not be found out, or not wholly."""
    UNKNOWN_CLUSTER = "unknown-cluster"
    UNKNOWN_CONTEXT = "unknown-context"


GAPS: frozenset[str] = frozenset(
    {
        NoticeCode.AMBIGUOUS_CLUSTER,
        NoticeCode.BAD_NAMESPACE,
        NoticeCode.CLUSTER_SUPPLIER_FAILED,
        NoticeCode.CLUSTER_SUPPLIER_LEFT_OUT,
        NoticeCode.CLUSTER_SUPPLIER_UNSUPPORTED,
        NoticeCode.CLUSTER_UNUSABLE,
        NoticeCode.CUSTOM_RESOURCES_UNKNOWN,
        NoticeCode.DUPLICATE_CLUSTER,
        NoticeCode.KUBECONFIG_REFUSED,
        NoticeCode.NO_CLUSTER_RELATED,
        NoticeCode.SERVICE_LOCATOR_FAILED,
        NoticeCode.UNKNOWN_CLUSTER,
        NoticeCode.UNKNOWN_CONTEXT,
    }
)
"""Those that say: something that the service may consist of, or run on, was not asked. What exists there is not known, so the
service is not called healthy."""
COUNTS_HIDDEN: frozenset[str] = frozenset({NoticeCode.REFERENCES_BOUNDED})
"""Those that count what may be hidden from a caller."""
