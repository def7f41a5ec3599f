"""Which configuration is in force: files named on the command line, those of the working directory, or none at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from callboard.base.config import LoadedConfig, load
from callboard.base.settings import (
    CatalogLocation,
    CatalogRule,
    CatalogSettings,
    InClusterLocator,
    KubeconfigLocator,
    KubernetesSettings,
    RuleAllow,
    Settings,
)
from callboard.fleet.pod_identity import PodIdentity
from callboard.kube.kubeconfig import default_files

__all__ = ["Configuration", "config_files", "extension_folder", "read_configuration"]

DEFAULT_FILES = ("app-config.yaml", "app-config.local.yaml")
"""What Backstage reads when no file is named."""
CATALOG_GLOBS = (
    "catalog-info*.y*ml",
    "*/catalog-info*.y*ml",
    "*/*/catalog-info*.y*ml",
    "catalog/*.y*ml",
    ".backstage/*.y*ml",
    "*/.backstage/*.y*ml",
)
"""Where repositories keep them: at the root, one or two folders below, in a folder of their own."""
KINDS = ("Component", "API", "Resource", "System", "Domain", "Group", "User", "Location", "Template")


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, where they came from, and what a person should be told about that."""

    loaded: LoadedConfig
    paths: tuple[Path, ...]
    directory: Path
    told: str
    assumed_catalog: bool = False
    """Whether nobody said where entities come from: then nothing has to be there."""

    @property
    def settings(self) -> Settings:
        """The settings themselves."""
        return self.loaded.settings


def config_files(named: Sequence[Path], directory: Path) -> tuple[Path, ...]:
    """The files to read: the named ones, else Backstage's usual ones that are there. They need not be valid."""
    return tuple(named) or tuple(p for f in DEFAULT_FILES if (p := directory / f).is_file())


def read_configuration(
    named: Sequence[Path], environ: Mapping[str, str], directory: Path, pod: PodIdentity | None = None
) -> Configuration:
    """The configuration in force. Raises BadInputs with every problem of the files.

    Without named files, Backstage's usual ones in `directory`; without those, the current kubeconfig (in a pod that has none,
    the cluster it runs in, as kubectl has it there) and the catalog files of `directory`. `APP_CONFIG_…` variables of `environ`
    come on top of either. A configuration that says nothing of `kubernetes` or of `catalog.locations` gets these too.
    """
    paths = config_files(named, directory)
    loaded = load(paths, environ)
    settings, assumed = loaded.settings, []
    if settings.kubernetes is None:
        ours = pod or PodIdentity(environ=environ)
        alone = ours.present and not any(path.is_file() for path in default_files(environ))
        locator = InClusterLocator() if alone else KubeconfigLocator()
        kubernetes = KubernetesSettings(cluster_locator_methods=(locator,))
        settings = msgspec.structs.replace(settings, kubernetes=kubernetes)
        assumed.append("the cluster it runs in" if alone else "clusters from the current kubeconfig")
    if not settings.catalog.locations:
        settings = msgspec.structs.replace(settings, catalog=_working_directory(settings.catalog, directory))
        assumed.append(f"entities from catalog files in {directory}")
    told = f"Configuration: {', '.join(str(p) for p in paths)}." if paths else "No configuration file."
    if assumed:
        told += f" Using {' and '.join(assumed)}."
    return Configuration(
        loaded=msgspec.structs.replace(loaded, settings=settings),
        paths=paths,
        directory=directory,
        told=told,
        assumed_catalog=not loaded.settings.catalog.locations,
    )


def extension_folder(configuration: Configuration) -> Path | None:
    """The folder of `callboard.extensions.path`, from the directory that relative paths start from; None where none is named."""
    path = configuration.settings.callboard.extensions.path
    return configuration.directory / path if path else None


def _working_directory(catalog: CatalogSettings, directory: Path) -> CatalogSettings:
    """The catalog files of a directory; what lies in one's own checkout may be of any kind."""
    return msgspec.structs.replace(
        catalog,
        locations=tuple(CatalogLocation(type="file", target=str(directory / g)) for g in CATALOG_GLOBS),
        rules=(CatalogRule(allow=tuple(RuleAllow(kind=k) for k in KINDS)),),
    )
