"""Words of the families `scaling` and `object`."""

from callboard.diagnosis.texts.words import Words, command, events, platform, yours

__all__ = ["WORDS"]

_HPA = "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"
_SEE = command("See what it says.", "kubectl describe hpa {name} -n {namespace}")

WORDS = {
    "CB-SCALING-CAPPED": Words(
        title="More pods are needed than are allowed",
        one="{target} has as many pods as it may ({max}) and needs more",
        others={"figures": ("{target} has as many pods as it may ({max}) and needs more: {figures}", "")},
        means="The load asks for more pods than the autoscaler's maximum. What is there has to carry it.",
        steps=(yours("Raise maxReplicas, or find out where the load comes from."),),
        docs=_HPA,
    ),
    "CB-SCALING-METRICS": Words(
        title="The autoscaler has no figures",
        one="{target} is not scaled: its figures cannot be read ({reason})",
        means="The autoscaler does not know how loaded the pods are, and leaves their number as it is.",
        steps=(
            _SEE,
            yours("Give the containers requests for what is measured (cpu, memory)."),
            platform("Ask whether the metrics server runs."),
        ),
        docs=_HPA,
    ),
    "CB-SCALING-TARGET": Words(
        title="The autoscaler cannot scale",
        one="{target} cannot be scaled ({reason})",
        means="What the autoscaler is to scale does not exist, or cannot be changed by it.",
        steps=(_SEE, yours("Check name, kind and apiVersion in scaleTargetRef.")),
        docs=_HPA,
    ),
    "CB-OBJECT-FAILED": Words(
        title="An object says that it has failed",
        one="{words}",
        means="The object's own status says that it is not well. The documentation of its controller tells what its words mean.",
        steps=(events("Read its events."), platform("Ask whoever runs the controller of this kind.")),
    ),
}
