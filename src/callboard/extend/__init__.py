"""The public door for extensions, version 1. A plugin imports this package and nothing else of Callboard.

Everything a plugin needs is re-exported here: the protocols of the replaceable parts (`parts`), the hooks it may implement
(`hooks`), the tabs and cards of an entity's page (`pages`), the nouns of `model`, and the errors it may raise. Names in
`__all__` follow semantic versioning with `API_VERSION` (`version`, `deprecation`); everything else may change. It must never
import a room above it.
"""

from typing import TYPE_CHECKING

from callboard.base.clock import Clock
from callboard.base.errors import (
    BadInput,
    BadInputs,
    CallboardError,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Problem,
    Unavailable,
    UsageError,
)
from callboard.base.secret import Secret
from callboard.extend.asking import Ask, EntityPage, ExtensionLog, Observed, WayOut, WayOutAnswer
from callboard.extend.context import CardContext, ExtensionContext, RequestContext
from callboard.extend.deciding import AccessAnswer, AccessAnswers, AccessQuestion, DecisionEngine
from callboard.extend.deprecation import DEPRECATIONS
from callboard.extend.following import FollowedCluster, Following, FollowingProvider, Touched
from callboard.extend.hooks import hookimpl
from callboard.extend.pages import Card, Piece, Tab
from callboard.extend.parts import (
    AuthStrategy,
    Closes,
    ClusterSupplier,
    CustomResourceSupplier,
    EntityReader,
    Fetcher,
    Located,
    ObjectsProvider,
    Proxy,
    ProxyRequest,
    ProxyResponse,
    ServiceLocator,
    Starts,
    Supplied,
    TellingSupplier,
)
from callboard.extend.registration import (
    PartConfig,
    Parts,
    ProviderRegistration,
    Registration,
    wrapping,
    wrapping_provider,
)
from callboard.extend.routes import ExtensionPage, ExtensionRoute, RouteContext, RouteMethod
from callboard.extend.sign_in import (
    Confirms,
    Departure,
    LeavesProvider,
    ProvenPerson,
    RecognisesRequests,
    ReturnedBrowser,
    SignInWay,
)
from callboard.extend.version import API_VERSION
from callboard.model.caller import Caller, CallerKind, ProviderToken
from callboard.model.cluster import (
    AUTH_PROVIDER,
    Cluster,
    ClusterInfo,
    Credential,
    CredentialKind,
    Dashboard,
    Link,
    Trust,
)
from callboard.model.door import RequestFacts
from callboard.model.entity import Entity, EntityLink, EntityMeta, EntityRef, EntityStatusItem, Relation
from callboard.model.finding import (
    Arguments,
    Confidence,
    Consequence,
    Evidence,
    Finding,
    FindingPlace,
    FindingSubject,
    Impact,
    NextKind,
    NextStep,
    PrecedingChange,
    Since,
)
from callboard.model.objects import Body, Condition, Generic, KubeObject, ObjectMeta, OwnerReference
from callboard.model.objects.generic import GenericStatus
from callboard.model.outcome import (
    Answer,
    Failure,
    FailureCode,
    Freshness,
    Malformed,
    Outcome,
    Purpose,
    Question,
)
from callboard.model.permission import Action
from callboard.model.resource import CustomResource, ResourceType
from callboard.model.selection import Selection
from callboard.model.selector import LabelSelector, Operator, Requirement
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.model.verdict import ClusterVerdict, Health, ObjectHealth, Verdict

__version__ = API_VERSION

__all__ = [
    "API_VERSION",
    "AUTH_PROVIDER",
    "AccessAnswer",
    "AccessAnswers",
    "AccessQuestion",
    "Action",
    "Answer",
    "Arguments",
    "Ask",
    "AuthStrategy",
    "BadInput",
    "BadInputs",
    "Body",
    "CallboardError",
    "Caller",
    "CallerKind",
    "Card",
    "CardContext",
    "Clock",
    "Closes",
    "Cluster",
    "ClusterInfo",
    "ClusterSnapshot",
    "ClusterState",
    "ClusterSupplier",
    "ClusterVerdict",
    "Condition",
    "Confidence",
    "Confirms",
    "Conflict",
    "Consequence",
    "Credential",
    "CredentialKind",
    "CustomResource",
    "CustomResourceSupplier",
    "Dashboard",
    "DecisionEngine",
    "Departure",
    "Entity",
    "EntityLink",
    "EntityMeta",
    "EntityPage",
    "EntityReader",
    "EntityRef",
    "EntityStatusItem",
    "Evidence",
    "ExtensionContext",
    "ExtensionLog",
    "ExtensionPage",
    "ExtensionRoute",
    "Failure",
    "FailureCode",
    "Fetcher",
    "Finding",
    "FindingPlace",
    "FindingSubject",
    "FollowedCluster",
    "Following",
    "FollowingProvider",
    "Freshness",
    "Generic",
    "GenericStatus",
    "Health",
    "Impact",
    "KubeObject",
    "LabelSelector",
    "LeavesProvider",
    "Link",
    "Located",
    "Malformed",
    "NextKind",
    "NextStep",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "Notice",
    "ObjectHealth",
    "ObjectMeta",
    "ObjectsProvider",
    "Observed",
    "Operator",
    "Outcome",
    "OwnerReference",
    "PartConfig",
    "Parts",
    "Piece",
    "PrecedingChange",
    "Problem",
    "ProvenPerson",
    "ProviderRegistration",
    "ProviderToken",
    "Proxy",
    "ProxyRequest",
    "ProxyResponse",
    "Purpose",
    "Question",
    "RecognisesRequests",
    "Registration",
    "Relation",
    "RequestContext",
    "RequestFacts",
    "Requirement",
    "ResourceType",
    "ReturnedBrowser",
    "RouteContext",
    "RouteMethod",
    "Secret",
    "Selection",
    "ServiceLocator",
    "ServiceSnapshot",
    "SignInWay",
    "Since",
    "Starts",
    "Supplied",
    "Tab",
    "TellingSupplier",
    "Touched",
    "Trust",
    "Unavailable",
    "UsageError",
    "Verdict",
    "WayOut",
    "WayOutAnswer",
    "__version__",
    "hookimpl",
    "wrapping",
    "wrapping_provider",
]

if not TYPE_CHECKING:  # a type checker shall know every name

    def __getattr__(name: str) -> object:
        """Names that are going to go, for who still uses them."""
        return DEPRECATIONS.value_of(name)
