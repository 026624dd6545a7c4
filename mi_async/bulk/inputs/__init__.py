"""Inputs of bulk runs: values, and readers of tables, directories and buckets."""
