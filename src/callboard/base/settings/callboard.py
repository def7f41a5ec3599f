"""The `callboard` section: what Backstage has no key for."""

from typing import Annotated, Literal

import msgspec

from callboard.base.secret import Secret
from callboard.base.settings.beside import ServiceBesideSettings
from callboard.base.settings.diagnosis import DiagnosisSettings
from callboard.base.settings.forms import Opaque, Seconds, SettingsStruct
from callboard.base.settings.links import ConnectSettings, LinksSettings
from callboard.base.settings.sign_in import CallboardAuthSettings

__all__ = [
    "AccessSettings",
    "AuditSettings",
    "BreakerSettings",
    "CallboardSettings",
    "CatalogReadingSettings",
    "CheckpointSettings",
    "ClusterLimits",
    "ClusterOverride",
    "ClustersSettings",
    "DatabaseLimits",
    "ExtensionsSettings",
    "HubSettings",
    "KubeconfigSettings",
    "LoggingSettings",
    "OutboundSettings",
    "PartsSettings",
    "PoliciesSettings",
    "RouteSettings",
    "UserSettings",
    "WebLimits",
    "WebSettings",
]

Positive = Annotated[int, msgspec.Meta(ge=1)]
Span = Annotated[Seconds, msgspec.Meta(gt=0)]

MIB = 1024 * 1024
GIB = 1024 * MIB


class BreakerSettings(SettingsStruct, frozen=True, kw_only=True):
    """When to stop asking a cluster that does not answer, and when to try again."""

    failures: Positive = 5
    """Failures in a row (no answer, refused, 5xx; never 401, 403, 404) before the cluster is left alone. Default: one
    page's first requests may fail together without shutting a cluster out for long."""

    open_for: Span = 5.0
    """Seconds it is left alone the first time, with jitter; doubled on every failed trial. Default: shorter than a
    person's patience with a reload."""

    max_open_for: Span = 60.0
    """The longest it is left alone, in seconds. Default: a cluster that is back is seen within a minute."""


class ClusterLimits(SettingsStruct, frozen=True, kw_only=True):
    """What one cluster may cost, in time, connections and memory."""

    soft_deadline: Span = 3.0
    """Seconds after which a page stops waiting for this cluster and shows it as late; its answer still arrives later.
    Default: a healthy list takes well below one second, and people lose the thread after a few."""

    hard_deadline: Span = 15.0
    """Seconds after which the question itself is given up. Default: a large list over a slow line takes up to ten."""

    connect_deadline: Span = 5.0
    """Seconds for name, TCP and TLS together. Default: one lost SYN is retried after 1 s, a second after 3 s."""

    idle_deadline: Span = 10.0
    """Seconds without one byte within an answer. Default: well above any pause a healthy API server makes."""

    connections: Positive = 8
    """Connections kept for requests (streams come on top): at most four of them until answers are seen to take long; one that
    nobody uses for a minute is closed. Default: the seven types that decide how a service is are asked side by side, so that
    a page tells it after one round trip, and all of it after two; few enough that a thousand viewers do not disturb an API
    server."""

    max_body_bytes: Positive = 64 * MIB
    """The largest answer read, decompressed. Default: about 7,000 pods of 9 KB, in one page of a list."""

    max_log_bytes: Positive = 1 * MIB
    """The most of one container log that is shown at once. Default: some 10,000 lines, more than is read."""

    max_nesting: Positive = 64
    """The deepest JSON accepted. Default: three times the depth of a pod."""

    breaker: BreakerSettings = BreakerSettings()
    """When to leave the cluster alone."""


class HubSettings(SettingsStruct, frozen=True, kw_only=True):
    """What listening to one cluster may cost, where `parts.objectsProvider` is `hub`, as it is where Callboard serves."""

    scope: Literal["cluster", "namespace", "entity"] = "cluster"
    """What one stream holds: everything of a type in the `cluster`, in one `namespace`, or what one `entity` selects (asked
    at an interval, unless `watchEntities`). Where a wider scope is refused, a narrower one is taken. Default: one list of a
    type serves every service; choose `namespace` where clusters are large and few of their namespaces are looked at."""

    watch_entities: bool = False
    """Whether what one entity selects is watched as well. Default: off, because services times types would be many watches;
    it is asked for again at `pollInterval`."""

    streams: Positive = 200
    """Watches open at once; further types are polled, the least important first. Default: API servers hold many thousands,
    and a watch over TLS costs us about 80 KB."""

    requests_per_second: Annotated[float, msgspec.Meta(gt=0)] = 50.0
    """Lists and watches started per second, with a burst of as many. Default: kubectl's own."""

    lists: Positive = 4
    """Lists on their way at once. Default: half the connections a cluster gets, which leaves the others to whoever looks; an API
    server spends about five times a list's size in memory on it."""

    poll_interval: Span = 15.0
    """Seconds between two lists of what is polled, with jitter. Default: somewhat above Backstage's 10 s, and once for
    everyone who looks."""

    keep: Span = 300.0
    """Seconds a stream goes on after the last who looked. Default: people come back to a service within minutes, and a
    watch costs less than the list that begins it."""


