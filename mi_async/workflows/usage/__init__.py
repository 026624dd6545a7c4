"""Usage of a month: what the answers of the service can tell, counted per workspace and project, and its cost.

Invariant: what no answer tells is not guessed; the report says what is missing.
"""
