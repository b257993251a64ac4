"""A PowerSchool server: core resources, contacts, tables and PowerQueries."""

from simulators.powerschool.app import create_app
from simulators.powerschool.options import RESOURCES, Options

__all__ = ["RESOURCES", "Options", "create_app"]
