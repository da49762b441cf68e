#!/usr/bin/python3
"""Makes a Linux root file system of Debian packages, without running any of
their programs.

    linuxroot.py DIR PACKAGE.deb...

The packages are unpacked, what a small system does not need (documentation,
translations) is left out, and what their maintainer scripts would have made
is made here: alternatives, the user database, the package database.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

# Left out, and said in the package database's own terms: path-exclude.
WITHOUT = """usr/share/doc usr/share/man usr/share/info usr/share/locale
    usr/share/lintian usr/share/bug usr/share/menu usr/share/bash-completion
    usr/share/pixmaps usr/share/applications usr/share/icons
    usr/share/doc-base usr/share/common-licenses usr/share/zsh
    usr/share/initramfs-tools etc/systemd lib/systemd usr/lib/systemd
    usr/lib/riscv64-linux-gnu/gconv usr/lib/aarch64-linux-gnu/gconv
    usr/lib/x86_64-linux-gnu/gconv usr/share/vim/vim91/doc
    usr/share/polkit-1 usr/share/base-passwd usr/share/debianutils
    etc/init.d etc/cron.daily etc/logrotate.d""".split()

# What update-alternatives would link.
LINKS = {
    "usr/bin/awk": "mawk", "usr/bin/nawk": "mawk",
    "usr/bin/vi": "vim.tiny", "usr/bin/vim": "vim.tiny",
    "usr/bin/view": "vim.tiny", "usr/bin/ex": "vim.tiny",
    "usr/bin/lua": "lua5.4",
    "usr/bin/sh": "dash",
}

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
GROUP = """root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
utmp:x:43:
www-data:x:33:
users:x:100:
nogroup:x:65534:
"""


def deb(*args):
    return subprocess.run(["dpkg-deb", *args], check=True,
                          capture_output=True, text=True).stdout


def unpack(root, package):
    subprocess.run(["dpkg-deb", "-x", package, root], check=True)


def record(root, package):
    """Enters a package in the root's dpkg database."""
    control = deb("-f", package)
    field = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", control, re.M))
    name = field["Package"]
    if field.get("Multi-Arch") == "same":
        name += ":" + field["Architecture"]
    entry = re.sub(r"^(Package: .*)$", r"\1\nStatus: install ok installed",
                   control.rstrip("\n"), count=1, flags=re.M)
    files = ["/."]
    for line in deb("-c", package).splitlines():
        path = line.split(None, 5)[5].split(" -> ")[0]
        path = path[1:].rstrip("/")
        if path and not path[1:].startswith(tuple(WITHOUT)):
            files.append(path)
    db = root / "var/lib/dpkg"
    (db / "info").mkdir(parents=True, exist_ok=True)
    # Format 1: lists of what can be there in two architectures name theirs.
    (db / "info" / "format").write_text("1\n")
    (db / "info" / (name + ".list")).write_text("\n".join(files) + "\n")
    with open(db / "status", "a") as status:
        status.write(entry + "\n\n")


def prune(root):
    for name in WITHOUT:
        path = root / name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)


def finish(root):
    for name, target in LINKS.items():
        path = root / name
        if path.exists() and not path.is_symlink():
            continue
        if (path.parent / target).exists():
            path.unlink(missing_ok=True)
            path.symlink_to(target)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/group").write_text(GROUP)
    (root / "etc/hostname").write_text("carmine\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost carmine\n"
                                    "::1 localhost\n")
    (root / "etc/nsswitch.conf").write_text(
        "passwd: files\ngroup: files\nhosts: files dns\n")
    (root / "etc/shells").write_text("/bin/sh\n/bin/bash\n")
    (root / "var/lib/dpkg/available").touch()
    (root / "var/lib/dpkg/arch").unlink(missing_ok=True)
    for name in ("dev proc sys tmp root home run system mnt var/tmp "
                 "var/log var/cache").split():
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    (root / "root").chmod(0o700)


def main():
    root = Path(sys.argv[1])
    packages = [Path(p) for p in sys.argv[2:]]
    # base-files brings the links of the merged /usr, so it goes first.
    packages.sort(key=lambda p: (not p.name.startswith("base-files_"),
                                 p.name))
    for package in packages:
        unpack(root, package)
        record(root, package)
    prune(root)
    finish(root)


if __name__ == "__main__":
    main()
