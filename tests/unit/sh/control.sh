echo start
(sleep 0.2; echo bg) &
echo "fg"
wait
x=`echo 'a  b'`; echo "$x"
y=$(printf 'l1\nl2\n\n\n'); echo "[$y]"
echo $(printf 'l1\nl2')
ls /nonexist 2>/dev/null || echo nols
echo $?
f() { return 5; }; f; echo $?
sh -c 'exit 7'; echo $?
sh -c 'kill -9 $$'; echo $?
: ${A=x}; echo $A
echo ${A?msg}
(: ${NOTSET?custom message}) 2>&1 | sed 's/^[^N]*//'
(set -u; echo $NOTSET2; echo no) 2>/dev/null; echo $?
cat /dev/null | wc -c
echo a b c | { read x y; echo "$y"; }
while true; do echo loop; break; done | cat
echo "$(cat <<E
in heredoc $A
E
)"
cat <<"E"
$A `x` \z
E
cat <<E
\$A `echo bq` $((1+1)) "q" 'q' \\ \z
E
echo ${#A} ${A:+plus}
unset A; echo ${A-unset} ${A:-empty}
case "" in "") echo empty;; esac
case a in b) ;; a) echo multi;; esac
case x in a|x|b) echo alt;; esac
case -f in -[a-f]) echo rng;; esac
case 5 in [[:digit:]]) echo dig;; esac
case ] in []]) echo br;; esac
case b in [!a]) echo neg;; esac
true | false; echo $?
false | true; echo $?
! true | false; echo $?
echo a>o4 b; cat o4
2>&1 echo pre
echo hi >o5; wc -c <o5
f2() { echo "in $1"; } >o6; f2 z; cat o6
echo $0 | sed 's/.*\///'
shift 2>/dev/null; echo $#
set a b c; echo $3; set -- x; echo $1
unset -f f; f 2>/dev/null; echo $?
read x </dev/null; echo $?
printf 'a\\b c\n' | { read x y; echo "$x,$y"; }
printf 'a\\b c\n' | { read -r x y; echo "$x,$y"; }
printf ' a:b:c ' | { IFS=: read x y; echo "[$x][$y]"; }
echo "a'b" 'a"b'
v=1 w=2; echo $v$w
echo ${v}x $v.x "$v"x
for i in a b; do
	echo $i
done > o7; cat o7
while read a; do echo "r $a"; done < o7
k=3; while [ $k -gt 0 ]; do k=$((k - 1)); done; echo $k
echo $((010)) $((0x10))
x=5; echo $((x)) $(($x+1)) $((x>3?1:0))
trap 'echo exit $?' 0
exit 3
