"""Whole workflows: functions over what a workspace offers.

Invariant: a workflow is made of operations and the storage; it opens nothing and keeps nothing.
"""
