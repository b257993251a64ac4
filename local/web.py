"""The console's files: what npm brings, made fit for a browser, and the folder that is published.

Nothing is bundled. Packages name each other by name, which a browser cannot follow without an import map; an inline map
would need an exception in the Content-Security-Policy, so each copy gets its imports rewritten to the file beside it.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from local.bootstrap import BootstrapError
from local.paths import ROOT
from local.programs import ensure_program

Say = Callable[[str], None]

WEB = ROOT / "web"
VENDOR = WEB / "vendor"
GENERATED = WEB / "generated"
ENTRY = WEB / "src" / "main.js"
FOLDERS = ("images", "src", "styles", "vendor")
"""What a browser gets of the console; the rest of its folder is for building."""

MODULES = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.mjs",
    "@preact/signals": "@preact/signals/dist/signals.mjs",
    "htm": "htm/dist/htm.mjs",
}
"""Every module that the console imports, and its file in the package."""
_DEFAULT_EXPORT = frozenset({"htm"})

_IMPORT = re.compile(r"""\b(from|import)(\s*)["']([^"']+)["']""")
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def vendor(say: Say = print) -> None:
    """Fetch the pinned packages with npm and copy what the browser needs to ``web/vendor``, unless it is there."""
    stamp = VENDOR / ".stamp"
    wanted = hashlib.sha256(
        (WEB / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    ).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    npm = ensure_program(["npm"], ["npm"], say)
    say("  console: installing its packages with npm")
    # No package of ours needs a script of its own to be installed, and none may run one.
    command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BootstrapError(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir()
    for name, path in MODULES.items():
        code = (WEB / "node_modules" / path).read_text()
        (VENDOR / f"{_file(name)}.js").write_text(_for_browsers(code))
        # For the type checker, which reads the package's own types.
        default = f'export {{ default }} from "{name}";\n' if name in _DEFAULT_EXPORT else ""
        (VENDOR / f"{_file(name)}.d.ts").write_text(f'export * from "{name}";\n{default}')
    stamp.write_text(wanted)


def check(python: str, say: Say = print) -> bool:
    """Check the console's types against the API as it is now: its own document is the one source of them.

    ``python`` runs with what the API needs. Tells what is wrong, and gives back whether nothing is.
    """
    vendor(say)
    GENERATED.mkdir(exist_ok=True)
    document = GENERATED / "openapi.json"
    path = os.pathsep.join([".", "functions", "layers/connectors"])
    tools = WEB / "node_modules" / ".bin"
    steps = (
        [python, "-m", "local.webtypes", str(document)],
        [str(tools / "openapi-typescript"), str(document), "--output", str(GENERATED / "api.d.ts")],
        [str(tools / "tsc"), "--project", str(WEB / "tsconfig.json")],
    )
    for step in steps:
        done = subprocess.run(
            step,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
        if done.returncode:
            say(f"{done.stdout}{done.stderr}".rstrip())
            return False
    return True


def publish(target: Path) -> str:
    """Write the console as it is deployed, and give back its version: a digest of all its files.

    Files lie under ``assets/<version>/`` and never change; only ``index.html``, which names the version, must be asked
    for anew.
    """
    shutil.rmtree(target, ignore_errors=True)
    files = sorted(file for folder in FOLDERS for file in (WEB / folder).rglob("*") if is_served(file))
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(WEB)}\n".encode() + file.read_bytes())
    version = digest.hexdigest()[:16]
    for file in files:
        copy = target / "assets" / version / file.relative_to(WEB)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    (target / "index.html").write_text(index(version))
    return version


def index(version: str = "local") -> str:
    """The page, with the modules of the first load named, so that a browser need not find them one by one."""
    preload = "\n    ".join(
        f'<link rel="modulepreload" href="/assets/local/{module.relative_to(WEB)}">'
        for module in _closure(ENTRY)
    )
    page = (WEB / "index.html").read_text().replace("<!-- preload -->", preload)
    return page.replace("/assets/local/", f"/assets/{version}/")


def is_served(file: Path) -> bool:
    """Whether a browser may have a file of the console's folder."""
    parts = file.relative_to(WEB).parts if file.is_relative_to(WEB) else ()
    if ".." in parts or not parts or parts[0] not in FOLDERS:
        return False
    return file.suffix in {".js", ".css", ".svg"} and file.is_file()


def _file(name: str) -> str:
    return name.removeprefix("@").replace("/", "-")


def _for_browsers(code: str) -> str:
    def beside(found: re.Match[str]) -> str:
        return f'{found[1]}{found[2]}"./{_file(found[3])}.js"' if found[3] in MODULES else found[0]

    return _SOURCE_MAP.sub("", _IMPORT.sub(beside, code))


def _closure(entry: Path) -> list[Path]:
    """A module and all that it imports when it is loaded, in the order in which they are found."""
    found = [entry]
    for module in found:
        found += [other for other in _imports(module) if other not in found]
    return found


def _imports(module: Path) -> Iterator[Path]:
    for _, _, name in _IMPORT.findall(module.read_text()):
        if name.startswith("."):
            yield (module.parent / name).resolve()
