#!/usr/bin/python3
"""Brings what other people wrote: the one place where anything is fetched.

    deps.py --dir DIR get SET...    bring a set into DIR/SET
    deps.py --dir DIR update [SET...]  rewrite tools/deps.lock (or a set's
                                    part of it) from the archive

Everything comes from the Debian archive that this machine's own package
manager is configured for, by its own downloader. tools/deps.lock names each
file by set, package, version, size, SHA-256 and place in the archive; what
arrives must match. Where the archive no longer keeps a locked version (a
point release replaced it), the current version is taken from the archive's
signed index instead, and said so; DEPS_STRICT=1 makes that an error.

Sets:
    libfdt          the flat device tree library (source)
    newlib          the C library of native programs (source)
    root-ARCH       a Debian root file system, to run its programs
    linux-ARCH      Debian's kernel, for `make bench`: file `Image`
"""
import argparse
import fcntl
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
LOCK = TOOLS / "deps.lock"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
APT_HELPER = "/usr/lib/apt/apt-helper"

# The programs of the Linux root; what they depend on is found by apt.
ROOT_PACKAGES = """base-files base-passwd bash busybox-static coreutils dash
    dpkg findutils grep gzip hostname lua5.4 mawk ncurses-base
    perl-base procps python3-minimal sed tar vim-tiny""".split()
# Depended on for their documentation or maintainer scripts only.
ROOT_WITHOUT = {"gcc-14-base", "openssl-provider-legacy", "debconf",
                "init-system-helpers", "cdebconf", "libdebian-installer4",
                "libdebconfclient0", "readline-common", "media-types"}

SETS = {
    "libfdt": {"suite": "bookworm", "arch": "amd64", "keep": False,
               "packages": ["linux-source-6.1"],
               "only": {"linux-source-6.1"}},
    "newlib": {"suite": "bookworm", "arch": "amd64",
               "packages": ["newlib-source"], "only": {"newlib-source"}},
    "root-aarch64": {"suite": "trixie", "arch": "arm64",
                     "packages": ROOT_PACKAGES},
    "linux-aarch64": {"suite": "bookworm", "arch": "arm64", "keep": False,
                      "packages": ["linux-image-arm64"],
                      "pattern": r"linux-image-\d"},
    "root-riscv64": {"suite": "trixie", "arch": "riscv64",
                     "packages": ROOT_PACKAGES},
    "linux-riscv64": {"suite": "trixie", "arch": "riscv64", "keep": False,
                      "packages": ["linux-image-riscv64"],
                      "pattern": r"linux-image-\d"},
    "root-x86_64": {"suite": "trixie", "arch": "amd64",
                    "packages": ROOT_PACKAGES},
    "linux-x86_64": {"suite": "bookworm", "arch": "amd64", "keep": False,
                     "packages": ["linux-image-cloud-amd64"],
                     "pattern": r"linux-image-\d"},
}


def fail(text):
    sys.exit("deps: " + text)


def say(text):
    print("  DEPS    " + text, file=sys.stderr, flush=True)


def archive():
    """The address of the Debian archive in this machine's apt sources."""
    wanted = set()
    release = Path("/etc/os-release").read_text()
    m = re.search(r"^VERSION_CODENAME=(\w+)", release, re.M)
    if m:
        wanted.add(m.group(1))
    wanted |= {"stable", "bookworm", "trixie"}
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            field = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza,
                                    re.M))
            if wanted & set(field.get("Suites", "").split()) and \
                    "main" in field.get("Components", "").split():
                return field["URIs"].split()[0].rstrip("/")
    lists = [Path("/etc/apt/sources.list"),
             *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))]
    for path in lists:
        if not path.exists():
            continue
        for line in path.read_text().splitlines():
            m = re.match(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)",
                         line)
            if m and m.group(2) in wanted and "main" in m.group(3).split():
                return m.group(1).rstrip("/")
    fail("no Debian archive in this machine's apt sources")


