"""Scenarios: which services run on which clusters, and what is wrong there, as YAML files.

A scenario is data; `stage` plays it through the store and the behaviours of containers, as people and deploy bots would.
"""
