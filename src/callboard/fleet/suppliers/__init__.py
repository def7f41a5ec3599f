"""Cluster suppliers: where clusters come from.

`config`, `kubeconfig`, `inCluster` and `localKubectlProxy` are ours; `combined` asks every configured one and joins the
answers. A supplier must never send anything to a cluster and never show a token or a CA's private part.
"""
