"""An Aeries server: v5, and the older versions with their names."""

from simulators.aeries.app import create_app
from simulators.aeries.options import Options

__all__ = ["Options", "create_app"]
