"""A OneRoster server, 1.1 and 1.2, REST and CSV; SchoolTool is one with the conventions of Mindex."""

from simulators.oneroster.app import create_app
from simulators.oneroster.options import Options, schooltool
from simulators.oneroster.package import csv_zip
from simulators.oneroster.roster import sourced_id

__all__ = ["Options", "create_app", "csv_zip", "schooltool", "sourced_id"]
