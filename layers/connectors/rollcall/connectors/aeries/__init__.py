"""Aeries over its REST API, version 5."""