Visibility = Literal["portal", "cluster"]


class ClusterOverride(SettingsStruct, frozen=True, kw_only=True):
    """What is different about one cluster. A limit left out is the common one."""

    labels: dict[str, str] = msgspec.field(default_factory=dict)
    """Region, environment and the like, shown with the cluster, e.g. `{region: eu-west-1, environment: production}`."""

    links: dict[str, str] = msgspec.field(default_factory=dict)
    """Links shown with the cluster: title to http(s) address."""

    soft_deadline: Span | None = None
    """As in the common limits."""

    hard_deadline: Span | None = None
    """As in the common limits."""

    connect_deadline: Span | None = None
    """As in the common limits."""

    idle_deadline: Span | None = None
    """As in the common limits."""

    connections: Positive | None = None
    """As in the common limits."""

    max_body_bytes: Positive | None = None
    """As in the common limits."""

    max_log_bytes: Positive | None = None
    """As in the common limits."""

    max_nesting: Positive | None = None
    """As in the common limits."""

    breaker: BreakerSettings | None = None
    """As in the common limits; given whole."""

    hub: HubSettings | None = None
    """As in the common `hub`; given whole."""

    visibility: Visibility | None = None
    """As in the common `visibility`."""


class ClustersSettings(SettingsStruct, frozen=True, kw_only=True):
    """Limits for every cluster, and what is different about some."""

    limits: ClusterLimits = ClusterLimits()
    """The limits of every cluster not named below."""

    concurrent: Positive = 64
    """How many clusters are asked at the same time, over all pages; one that is past its soft deadline no longer counts.
    Default: a fleet of that size answers a page in one go, and its answers together stay well below a gigabyte."""

    hub: HubSettings = HubSettings()
    """What listening may cost, for every cluster not named below."""

    visibility: Visibility = "portal"
    """Who decides what a caller may see of a cluster. `portal`: whoever may read the entity sees what our credential sees, as
    in Backstage. `cluster`: the cluster's own authorizer, asked by SubjectAccessReviews for the caller's user and groups;
    what it denies, or does not answer, is not shown. Our credential then needs `create` on `subjectaccessreviews`. Default:
    `portal`, which asks nothing further of a cluster."""

    by_name: dict[str, ClusterOverride] = msgspec.field(default_factory=dict)
    """Exceptions, by cluster name. A name that no supplier brings is a warning when the fleet is wired."""

    def limits_of(self, name: str) -> ClusterLimits:
        """The limits of the cluster called `name`: the common ones with its own on top."""
        override = self.by_name.get(name)
        if override is None:
            return self.limits
        changes = {f: v for f in ClusterLimits.__struct_fields__ if (v := getattr(override, f)) is not None}
        return msgspec.structs.replace(self.limits, **changes)

    def hub_of(self, name: str) -> HubSettings:
        """What listening to the cluster called `name` may cost."""
        override = self.by_name.get(name)
        return self.hub if override is None or override.hub is None else override.hub

    def visibility_of(self, name: str) -> Visibility:
        """Who decides what may be seen of the cluster called `name`."""
        override = self.by_name.get(name)
        return self.visibility if override is None or override.visibility is None else override.visibility


class UserSettings(SettingsStruct, frozen=True, kw_only=True):
    """As whom the clusters know somebody."""

    user: Annotated[str, msgspec.Meta(min_length=1)]
    """The user's name as in role bindings, with whatever prefix the API server puts before it, e.g. `oidc:anna@example.com`."""

    groups: tuple[str, ...] = ()
    """Their groups, likewise. `system:authenticated` is always among them."""


