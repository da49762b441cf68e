#!/bin/sh
# Installs what this build needs and the machine lacks (Debian 12, as root).
# usage: setup.sh [run|test|gdb|check]...
# ARCH, if set, is the machine to build for.
set -eu

packages="gcc libc6-dev make gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
qemu-system-misc qemu-system-data python3 xz-utils debian-archive-keyring"
case ${ARCH:-} in
aarch64) packages="$packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	qemu-system-arm" ;;
x86_64) packages="$packages qemu-system-x86 lz4" ;;
esac
for goal; do
	case $goal in
	test) packages="$packages clang lld llvm libclang-rt-14-dev
		python3-pytest qemu-user-static cpio qemu-system-x86
		gcc-aarch64-linux-gnu libc6-dev-arm64-cross
		qemu-system-arm" ;;
	gdb) packages="$packages gdb-multiarch" ;;
	check) packages="$packages clang clang-format lld cppcheck" ;;
	esac
done

missing=
for p in $packages; do
	case $(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null) in
	installed) ;;
	*) missing="$missing $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "setup: not root; please install:$missing" >&2
	exit 1
fi
echo "setup: installing$missing" >&2
exec >&2
apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
    --no-install-recommends $missing
