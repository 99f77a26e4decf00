"""Containers: created, started, stopped, listed, removed. `service.Containers` is the way in."""
