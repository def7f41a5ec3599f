"""All clusters asked at once, each answer delivered when it is there: the objects provider named `fanOut`.

`fan_out` starts one task per cluster, behind a `gate` and a `breaker`; `asking` asks one cluster, `progress` makes a snapshot of
what has come so far. It must never let one cluster's failure delay, empty or fail another's answer. `fleet.plugin` registers it;
the hub asks single clusters through it.
"""
