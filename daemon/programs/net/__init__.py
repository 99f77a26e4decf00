"""Clients and tools of the network."""
