"""What Kubernetes gives the pod we may run in: where its API server is, and who we are there.

Sources: kubernetes.io/docs/tasks/run-application/access-api-from-pod, client-go rest.InClusterConfig.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path

from callboard.base.secret import Secret
from callboard.kube.named_file import read_named_file

__all__ = ["PodIdentity"]

DIRECTORY = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class PodIdentity:
    """The service account files and environment of a pod. Nothing is kept: the kubelet renews the token in place."""

    def __init__(self, directory: Path = DIRECTORY, environ: Mapping[str, str] | None = None) -> None:
        self._directory = directory
        self._environ = os.environ if environ is None else environ

    @property
    def url(self) -> str:
        """The API server's address, or "" outside a pod."""
        host = self._environ.get("KUBERNETES_SERVICE_HOST", "")
        port = self._environ.get("KUBERNETES_SERVICE_PORT", "")
        if not host or not port:
            return ""
        try:
            bracketed = f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
        except ValueError:
            bracketed = host
        return f"https://{bracketed}:{port}"

    @property
    def ca_file(self) -> str:
        """The CA bundle's path, or "" where there is none."""
        path = self._directory / "ca.crt"
        return str(path) if path.is_file() else ""

    @property
    def token_file(self) -> Path:
        """Where the token lies, if there is one."""
        return self._directory / "token"

    @property
    def namespace(self) -> str:
        """The pod's own, or "" where it is not told."""
        try:
            return read_named_file(str(self._directory / "namespace"), 1024).decode().strip()
        except (OSError, ValueError):
            return ""

    @property
    def present(self) -> bool:
        """Whether we run in a pod with a service account."""
        return bool(self.url) and self.token_file.is_file()

    def token(self) -> Secret:
        """The token as it is now; blocks for one small file. Raises OSError where it cannot be read."""
        try:
            return Secret(read_named_file(str(self.token_file)).decode().strip())
        except ValueError as error:
            raise OSError(f"the token of the pod's service account is {error}") from None
