"""An Illuminate server: the rostering part of `/rest_server.php/Api/`, behind OAuth 1.0a signatures."""

from simulators.illuminate.app import create_app
from simulators.illuminate.options import Options

__all__ = ["Options", "create_app"]
