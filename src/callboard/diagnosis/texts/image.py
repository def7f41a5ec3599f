"""Words of the family `image`."""

from callboard.diagnosis.texts.words import Words, command, diff, events, platform, yours

__all__ = ["WORDS"]

_DOCS = "https://kubernetes.io/docs/concepts/containers/images/"
_EVENTS = events("Read the events of the pod: they hold the registry's own words.")
_DIFF = diff("Compare the image with that of the last version that worked.")
_SECRETS = "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/"

WORDS = {
    "CB-IMAGE-NAME": Words(
        title="The image name is not valid",
        one="{pods} has an image name that is not valid (InvalidImageName): {image}",
        many="{pods} have an image name that is not valid (InvalidImageName): {image}",
        means="The image's name cannot be read: there is a blank or a capital letter in it, or a variable that was not filled in.",
        steps=(_DIFF, yours("Correct the image's name in the Deployment or chart, and release again.")),
        docs=_DOCS,
    ),
    "CB-IMAGE-PULL": Words(
        title="The image cannot be pulled",
        one="{pods} cannot pull its image ({reason})",
        many="{pods} cannot pull their image ({reason})",
        means="The node cannot get the image from its registry. Why stands in the pod's events, as long as the cluster keeps them.",
        steps=(_EVENTS, _DIFF),
        docs=_DOCS,
    ),
    "CB-IMAGE-NOT-FOUND": Words(
        title="The image does not exist",
        one="{pods} cannot pull its image ({reason}): {image} is not found in its registry",
        many="{pods} cannot pull their image ({reason}): {image} is not found in its registry",
        means="The registry answers that there is no such image or tag, or the registry's name leads nowhere: mostly a typing error, or the image was never pushed.",
        steps=(_DIFF, yours("Check that the build has pushed this tag; correct the tag or push it.")),
        docs=_DOCS,
    ),
    "CB-IMAGE-DENIED": Words(
        title="The registry refuses the image",
        one="{pods} cannot pull its image ({reason}): the registry refuses access to {image}",
        many="{pods} cannot pull their image ({reason}): the registry refuses access to {image}",
        means="The registry wants a sign-in that the pods do not have, or that has run out. Some registries say the same of an image that does not exist.",
        steps=(
            command(
                "See which pull secret the pods use, and whether it is there.",
                "kubectl get pod {pod} -n {namespace} -o jsonpath='{{.spec.imagePullSecrets}}'",
            ),
            platform("Ask the platform's team to renew the pull secret."),
        ),
        docs=_SECRETS,
    ),
    "CB-IMAGE-RATE-LIMIT": Words(
        title="The registry lets no more pulls through",
        one="{pods} cannot pull its image ({reason}): the registry allows no more pulls at present",
        many="{pods} cannot pull their image ({reason}): the registry allows no more pulls at present",
        means="The registry counts pulls and has had enough for now. It passes by itself after a while, and comes again.",
        steps=(platform("Ask the platform's team for a mirror, or for pulls with a sign-in."),),
        docs=_SECRETS,
    ),
    "CB-IMAGE-TIMEOUT": Words(
        title="The registry does not answer",
        one="{pods} cannot pull its image ({reason}): the registry of {image} does not answer in time",
        many="{pods} cannot pull their image ({reason}): the registry of {image} does not answer in time",
        means="The node does not reach the registry, or the answer takes too long: the network between them, or the registry itself.",
        steps=(_EVENTS, platform("Ask the platform's team whether the nodes reach the registry.")),
        docs=_DOCS,
    ),
    "CB-IMAGE-PLATFORM": Words(
        title="The image is not made for this kind of node",
        one="{pods} cannot pull its image ({reason}): {image} is not built for the node's processor",
        many="{pods} cannot pull their image ({reason}): {image} is not built for the node's processor",
        means="The image exists, but not for the processor of the node (amd64, arm64).",
        steps=(
            yours("Build the image for the processor of the nodes as well, or let the pods run on others."),
        ),
        docs=_DOCS,
    ),
    "CB-IMAGE-TLS": Words(
        title="The registry's certificate is not trusted",
        one="{pods} cannot pull its image ({reason}): the node does not trust the registry's certificate",
        many="{pods} cannot pull their image ({reason}): the node does not trust the registry's certificate",
        means="The node cannot tell that it speaks with the right registry: its certificate is signed by nobody the node knows, or has run out.",
        steps=(
            _EVENTS,
            platform("Ask the platform's team to have the nodes trust the registry's certificate."),
        ),
        docs=_DOCS,
    ),
    "CB-IMAGE-NEVER": Words(
        title="The image may not be pulled",
        one="{pods} may not pull its image (ErrImageNeverPull): {image} is not on the node",
        many="{pods} may not pull their image (ErrImageNeverPull): {image} is not on the node",
        means="imagePullPolicy is Never, and the image is not on the node.",
        steps=(yours("Set imagePullPolicy to IfNotPresent."),),
        docs=_DOCS,
    ),
    "CB-IMAGE-INSPECT": Words(
        title="The image on the node is damaged",
        one="{pods} has a damaged image on its node (ImageInspectError)",
        many="{pods} have a damaged image on their nodes (ImageInspectError)",
        means="The node has the image and cannot read it.",
        steps=(_EVENTS, platform("Ask the platform's team to look at the node's image store.")),
        docs=_DOCS,
    ),
}