class PoliciesSettings(SettingsStruct, frozen=True, kw_only=True):
    """Who may do what, where people sign in. The person at Callboard's own machine may everything, whatever stands here."""

    ready: Literal["open-inside", "by-owner", "by-environment"] | None = None
    """One of the policies that come with Callboard: `open-inside` (whoever is signed in reads everything but logs and YAML,
    which are for the groups that own a service), `by-owner` (a service is there for its owners and for those
    who own what depends on it), `by-environment` (production for owners, the rest for whoever is signed in). Default:
    `open-inside` where there are no `files`, else none."""

    files: tuple[str, ...] = ()
    """Files of policies in Cedar, globs allowed, relative to the working directory. They are watched; a change that cannot
    be used is told, and the policies before stay in force."""

    admins: tuple[str, ...] = ()
    """Entity refs of groups or people who may do everything, e.g. `group:default/platform`."""

    engine: str = ""
    """The name of an engine that an extension brings. It is asked about what the policies allow, and may take it away; what it
    does not answer nobody may. Default: none."""

    @property
    def in_force(self) -> str | None:
        """The ready policy that holds, if one does."""
        return self.ready or (None if self.files else "open-inside")


class AuditSettings(SettingsStruct, frozen=True, kw_only=True):
    """The record of who did what."""

    keep: Span = 90 * 86_400.0
    """Seconds an event is kept in the database; its line in the log is whoever's who keeps logs. Default: a quarter."""


class AccessSettings(SettingsStruct, frozen=True, kw_only=True):
    """Who may do and see what, and who callers are to the clusters that decide visibility themselves."""

    policies: PoliciesSettings = PoliciesSettings()
    """Who may do what."""

    audit: AuditSettings = AuditSettings()
    """The record of who did what."""

    contact: str = ""
    """Whom people are told to ask for what they may not see, beside its owner: a name, a channel, an address. Default: whoever
    runs Callboard, without a name."""

    users: dict[str, UserSettings] = msgspec.field(default_factory=dict)
    """Who callers are to the clusters that decide (`clusters.visibility: cluster`), by caller: an entity ref such as
    `user:default/anna`. `user:default/local` is the person at this machine, who is known
    to no cluster unless named here, and then sees nothing of those that decide. Default: a person who signed in is asked for
    by their entity ref and groups as they stand; what begins with `system:` among them is left out."""


class DatabaseLimits(SettingsStruct, frozen=True, kw_only=True):
    """What a database server may be asked of."""

    connections: Annotated[int, msgspec.Meta(ge=2, le=100)] = 5
    """Connections to PostgreSQL at once. Default: one process seldom has more than two statements under way."""


class KubeconfigSettings(SettingsStruct, frozen=True, kw_only=True):
    """How kubeconfig files are read."""

    allow_exec_plugins: bool = False
    """Whether `exec` credential plugins may be started. Default: off, because a kubeconfig would then be a program."""

    exec_deadline: Span = 30.0
    """Seconds such a plugin may take. Default: a cloud's token command answers in a few."""


class CatalogReadingSettings(SettingsStruct, frozen=True, kw_only=True):
    """Bounds on reading entity files."""

    max_file_bytes: Positive = 10 * MIB
    """The largest entity file read, from disk or over HTTP. Default: about 5,000 entities of 2 KB."""

    url_deadline: Span = 15.0
    """Seconds for one `url` location."""

    folders: tuple[str, ...] = ()
    """Further folders that catalog files may point into (relative ones start at the working directory). Default: none. What a
    Location names lies in the folder of the configured location it goes back to, what a placeholder (`$text`) names beside its
    own file or below; a file that somebody else writes must not show what else is on this machine."""

    max_entities_per_location: Positive = 50_000
    """How many entities one location may bring. Default: ten times the largest catalog we test."""


class OutboundSettings(SettingsStruct, frozen=True, kw_only=True):
    """How everything that is not a cluster is reached: catalog addresses, at present."""

    proxy: Secret | None = None
    """The HTTP proxy for all of it, `http://[user:password@]host:port`; an empty text for none. Default: the environment's
    (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), which clusters heed as well."""

    ca_file: str | None = None
    """A PEM file with certificate authorities that are trusted beside the system's. Default: the system's alone, or those of
    `SSL_CERT_FILE`."""


class CheckpointSettings(SettingsStruct, frozen=True, kw_only=True):
    """What `callboard serve` writes to disk of what the provider `hub` holds, so that a restart shows it at once."""

    enabled: bool = True
    """Whether it is written, to the directory `hub` below the data directory, for this user alone (mode 0600): the cleaned-up
    objects of clusters but Secrets and events, and so values of ConfigMaps and of pods' environments. Where this is false,
    what was written before is removed. Default: on, because without it every restart lists every cluster anew, and shows
    nothing until that is done."""

    every: Span = 300.0
    """Seconds between two writings of what has changed in the meantime. Default: API servers can usually resume from five
    minutes ago; writing 370,000 objects takes a few seconds of one core, in a thread of its own."""

    max_bytes: Positive = 1 * GIB
    """The most disk it may take in all; beyond it, what was written longest ago is removed. Default: about 800,000 objects."""


