import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
PARTS = (ROOT / "api", ROOT / "rag")


def test_every_package_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    found = {".".join(init.parent.relative_to(ROOT).parts) for part in PARTS for init in part.rglob("__init__.py")}
    assert set(listed) == found | {"api.web", "rag.seeds"}


def test_the_wheel_carries_the_seeds_and_the_data(tmp_path):
    pytest.importorskip("setuptools", reason="building a wheel without a network needs setuptools in the environment")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", tmp_path, _copy(tmp_path / "source")], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        for seed in (ROOT / "seeds").glob("*.txt"):
            assert archive.read(f"rag/seeds/{seed.name}") == seed.read_bytes()
        for file in filter(Path.is_file, (ROOT / "web").rglob("*")):
            assert archive.read(f"api/web/{file.relative_to(ROOT / 'web')}") == file.read_bytes()
        names = set(archive.namelist())
    data = [path for path in (ROOT / "rag").rglob("*") if path.suffix in {".html", ".json", ".jsonl", ".sql", ".txt"}]
    assert data
    assert {str(path.relative_to(ROOT)) for path in data} <= names


def _copy(target):
    """The sources alone: building leaves its traces beside them."""
    target.mkdir()
    for name in ("pyproject.toml", "README.md"):
        (target / name).write_bytes((ROOT / name).read_bytes())
    for path in [
        *(file for part in PARTS for file in part.rglob("*")),
        *(ROOT / "seeds").glob("*.txt"),
        *(ROOT / "web").rglob("*"),
    ]:
        if path.is_file() and "__pycache__" not in path.parts:
            copy = target / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return target
