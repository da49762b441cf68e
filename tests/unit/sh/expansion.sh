set -e
f() { false; echo not; }
if f; then echo c; fi
f || echo caught
x=$(false) || echo sub
echo "${x:-"quoted default"}" "${x:+no}"
echo "a${x:-'single'}b"
echo ${x:-'single q'}
set --; echo "[$@]" "${@:-none}" "$*"
for i in "$@"; do echo never; done
for i; do echo never; done
case '*' in "*") echo lit;; esac
case 'ab' in a\*) echo bad;; a*) echo ok;; esac
case x in (x) echo paren;; esac
g() ( echo sub; exit 3 ); g || echo $?
echo $(case a in a) echo in;; esac)
echo "$(echo "nested $(echo "deep")")"
a=1; (a=2; echo $a); echo $a
{ echo x; echo y; } | while read l; do echo "got $l"; done
cat <<A; cat <<B
one
A
two
B
echo a; ! true && echo no || echo neg
i=0; while :; do i=$((i+1)); case $i in 3) break;; esac; done; echo $i
for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done
echo `echo a\`echo b\``
IFS=' :'; x='a : b:c  d'; for i in $x; do echo "<$i>"; done; unset IFS
x="  lead"; for i in $x; do echo "<$i>"; done
x=; for i in $x "" '' "$x"; do echo "<$i>"; done
set -- "" a; echo $#; for i in "$@"; do echo "<$i>"; done
printf '%b|%c|%s\n' 'a\tb' xyz 'k' ; printf '%s ' 1 2 3; echo
printf '%03d %+d %o\n' 7 8 9
umask 022; umask; umask -S
export A=1; readonly R=2; (R=3) 2>/dev/null || echo ro
getopts_t() { OPTIND=1; while getopts ab:c o "$@"; do echo "$o ${OPTARG-}"; done; shift $((OPTIND-1)); echo "rest $*"; }
getopts_t -a -b val -cb x rest more
echo $((2+3)) $((a+=1)) $(( (1+2)*3 )) $((!0)) $((~0)) $((-3/2)) $((7%-3))
alias ll='echo aliased'
ll x
alias a1='a2 ' a2='echo' a3=word
a1 a3
unalias ll
exec 3>o3; echo to3 >&3; exec 3>&-; cat o3
exec 4<o3; read l <&4; echo $l; exec 4<&-
echo x 2>&1 >/dev/null | cat
(echo out; echo err >&2) 2>&1 | sort
trap 'echo usr1' USR1; kill -USR1 $$; echo after
trap - USR1
h() { trap 'echo in-exit' EXIT; }; h
wait
eval "echo a; echo b"
[ a = a -a b = b ] && echo and; [ a = b -o b = b ] && echo or; [ \( a = a \) ] && echo par
test -z "" && test -n x && echo zn
[ 3 -gt 2 ] && [ 2 -le 2 ] && echo num
x=abcabc; echo ${x%b*} ${x%%b*} ${x#*b} ${x##*b} "${x%"c"}"
p='a*b'; echo "${p#"a*"}" "${p%\*b}"
echo "$((1 + $(echo 2)))"
echo \
  continued
echo a \
# not comment
echo "multi
line"
echo abc#def # comment
if true; then :; fi
if false; then echo; else echo else; fi
[ -t 0 ] || echo notty
set -f; echo /*; set +f
set -x; : trace 2>/dev/null; set +x
echo done; false
echo unreachable
