"""Served models: beside the peers, above the handler, in the torch engine, behind an endpoint."""
