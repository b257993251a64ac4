"""The HTTP API: reads and writes configuration, reads people and runs, and asks for runs."""
