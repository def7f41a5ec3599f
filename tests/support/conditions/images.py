"""Images. Words of containerd as the kubelet hands them on (kubernetes/kubernetes pkg/kubelet/images; containerd resolver)."""

from support.conditions.scene import ABSENT, Case, Document, container, event, near, pod, web

WAITS = "Pod.status.containerStatuses.0.state.waiting"
FROM = 'failed to pull and unpack image "registry.example.com/web:2": failed to resolve reference "registry.example.com/web:2": '


def waiting(reason: str, message: str = "") -> list[Document]:
    one = pod(
        "web-abc-1",
        container(
            image="registry.example.com/web:2", state={"waiting": {"reason": reason, "message": message}}
        ),
        phase="Pending",
    )
    return web(one)


def pulled(code: str, words: str) -> Case:
    told = f'Back-off pulling image "registry.example.com/web:2": ErrImagePull: {words}'
    return Case(
        code=code,
        documents=waiting("ImagePullBackOff", told),
        source="kubelet (pkg/kubelet/images/image_manager.go), containerd's errors",
        near=(
            near(f"{WAITS}.message", 'Back-off pulling image "registry.example.com/web:2"', "CB-IMAGE-PULL"),
            near(f"{WAITS}.reason", "ContainerCreating", "CB-START-STUCK"),
        ),
    )


TOLD_BY_EVENT = waiting("ImagePullBackOff", 'Back-off pulling image "registry.example.com/web:2"')
TOLD_BY_EVENT.append(
    event(
        TOLD_BY_EVENT[2],
        "Failed",
        'Failed to pull image "registry.example.com/web:2": rpc error: code = NotFound',
        field="app",
    )
)

CASES = (
    Case(
        code="CB-IMAGE-NAME",
        documents=waiting(
            "InvalidImageName", 'Failed to apply default image tag "Web 2": couldn\'t parse image name'
        ),
        source="pkg/kubelet/images/image_manager.go ErrInvalidImageName",
        near=(
            near(f"{WAITS}.reason", "ContainerCreating", "CB-START-STUCK"),
            near(f"{WAITS}.message", "", "CB-IMAGE-NAME"),
        ),
    ),
    Case(
        code="CB-IMAGE-PULL",
        documents=waiting("ImagePullBackOff", 'Back-off pulling image "registry.example.com/web:2"'),
        source="kubelets before 1.32 tell no cause in the status",
        near=(
            near(f"{WAITS}.reason", "ContainerCreating", "CB-START-STUCK"),
            near(f"{WAITS}.message", "Back-off pulling image: manifest unknown", "CB-IMAGE-NOT-FOUND"),
        ),
    ),
    Case(
        code="CB-IMAGE-NOT-FOUND",
        documents=TOLD_BY_EVENT,
        source="kubelets before 1.32 tell the cause in an event alone",
        near=(
            near("Event", ABSENT, "CB-IMAGE-PULL"),
            near("Event.reason", "BackOff", "CB-IMAGE-PULL"),
            near("Event.message", 'Failed to pull image "registry.example.com/web:2": EOF', "CB-IMAGE-PULL"),
            near(
                "Event.message",
                'Failed to pull image "registry.example.com/sidecar:1": not found',
                "CB-IMAGE-PULL",
            ),
        ),
    ),
    pulled(
        "CB-IMAGE-NOT-FOUND", f"rpc error: code = NotFound desc = {FROM}registry.example.com/web:2: not found"
    ),
    pulled(
        "CB-IMAGE-DENIED",
        f"{FROM}failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://registry.example.com/token: 403 Forbidden",
    ),
    pulled(
        "CB-IMAGE-RATE-LIMIT",
        f"{FROM}unexpected status code 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit",
    ),
    pulled(
        "CB-IMAGE-TIMEOUT",
        f'{FROM}failed to do request: Head "https://registry.example.com/v2/": dial tcp 203.0.113.10:443: i/o timeout',
    ),
    pulled("CB-IMAGE-PLATFORM", f"{FROM}no match for platform in manifest: not found"),
    pulled(
        "CB-IMAGE-TLS",
        f'{FROM}failed to do request: Head "https://registry.example.com/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ),
    Case(
        code="CB-IMAGE-NEVER",
        documents=waiting(
            "ErrImageNeverPull", 'Container image "web:2" is not present with pull policy of Never'
        ),
        source="pkg/kubelet/images/types.go",
        near=(near(f"{WAITS}.reason", "ContainerCreating", "CB-START-STUCK"),),
    ),
    Case(
        code="CB-IMAGE-INSPECT",
        documents=waiting(
            "ImageInspectError", 'Failed to inspect image "web:2": id or size of image is not set'
        ),
        source="pkg/kubelet/images/types.go",
        near=(near(f"{WAITS}.reason", "ContainerCreating", "CB-START-STUCK"),),
    ),
)
