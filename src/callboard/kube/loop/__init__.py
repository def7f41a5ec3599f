"""How reading many clusters shares one event loop: in small steps, in batches, and with few timers.

It must know nothing of Kubernetes. The rest of `kube` calls it, and the hub of `fleet`, which takes in what was read.
"""