class PrivateApt:
    """apt with its own lists and no installed package, for one suite."""

    def __init__(self, base, suite, arch):
        self.root = base / ("apt-%s-%s" % (suite, arch))
        for sub in ("parts", "state/lists/partial", "cache/archives/partial"):
            (self.root / sub).mkdir(parents=True, exist_ok=True)
        (self.root / "state/status").touch()
        (self.root / "sources.list").write_text(
            "deb [arch=%s signed-by=%s] %s %s main\n" %
            (arch, KEYRING, archive(), suite))
        (self.root / "apt.conf").write_text("""
Dir::Etc::sourcelist "{0}/sources.list";
Dir::Etc::sourceparts "{0}/parts";
Dir::State "{0}/state";
Dir::State::status "{0}/state/status";
Dir::Cache "{0}/cache";
APT::Architecture "{1}";
APT::Architectures {{ "{1}"; }};
APT::Install-Recommends "0";
APT::Sandbox::User "root";
Acquire::Languages "none";
""".format(self.root, arch))
        self.updated = False

    def run(self, *args):
        if not self.updated:
            self.updated = True
            self.run("apt-get", "-qq", "update")
        env = dict(os.environ, APT_CONFIG=str(self.root / "apt.conf"),
                   LC_ALL="C")
        p = subprocess.run(args, env=env, text=True, capture_output=True)
        if p.returncode != 0:
            fail("%s: %s" % (" ".join(args), p.stderr.strip()))
        return p.stdout


def resolve(base, name):
    spec = SETS[name]
    apt = PrivateApt(base, spec["suite"], spec["arch"])
    text = apt.run("apt-get", "--print-uris", "-y", "install",
                   *spec["packages"])
    rows = []
    names = [m.group(1) for m in
             re.finditer(r"^'[^']+' ([^_\s]+)_\S+ \d+", text, re.M)]
    names = [n for n in names if n not in ROOT_WITHOUT]
    if "only" in spec:
        names = [n for n in names if n in spec["only"]]
    if "pattern" in spec:
        names = [n for n in names if re.match(spec["pattern"], n)]
    text = apt.run("apt-cache", "show", "--no-all-versions", *sorted(names))
    for stanza in text.strip().split("\n\n"):
        field = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", stanza, re.M))
        rows.append((name, field["Package"], field["Version"],
                     field["Size"], field["SHA256"], field["Filename"]))
    return sorted(rows)


def update(base, names):
    rows = []
    for name in sorted(SETS):
        rows += resolve(base, name) if name in names else locked(name)
    text = "".join("\t".join(r) + "\n" for r in rows)
    LOCK.write_text("# set, package, version, bytes, sha256, place in the "
                    "archive. Written by `make deps-update`.\n" + text)
    print("deps.lock: %d files" % len(rows))


def locked(name):
    rows = []
    for line in LOCK.read_text().splitlines():
        if not line.startswith("#"):
            row = tuple(line.split("\t"))
            if row[0] == name:
                rows.append(row)
    if not rows:
        fail("%s is not in deps.lock" % name)
    return rows


