"""Words of the family `start`."""

from callboard.diagnosis.texts.words import Words, command, diff, events, yours

__all__ = ["WORDS"]

_CONFIG = "https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/"
_COMMAND = "https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/"

WORDS = {
    "CB-CONFIG-MISSING": Words(
        title="A ConfigMap or Secret is missing",
        one="{pods} lacks a {kind} that it needs: {name} does not exist (CreateContainerConfigError)",
        many="{pods} lack a {kind} that they need: {name} does not exist (CreateContainerConfigError)",
        means="The container takes settings from a ConfigMap or Secret that is not in its namespace. It starts by itself as soon as there is one of that name.",
        steps=(
            command("See what there is in the namespace.", "kubectl get configmaps,secrets -n {namespace}"),
            yours("Create {kind} {name}, or correct the name in the release."),
        ),
        docs=_CONFIG,
    ),
    "CB-CONFIG-KEY": Words(
        title="A key is missing in a ConfigMap or Secret",
        one="{pods} lacks a key that it needs: there is no {key} in {kind} {name} (CreateContainerConfigError)",
        many="{pods} lack a key that they need: there is no {key} in {kind} {name} (CreateContainerConfigError)",
        means="The ConfigMap or Secret is there, and the key that the container takes a setting from is not in it.",
        steps=(
            command("See which keys there are.", "kubectl describe {kind} {name} -n {namespace}"),
            yours("Add the key {key}, or correct its name in the release."),
        ),
        docs=_CONFIG,
    ),
    "CB-CONTAINER-CREATE": Words(
        title="The container cannot be made",
        one="{pods} cannot create its container {container} ({reason})",
        many="{pods} cannot create their container {container} ({reason})",
        means="The node refuses to make the container as it is described: a user it may not run as, a volume that is mounted twice, a name that is taken.",
        steps=(
            events("Read the events of the pod: they say what the node objects to."),
            diff("Compare the container with that of the last version that worked."),
        ),
    ),
    "CB-CONTAINER-COMMAND": Words(
        title="The command cannot be run",
        one="{pods} cannot start its container {container}: its command is not found or may not be run ({words})",
        many="{pods} cannot start their container {container}: its command is not found or may not be run ({words})",
        means="The command of the container is not in the image, is no program, or may not be run.",
        steps=(
            yours("Check command and args of the container against what the image holds."),
            diff("Compare command and image with those of the last version that worked."),
        ),
        docs=_COMMAND,
    ),
    "CB-CONTAINER-RUN": Words(
        title="The container cannot be started",
        one="{pods} cannot start its container {container} ({words})",
        many="{pods} cannot start their container {container} ({words})",
        means="The container was made and the node cannot start it.",
        steps=(
            events("Read the events of the pod: they hold the runtime's own words."),
            diff("Compare the container with that of the last version that worked."),
        ),
    ),
    "CB-HOOK": Words(
        title="A hook of the container fails",
        one="{pods} cannot start its container {container}: its {hook} hook fails ({reason})",
        many="{pods} cannot start their container {container}: its {hook} hook fails ({reason})",
        means="A command that is to run as the container starts (a lifecycle hook) ended with an error, and the container with it.",
        steps=(
            events("Read the events of the pod: they hold what the hook said."),
            yours("Try the hook's command in the image."),
        ),
        docs="https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
    ),
}
