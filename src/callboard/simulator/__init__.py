"""A fleet of stand-in Kubernetes API servers over real TLS sockets: the demo, the tests and the benchmarks all use this one.

It knows nothing of Callboard's findings, entities or verdicts and must never import another room but `base`.
Recorded answers are never served: everything comes from objects in its own store, made live by its own controllers.
`app`, `cli` and tests may call it.

    async with Fleet.start("quiet", seed=1, clusters=2) as fleet:
        cluster = fleet[0]                       # name, url, ca_pem, identities, store, chaos, counters
        cluster.store.create({...})              # or over HTTP, or with kubectl and fleet.kubeconfig(path)
"""

from callboard.simulator.cluster import Identities, SimulatedCluster
from callboard.simulator.fleet import Fleet
from callboard.simulator.process import run
from callboard.simulator.scenarios.reading import load_scenario
from callboard.simulator.scenarios.schema import Scenario

__all__ = ["Fleet", "Identities", "Scenario", "SimulatedCluster", "load_scenario", "run"]
