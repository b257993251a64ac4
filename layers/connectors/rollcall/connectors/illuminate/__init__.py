"""Illuminate over its REST API, signed with OAuth 1.0a."""