class LoggingSettings(SettingsStruct, frozen=True, kw_only=True):
    """What goes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe level that is written."""

    format: Literal["auto", "console", "json"] = "auto"
    """`json`: one object a line; `console`: for reading; `auto`: `console` at a terminal, else `json`."""


class WebLimits(SettingsStruct, frozen=True, kw_only=True):
    """How much one caller, and one address, may ask. Beyond it they get a 429, and are told when to come again. Whoever asks from
    this machine itself is not limited by address; where proxies are in front, name them (`trustedProxies`), for all people come
    from their addresses otherwise."""

    requests_of_caller: Positive = 1200
    """Requests of one caller in a minute. Default: far more than a person causes with a dozen open tabs."""

    requests_of_address: Positive = 3000
    """Requests from one address in a minute (of IPv6, from one network of 64 bits). Default: an office behind one address."""

    sign_ins: Positive = 30
    """Steps of signing in from one address in a minute, three of which make one sign-in. Twenty may always come at once."""

    connections: Positive = 200
    """Connections that are open from one address. Default: an office behind one address: each browser has one for its pages, and
    some while it loads."""


class WebSettings(SettingsStruct, frozen=True, kw_only=True):
    """The door."""

    allowed_hosts: tuple[str, ...] = ()
    """Further values of the Host header that are let through, beside those of `app.baseUrl`, `backend.baseUrl` and
    loopback; without port. Default: none, because a foreign Host is how a page elsewhere rebinds a name to us."""

    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of proxies in front, e.g. `10.0.0.0/8`: they alone may say whom a request is from
    (`X-Forwarded-For`) and by which name we were asked (`X-Forwarded-Host`). Where Callboard listens without TLS elsewhere than
    on loopback, nobody else is answered but probes and Prometheus. Default: none."""

    limits: WebLimits = WebLimits()
    """How much one caller, and one address, may ask."""

    max_connections: Annotated[int, msgspec.Meta(ge=16, le=100_000)] = 1000
    """Connections that are open at once, a page's stream included. Beyond it, whoever has waited longest without a whole request
    makes room; where everybody is being answered, a new one gets a 503. Never more than half of the files that the process may
    open (`ulimit -n`). Default: some hundred people with open pages."""

    open_counts: bool = False
    """Whether `/metrics` tells figures that count objects of clusters to whoever reaches the listener. Default: to those alone
    who are signed in, because such a count tells of objects that not everybody may see; the others are for anyone who asks."""

    drain_delay: Annotated[Seconds, msgspec.Meta(ge=0, le=600)] = 0.0
    """Seconds in which we still answer when we are told to stop, while `/readyz` says no; being told again ends them. Default:
    none, as at a terminal; behind a Service or a load balancer as long as it takes them to send nothing here any more."""

    drain_deadline: Span = 10.0
    """Seconds that open requests and streams get to end when we are told to stop. Default: below the 30 s Kubernetes
    gives a pod."""


class PartsSettings(SettingsStruct, frozen=True, kw_only=True):
    """Which implementation of a part is used, by the name an extension registered it under."""

    fetcher: str = "direct"
    """Asks one cluster. Default: ours, with its own connections."""

    objects_provider: str | None = None
    """Finds the objects of an entity: `hub` listens to the clusters and makes pages live, `fanOut` asks every cluster anew for
    each look. Default: `hub` where Callboard serves; `fanOut` for a command, which looks once and does not list whole clusters
    for that."""

    proxy: str = "direct"
    """The way through to one API server. Default: ours, on the fetcher's connections."""


class ExtensionsSettings(SettingsStruct, frozen=True, kw_only=True):
    """Where extensions are found besides those that are installed, and what they are given."""

    path: str = ""
    """A folder with more extensions: wheels, or what `pip install --target` put there. Read at the start. What is in it runs in
    Callboard's process and is trusted: nobody but us or root may be able to write it."""

    settings: dict[str, Opaque] = msgspec.field(default_factory=dict)
    """A section for each extension, by the name of its entry point. What may stand in it the extension says."""

    switched: dict[str, bool] = msgspec.field(default_factory=dict)
    """Extensions, services beside among them, that are on or off whatever the page of extensions says, by name; `declared` are
    the declared routes. Default: none; all are on until somebody switches one off there."""

    locked: bool = False
    """Whether nothing can be changed on the page of extensions: neither switched, nor routes written."""

    watched: tuple[str, ...] = ()
    """Extensions of which every call is told, on the page of extensions and in the log: which part was asked to do what, with
    what, what came of it, and after how long. `*` stands for all. For whoever writes one; it costs a little."""


