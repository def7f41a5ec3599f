"""What the faces show: frozen structs of words, numbers and links' ingredients; no markup, no bytes of Kubernetes but YAML.

Times are aware UTC. Every text that came from a cluster or the catalog is foreign: faces escape it. This package must hold
no logic; whoever shows or makes a view imports it.
"""

from callboard.portal.views.coming_in import NewToken, SessionLine, SessionsView, TokenLine, TokensView
from callboard.portal.views.crashes import CrashesView, CrashGroup, CrashLog
from callboard.portal.views.drawer import ConditionRow, Field, ObjectView, OwnerRow
from callboard.portal.views.help import Exhibit, ExhibitRow, HelpView
from callboard.portal.views.kubernetes import (
    ClusterPart,
    ContainerRow,
    EventRow,
    EventsPart,
    FreshnessRow,
    KubernetesView,
    MissingRow,
    ObjectKey,
    ObjectRow,
    PodRow,
    PodUsage,
    Section,
    WorkloadPart,
)
from callboard.portal.views.links import AccessStep, ClusterAccess, LinkTemplate, OutwardLinks
from callboard.portal.views.logs import LineSpan, LogNews, LogRow, LogSource, LogView
from callboard.portal.views.policies import AccessExplanation, PoliciesView, PolicyLine
from callboard.portal.views.reader import Portion, ReaderView
from callboard.portal.views.services import (
    Count,
    Facet,
    GroupCount,
    HealthTally,
    RelatedEntity,
    RelationGroup,
    ServiceHealth,
    ServiceRow,
    ServicesView,
    ServiceView,
)
from callboard.portal.views.setup import ClusterLine, ClustersView, ConfigurationView, RefusedLine
from callboard.portal.views.working import (
    JobProgress,
    RoutePath,
    ScalerMetric,
    ScalerState,
    ScheduleState,
    VersionChange,
)

__all__ = [
    "AccessExplanation",
    "AccessStep",
    "ClusterAccess",
    "ClusterLine",
    "ClusterPart",
    "ClustersView",
    "ConditionRow",
    "ConfigurationView",
    "ContainerRow",
    "Count",
    "CrashGroup",
    "CrashLog",
    "CrashesView",
    "EventRow",
    "EventsPart",
    "Exhibit",
    "ExhibitRow",
    "Facet",
    "Field",
    "FreshnessRow",
    "GroupCount",
    "HealthTally",
    "HelpView",
    "JobProgress",
    "KubernetesView",
    "LineSpan",
    "LinkTemplate",
    "LogNews",
    "LogRow",
    "LogSource",
    "LogView",
    "MissingRow",
    "NewToken",
    "ObjectKey",
    "ObjectRow",
    "ObjectView",
    "OutwardLinks",
    "OwnerRow",
    "PodRow",
    "PodUsage",
    "PoliciesView",
    "PolicyLine",
    "Portion",
    "ReaderView",
    "RefusedLine",
    "RelatedEntity",
    "RelationGroup",
    "RoutePath",
    "ScalerMetric",
    "ScalerState",
    "ScheduleState",
    "Section",
    "ServiceHealth",
    "ServiceRow",
    "ServiceView",
    "ServicesView",
    "SessionLine",
    "SessionsView",
    "TokenLine",
    "TokensView",
    "VersionChange",
    "WorkloadPart",
]
