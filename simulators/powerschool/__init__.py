"""A PowerSchool server: core resources, contacts, tables and PowerQueries."""

from simulators.powerschool.app import create_app
from simulators.powerschool.options import Options

__all__ = ["Options", "create_app"]