class RouteSettings(SettingsStruct, frozen=True, kw_only=True):
    """A route without code: objects as JSON, at `/api/ext/declared<path>`, as whoever asks may see them."""

    path: Annotated[str, msgspec.Meta(min_length=1)]
    """As `/pods/{cluster}/{namespace}`: plain segments, and parameters in braces. `{entity}` stands for namespace, kind and name
    of an entity, whose own objects it is then about."""

    title: str = ""
    """What it is for, in one sentence."""

    types: tuple[str, ...] = ()
    """Types of objects: `pods`, `deployments.apps`, or `rollouts.v1alpha1.argoproj.io` (plural, version, group). Has to be given
    but with `{entity}`, where none means all that the service has."""

    clusters: tuple[str, ...] = ()
    """Names, or parameters of the path as `{cluster}`. Default: all clusters that whoever asks may know of."""

    namespaces: tuple[str, ...] = ()
    """Names, or parameters of the path. Default: all namespaces."""

    selector: str = ""
    """A label selector, in which parameters of the path may stand for values: `app={app}`."""

    expression: str = ""
    """An expression (CEL) of `objects`, the list of all of them, of `parts` and of `path`, its parameters: what it gives is
    answered instead of the objects. `objects.map(o, o.metadata.name)`."""


class CallboardSettings(SettingsStruct, frozen=True, kw_only=True):
    """`callboard`: known to Callboard only; Backstage ignores it."""

    clusters: ClustersSettings = ClustersSettings()
    """What clusters may cost, and what is different about some."""

    access: AccessSettings = AccessSettings()
    """Who callers are to clusters that decide visibility themselves."""

    auth: CallboardAuthSettings = CallboardAuthSettings()
    """Who people are, and how long they stay signed in."""

    kubeconfig: KubeconfigSettings = KubeconfigSettings()
    """How kubeconfig files are read."""

    parts: PartsSettings = PartsSettings()
    """Which implementation of a part is used."""

    catalog: CatalogReadingSettings = CatalogReadingSettings()
    """Bounds on reading entity files."""

    outbound: OutboundSettings = OutboundSettings()
    """How everything that is not a cluster is reached."""

    data_directory: str = ".callboard"
    """Where the SQLite file and other state lie, unless `backend.database` says otherwise; relative to the working
    directory; made with mode 0700. Default: beside what is served, so that trying it out leaves nothing elsewhere."""

    checkpoint: CheckpointSettings = CheckpointSettings()
    """What is written to disk of what the hub holds."""

    database: DatabaseLimits = DatabaseLimits()
    """What the database of `backend.database` may be asked of."""

    watch_interval: Span = 2.0
    """Seconds between two looks at config, catalog and kubeconfig files. Default: a look costs one stat a file, and works
    where change notices do not (network mounts, ConfigMaps)."""

    follow_services: bool = True
    """Whether the health of every service is kept current while nobody looks, where the objects provider listens
    (`parts.objectsProvider: hub`, the default); the list of services is live then. Default: on, because it costs one stream
    per type and cluster, which serves every page as well; turn it off where many clusters are configured and few are looked
    at."""

    look_around: Span | None = None
    """Seconds between two rounds in which every Component whose health is not kept current is opened once, so that the list
    tells one nobody asked for: with the provider `fanOut` all of them, with `hub` those whose objects are in no shared stream.
    Default: off, because a round costs each cluster what opening those services costs."""

    diagnosis: DiagnosisSettings = DiagnosisSettings()
    """Which conditions are told, how bad they are graded, and which runbooks belong to them."""

    links: LinksSettings = LinksSettings()
    """Where pages lead to outside Callboard: logs, consoles, support."""

    connect: tuple[ConnectSettings, ...] = ()
    """How people reach clusters with kubectl. Without an entry, clusters of `dashboardApp` or auth strategy gke, eks and aks
    (google, aws, azure) are told by their own command-line tools, where `dashboardParameters` say what those need."""

    extensions: ExtensionsSettings = ExtensionsSettings()
    """What extensions are given."""

    routes: tuple[RouteSettings, ...] = ()
    """Routes without code. They are read anew with the configuration."""

    services: dict[str, ServiceBesideSettings] = msgspec.field(default_factory=dict)
    """Services beside Callboard, by the name that stands in their addresses. They are read anew with the configuration."""

    logging: LoggingSettings = LoggingSettings()
    """What goes to standard error."""

    web: WebSettings = WebSettings()
    """The door."""
