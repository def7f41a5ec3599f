"""`python tools/record_schemas.py PLACE > tests/support/kubernetes_schemas.json`: Kubernetes' own schemas of our kinds.

PLACE is the folder `kubernetes-json-schema/v1.36.0-local-strict` of PyPI's `kubernetes-validate`, which made it of the OpenAPI
document of Kubernetes 1.36. What is taken is what the kinds below refer to, without descriptions.
"""

import json
import sys
from pathlib import Path

KINDS = {
    "Namespace": "core.v1",
    "ServiceAccount": "core.v1",
    "ConfigMap": "core.v1",
    "Service": "core.v1",
    "PersistentVolumeClaim": "core.v1",
    "Deployment": "apps.v1",
    "PodDisruptionBudget": "policy.v1",
    "NetworkPolicy": "networking.v1",
    "Ingress": "networking.v1",
    "ClusterRole": "rbac.v1",
    "ClusterRoleBinding": "rbac.v1",
}


def main() -> None:
    """Write it."""
    known = json.loads((Path(sys.argv[1]) / "_definitions.json").read_text())["$defs"]
    taken: dict[str, object] = {}

    def bare(value: object) -> object:
        if isinstance(value, list):
            return [bare(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            name = str(value["$ref"]).rpartition("/")[2]
            if name not in taken:
                taken[name] = None  # what refers to itself ends here
                taken[name] = bare(known[name])
            return {"$ref": f"#/$defs/{name}"}
        return {
            key: {name: bare(each) for name, each in inner.items()} if key == "properties" else bare(inner)
            for key, inner in value.items()
            if key == "properties" or not (key == "description" or key.startswith("x-kubernetes"))
        }

    kinds = {kind: bare({"$ref": f"/$defs/io.k8s.api.{version}.{kind}"}) for kind, version in KINDS.items()}
    json.dump({"$defs": taken, "kinds": kinds}, sys.stdout, sort_keys=True, indent=0, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
