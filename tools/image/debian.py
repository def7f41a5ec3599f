"""The base: Debian packages, unpacked and not installed. No shell, no package manager, nothing that was run."""

import shutil
import subprocess
from pathlib import Path

PACKAGES = (
    "base-files",
    "ca-certificates",  # what servers are believed by
    "libbz2-1.0",
    "libc6",
    "libcrypt1",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libsqlite3-0",
    "libssl3",
    "libstdc++6",
    "libuuid1",
    "media-types",
    "netbase",
    "python3.11-minimal",
    "tzdata",
    "zlib1g",
)
UNWANTED = (
    "usr/share/man",
    "usr/share/lintian",
    "usr/share/bug",
    "usr/share/pixmaps",
    "usr/share/applications",
    "usr/share/gcc",
    "usr/share/binfmts",
    "usr/share/gdb",
    "usr/lib/python3.11/ensurepip",
    "usr/lib/python3.11/idlelib",
    "usr/lib/python3.11/lib2to3",
    "usr/lib/python3.11/pydoc_data",
    "usr/lib/python3.11/distutils",
    "usr/lib/valgrind",
    "var/lib/dpkg",
    "etc/init.d",
    "etc/update-motd.d",
    "etc/dpkg",
    "sbin",
    "usr/sbin",
)  # fmt: skip


def unpack(root: Path, cache: Path) -> list[tuple[str, str]]:
    """Fill `root`; (name, version) of what is in it. Packages come by apt, which checks who signed them."""
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob("*.deb"):
        old.unlink()
    subprocess.run(
        ["apt-get", "download", "--quiet", *PACKAGES], cwd=cache, check=True, stdout=subprocess.DEVNULL
    )
    found: list[tuple[str, str]] = []
    for package in sorted(cache.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True)
        said = subprocess.run(
            ["dpkg-deb", "--show", "--showformat=${Package} ${Version}", str(package)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        name, _, version = said.stdout.partition(" ")
        found.append((name, version))
    if {name for name, _ in found} != set(PACKAGES):
        raise SystemExit(f"apt-get gave other packages than those asked for: {found}")
    for each in UNWANTED:
        shutil.rmtree(root / each, ignore_errors=True)
    for package in sorted(each for each in (root / "usr/share/doc").iterdir() if not each.is_symlink()):
        for document in sorted(package.iterdir()):
            if document.name == "copyright":
                continue
            if document.is_dir() and not document.is_symlink():
                shutil.rmtree(document)
            else:
                document.unlink()
    _certificates(root)
    _users(root)
    return found


def _certificates(root: Path) -> None:
    """What Debian's own script would make when the package is installed."""
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    each = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    link = root / "usr/lib/ssl/cert.pem"  # where Debian's Python looks by itself
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("/etc/ssl/certs/ca-certificates.crt")
    bundle.write_bytes(b"".join(path.read_bytes().rstrip() + b"\n" for path in each))


def _users(root: Path) -> None:
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/nonexistent\ncallboard:x:65532:65532:callboard:/var/lib/callboard:/nonexistent\n"
    )
    (root / "etc/group").write_text("root:x:0:\ncallboard:x:65532:\n")
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    (root / "etc/localtime").unlink(missing_ok=True)
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    (root / "tmp").mkdir(exist_ok=True)
