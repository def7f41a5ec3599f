"""MANY clusters: suppliers, locators, auth strategies, selection, references, fan-out and its breaker.

It must never let one cluster delay, empty or fail another's answer, share what one identity read with another, or
import `catalog`, `access`, `diagnosis` or `history`: what it needs of entities comes through a protocol of `extend`.
`portal` and `app` may call it.

The road inside, in order: `suppliers` (which clusters) → `locators` (on which of them) → `auth` (as whom) → `selection`
(what to ask) → `fan_out`, which runs one `asking` per cluster → `references` (what to ask second) → `belonging` (what of
that is the service's). `registry` makes the parts out of hook registrations, `plugin` registers ours, `wiring` joins them.
An objects provider that listens instead of asking registers beside `fanOut` and stands on the same parts.

From the top down, each importing only what stands lower:

    plugin                  our own parts, registered as anyone's
    wiring, tools           the parts joined; the operator's tools
    hub                     clusters listened to
    asking                  clusters asked
    auth, selection         as whom; what
    suppliers, locators     which clusters exist; on which of them a service may run
    fenced                  every part behind a deadline and a check
    defect, kubeconfigs, nearest, observer, pod_identity
"""
