"""Metrics and log lines, both made from the same record.

Nothing is imported here: ``workers`` must run before anything imports prometheus_client.
"""
