echo hello world
x=5; y="a b  c"; echo $y "$y" '$y'
for i in 1 2 3; do echo $i; done
if [ $x -eq 5 ]; then echo five; elif true; then echo no; else echo other; fi
while [ $x -gt 2 ]; do x=$((x-1)); echo $x; done
f() { local z=1; echo f $1 $# "$@"; return 3; }
f a b "c d"; echo $?
case abc in a*) echo A;; *) echo B;; esac
echo $(echo sub `echo back`)
cat <<E
hi $x ${y:-def} $(echo cmd) \$x
E
cat <<'E'
hi $x
E
cat <<-E
	tabbed
	E
echo one | cat | wc -l
false || echo or; true && echo and
! false; echo $?
(exit 4); echo $?
{ echo grp; } > o1; cat o1
echo ${y#a } ${y%c} ${#y} ${unset:-def} ${unset:=set} $unset
p=/a/b/c.txt; echo ${p##*/} ${p%/*} ${p%%/*} ${p#*/}
set -- 1 "2 3" 4; echo $# "$2"; shift; echo "$*"; IFS=:; echo "$*"; unset IFS
echo $((1+2*3)) $((10/3)) $((10%3)) $((1<<4)) $((x=7)) $x $((x>5&&x<10)) $((0x1f)) $((1?2:3))
IFS=:; for i in a:b::c; do echo [$i]; done; v=a:b::c; for i in $v; do echo "[$i]"; done; unset IFS
trap 'echo bye' EXIT
echo a > o2; echo b >> o2; cat < o2
echo err >&2 2>/dev/null
printf '%s-%d|%5s|%-5s|%x\n' a 5 b c 255
eval 'echo ev $x'
sleep 0.1 & wait $!; echo w $?
read a b <<E
foo bar baz
E
echo "$a|$b"
export FOO=bar; env | grep FOO
FOO=tmp sh -c 'echo $FOO'; echo $FOO
unset FOO; echo "[${FOO-unset}]"
echo * | wc -w > /dev/null
until false; do break; done
for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done
echo "$@"
a='x y'; b=$a; echo "$b"
type cd
command -v ls
echo 'it'"'"'s'
echo "a\"b" 'c\d' e\ f
[ ! -d /nonexist ] && echo notdir
while read l; do echo "L:$l"; done <<E
1 a
2 b
E
echo $'x' >/dev/null
