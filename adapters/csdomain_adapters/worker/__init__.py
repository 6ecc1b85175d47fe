"""Engines for the jobs of a desk: a poller for every store, and ticks by ``procrastinate`` on PostgreSQL."""

from .poller import Poller as Poller
