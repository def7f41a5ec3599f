"""The operator's tools: does each cluster answer and what may we read there; what must a cluster grant us.

They must never change anything on a cluster. `portal.operations` calls them.
"""
