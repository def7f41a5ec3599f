"""The public door for extensions, version 1. A plugin imports this package and nothing else of Callboard.

Everything a plugin needs is re-exported here: the protocols of the replaceable parts (`parts`), the hooks it may implement
(`hooks`), the tabs and cards of an entity's page (`pages`), the nouns of `model`, and the errors it may raise. Names in
`__all__` follow semantic versioning with `API_VERSION`; everything else may change. It must never import a room above it.
"""

from callboard.base.errors import (
    BadInput,
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
from callboard.extend.registration import PartConfig, Parts, ProviderRegistration, Registration
from callboard.extend.routes import ExtensionPage, ExtensionRoute, RouteContext
from callboard.extend.sign_in import (
    Confirms,
    Departure,
    LeavesProvider,
    ProvenPerson,
    RecognisesRequests,
    ReturnedBrowser,
    SignInWay,
)
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
from callboard.model.entity import Entity, EntityLink, EntityMeta, EntityRef, Relation
from callboard.model.objects import Condition, Generic, KubeObject, ObjectMeta, OwnerReference
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
from callboard.model.selector import LabelSelector
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.model.verdict import ClusterVerdict, Health, ObjectHealth, Verdict

API_VERSION = "1.1"

__all__ = [
    "API_VERSION",
    "AUTH_PROVIDER",
    "Action",
    "Answer",
    "Ask",
    "AuthStrategy",
    "BadInput",
    "CallboardError",
    "Caller",
    "CallerKind",
    "Card",
    "CardContext",
    "Closes",
    "Cluster",
    "ClusterInfo",
    "ClusterSnapshot",
    "ClusterState",
    "ClusterSupplier",
    "ClusterVerdict",
    "Condition",
    "Confirms",
    "Conflict",
    "Credential",
    "CredentialKind",
    "CustomResource",
    "CustomResourceSupplier",
    "Dashboard",
    "Departure",
    "Entity",
    "EntityLink",
    "EntityMeta",
    "EntityPage",
    "EntityReader",
    "EntityRef",
    "ExtensionContext",
    "ExtensionLog",
    "ExtensionPage",
    "ExtensionRoute",
    "Failure",
    "FailureCode",
    "Fetcher",
    "FollowedCluster",
    "Following",
    "FollowingProvider",
    "Freshness",
    "Generic",
    "Health",
    "KubeObject",
    "LabelSelector",
    "LeavesProvider",
    "Link",
    "Located",
    "Malformed",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "Notice",
    "ObjectHealth",
    "ObjectMeta",
    "ObjectsProvider",
    "Observed",
    "Outcome",
    "OwnerReference",
    "PartConfig",
    "Parts",
    "Piece",
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
    "ResourceType",
    "ReturnedBrowser",
    "RouteContext",
    "Secret",
    "Selection",
    "ServiceLocator",
    "ServiceSnapshot",
    "SignInWay",
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
    "hookimpl",
]
