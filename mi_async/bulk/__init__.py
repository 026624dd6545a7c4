"""A million faces: plan, pipeline, journal, report and progress of bulk runs.

Law: stands on the steps of ``workflows``; adds order, limits and memory of what is done, and no second way of doing it.
"""