def digest_of(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()


def local(base, row):
    return base / "files" / Path(row[5]).name


def have(base, row):
    path = local(base, row)
    return path.exists() and digest_of(path) == row[4]


def download(base, rows):
    """Downloads what is missing; returns the rows that did not arrive."""
    (base / "files").mkdir(parents=True, exist_ok=True)
    missing = [r for r in rows if not have(base, r)]
    if not missing:
        return []
    args, uri = [], archive()
    for row in missing:
        local(base, row).unlink(missing_ok=True)
        args += ["%s/%s" % (uri, row[5]), str(local(base, row)),
                 "SHA256:" + row[4]]
    say("%d files, %d KiB" % (len(missing),
                              sum(int(r[3]) for r in missing) // 1024))
    env = dict(os.environ, LC_ALL="C")
    p = subprocess.run([APT_HELPER, "-q", "-o", "APT::Sandbox::User=root",
                        "-o", "Acquire::Retries=3", "download-file", *args],
                       env=env, text=True, capture_output=True)
    if "Hash Sum mismatch" in p.stderr:
        fail("a file differs from deps.lock:\n" + p.stderr)
    left = [r for r in missing if not have(base, r)]
    if left and len(left) < len(missing):
        return download(base, rows)
    if left:
        say(p.stderr.strip().replace("\n", "; ")[:400])
    return left


def fetch(base, name):
    rows = locked(name)
    left = download(base, rows)
    if not left:
        return rows
    what = ", ".join("%s %s" % (r[1], r[2]) for r in left)
    if os.environ.get("DEPS_STRICT") == "1":
        fail("not in the archive: " + what)
    say("the archive no longer has %s; taking its signed index's current "
        "version (make deps-update renews the lock)" % what)
    now = resolve(base, name)
    gone = download(base, now)
    if gone:
        fail("cannot be downloaded: " + ", ".join(r[1] for r in gone))
    return now


def unpack_libfdt(base, rows, out):
    """Takes one folder out of the archive inside the package."""
    script = r"""set -e
        dpkg-deb --fsys-tarfile "$1" |
        tar -xO --wildcards '*/linux-source-*.tar.xz' | xz -dc -T0 |
        tar -x -C "$2" --strip-components=4 --no-same-owner \
            --wildcards '*/scripts/dtc/libfdt/*.[ch]'"""
    subprocess.run(["sh", "-c", script, "sh", local(base, rows[0]), out],
                   check=True)
    # Its environment header is ours: tools/libfdt/libfdt_env.h.
    (out / "libfdt_env.h").unlink()


def unpack_newlib(base, rows, out):
    work = out / "deb"
    subprocess.run(["dpkg-deb", "-x", local(base, rows[0]), work], check=True)
    ball = next(work.glob("usr/src/newlib/*.tar.*"))
    subprocess.run(["tar", "-xf", ball, "-C", out, "--strip-components=1",
                    "--no-same-owner"], check=True)
    shutil.rmtree(work)


def payload_of_bzimage(image):
    """The ELF file in a bzImage: QEMU enters that one by its PVH note."""
    start = (image[0x1f1] + 1) * 512 + \
        struct.unpack_from("<I", image, 0x248)[0]
    size = struct.unpack_from("<I", image, 0x24c)[0]
    packed = image[start:start + size - 4]  # its length follows
    if packed[:4] != b"\x02\x21\x4c\x18":
        fail("a bzImage whose payload is not LZ4")
    return subprocess.run(["lz4", "-dc"], input=packed, check=True,
                          stdout=subprocess.PIPE).stdout


def unpack_linux(base, rows, out):
    """The kernel as QEMU loads it: gzip, or an EFI shell around it, off."""
    work = out / "deb"
    subprocess.run(["dpkg-deb", "-x", local(base, rows[0]), work], check=True)
    image = next(work.glob("boot/vmlinu?-*")).read_bytes()
    if image[:2] == b"MZ" and image[4:8] == b"zimg":
        start, size = struct.unpack_from("<II", image, 8)
        image = image[start:start + size]
    if image[:2] == b"\x1f\x8b":
        image = zlib.decompress(image, wbits=31)
    if image[0x202:0x206] == b"HdrS":
        image = payload_of_bzimage(image)
    (out / "Image").write_bytes(image)
    shutil.rmtree(work)


def unpack_root(base, rows, out):
    subprocess.run([sys.executable, TOOLS / "linuxroot.py", out,
                    *[local(base, r) for r in rows]], check=True)


def get(base, name):
    out, new = base / name, base / (name + ".new")
    mark = hashlib.sha256(repr(locked(name)).encode())
    if name.startswith("root-"):
        mark.update((TOOLS / "linuxroot.py").read_bytes())
    if (out / ".done").exists() and \
            (out / ".done").read_text() == mark.hexdigest():
        (out / ".done").touch()
        return
    rows = fetch(base, name)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    say("unpack " + name)
    unpack = unpack_root if name.startswith("root-") else \
        unpack_linux if name.startswith("linux-") else \
        globals()["unpack_" + name]
    unpack(base, rows, new)
    (new / ".done").write_text(mark.hexdigest())
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)
    if not SETS[name].get("keep", True):
        for row in rows:
            local(base, row).unlink()


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--dir", type=Path, required=True)
    ap.add_argument("command", choices=["get", "update"])
    ap.add_argument("sets", nargs="*", choices=[[], *SETS])
    args = ap.parse_args()
    base = args.dir.resolve()
    base.mkdir(parents=True, exist_ok=True)
    with open(base / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if args.command == "update":
            update(base, args.sets or list(SETS))
            return
        for name in args.sets:
            get(base, name)


if __name__ == "__main__":
    main()
