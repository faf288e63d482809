"""The page: the files of the folder ``web``, under a policy that lets nothing else in (``api.security.HEADERS``)."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI


def web_folder() -> Path:
    """Return where the page lies: in the package, or beside it in a checkout."""
    packaged = Path(str(files("api").joinpath("web")))
    return packaged if packaged.is_dir() else Path(str(files("api"))).parent / "web"


def addresses(folder: Path) -> frozenset[str]:
    """Return the paths of the page's files, all known before a request names one."""
    if not folder.is_dir():
        return frozenset()
    found = {f"/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file()}
    return frozenset(found | ({"/"} if "/index.html" in found else set()))


def install(app: FastAPI, folder: Path) -> None:
    """Serve the folder at ``/``, after every other route; without it there is nothing there."""
    if folder.is_dir():
        app.frontend("/", directory=folder, fallback=None)
