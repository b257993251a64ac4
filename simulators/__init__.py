"""Simulators of Student Information Systems over one invented district."""

from simulators.serving import serve

__all__ = ["serve"]
