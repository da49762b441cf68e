#!/bin/sh
# Builds newlib, the C library of native programs, for one architecture:
#
#   newlib.sh ARCH SOURCE OVERLAY OUT CC [FLAGS...]
#
# SOURCE is the unpacked package newlib-source, OVERLAY the folder of headers
# that replace newlib's where Carmine has more (user/lib/include). OUT gets
# include/ and lib/{libc.a,libm.a}. Calls are left undefined: user/lib brings
# them under their POSIX names. About 45 s of one CPU.
set -eu

arch=$1 src=$(realpath "$2") overlay=$(realpath "$3") out=$(realpath -m "$4")
cc=$5
shift 5
cross=$(echo "$cc" | sed 's/gcc$//')
# Two builds may share OUT: each works aside, the first one done counts.
work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT
new=$work/new
mkdir -p "$work/build" "$new/include" "$new/lib"

# The package's tree is left alone; only what newlib needs is linked.
cp -r "$src/newlib" "$work/newlib"
for f in config.guess config.sub install-sh mkinstalldirs missing compile \
    depcomp ltmain.sh config-ml.in symlink-tree ylwrap; do
	test ! -e "$src/$f" || cp "$src/$f" "$work/"
done
ln -s "$src/config" "$work/config"

# No system calls of newlib's own, no signals simulated in the library.
sed -i 's/^# Use defaults for certain settings if not.*/syscall_dir=\
newlib_cflags="$newlib_cflags -DMISSING_SYSCALL_NAMES -DSIGNAL_PROVIDED"\
newlib_cflags="$newlib_cflags -DHAVE_BLKSIZE"\
newlib_cflags="$newlib_cflags -DHAVE_FCNTL -DHAVE_RENAME -DHAVE_SYSTEM"\
&/' "$work/newlib/configure.host"

# The operand "-" is no option.
getopt=$work/newlib/libc/stdlib/getopt.c
sed -i "s/(argv_element\[0\] == '-')/(argv_element[0] == '-' \&\& \
	      argv_element[1] != 0)/" "$getopt"
grep -q 'argv_element\[1\] != 0' "$getopt" ||
    { echo "newlib.sh: getopt.c is another one" >&2; exit 1; }

# OVERLAY wins over newlib's headers for the library as for programs: newlib's
# makefiles put their own folders behind what CC says.
cflags="-O2 -g0 -ffunction-sections -fdata-sections -fno-pic -fno-builtin \
-fno-stack-protector -fno-common -w -D__DYNAMIC_REENT__ \
-U__linux__ -U__linux -Ulinux -U__gnu_linux__ $*"

cd "$work/build"
CC="$cc -I$overlay" AR="${cross}ar" RANLIB="${cross}ranlib" AS="${cross}as" \
CFLAGS="$cflags" ../newlib/configure --host="$arch-carmine-elf" \
    --prefix="$work/inst" --disable-multilib \
    --disable-newlib-supplied-syscalls \
    --enable-newlib-retargetable-locking --enable-newlib-reent-small \
    --enable-newlib-io-long-long --enable-newlib-io-c99-formats \
    --enable-newlib-io-pos-args --enable-newlib-mb \
    --enable-newlib-global-atexit \
    --disable-dependency-tracking > configure.log 2>&1 ||
    { tail -20 configure.log >&2; exit 1; }
make -j2 > make.log 2>&1 || { grep -a "error:" make.log >&2; exit 1; }

# Parts of newlib that its configuration keeps for other systems.
mkdir posix
for f in regcomp regexec regerror regfree collate collcmp fnmatch glob \
    execl execle execlp execv execvp; do
	"$cc" -I"$overlay" $cflags -I. -Itarg-include -I../newlib/libc/include \
	    -I../newlib/libc/posix \
	    -D_COMPILING_NEWLIB -DMISSING_SYSCALL_NAMES -D_GNU_SOURCE \
	    -c "../newlib/libc/posix/$f.c" -o "posix/$f.o"
done
"${cross}ar" rcs libc.a posix/*.o
# What user/lib does itself.
for f in getreent lock environ raise remove rename system; do
	"${cross}ar" d libc.a "lib_a-$f.o"
done

cp -r ../newlib/libc/include/. "$new/include/"
cp -rf targ-include/. "$new/include/"
cp libc.a libm.a "$new/lib/"
touch "$new/.done"
test -e "$out/.done" || { rm -rf "$out"; mv -T "$new" "$out"; }
