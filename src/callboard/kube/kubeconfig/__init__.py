"""kubeconfig files: which clusters they name, and the credentials of their users.

Reading is one thing (`read_kubeconfig`: files in, plain structs out, errors that name file and path and never a secret),
getting a credential another (`UserCredentials`: token files and certificates read again when they change, exec plugins only
where the operator allowed them). It must never write to a kubeconfig. `fleet` calls it.
"""

from callboard.kube.kubeconfig.credentials import UserCredentials
from callboard.kube.kubeconfig.reading import default_files, expanded, read_kubeconfig
from callboard.kube.kubeconfig.schema import Context, ExecPlugin, Kubeconfig, KubeconfigUser

__all__ = [
    "Context",
    "ExecPlugin",
    "Kubeconfig",
    "KubeconfigUser",
    "UserCredentials",
    "default_files",
    "expanded",
    "read_kubeconfig",
]
