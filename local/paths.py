"""Where things are in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".local"
HANDOVER = STATE / "stack.json"
VENVS = STATE / "venvs"
