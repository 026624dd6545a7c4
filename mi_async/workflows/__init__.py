"""Whole workflows: functions over what a workspace offers.

Law: a workflow is made of operations and the storage; it opens nothing and keeps nothing.
"""
