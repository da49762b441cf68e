# mistakes have a status and do not end more than they should
(no_such_command_here) 2>/dev/null; echo $?
(/) 2>/dev/null; echo $?
sh_syntax() { eval 'if then' 2>/dev/null; }
(sh_syntax); echo "status $?"
(echo ${x?unset}) 2>/dev/null; echo $?
(readonly r=1; r=2) 2>/dev/null; echo $?
(echo $((1 / 0))) 2>/dev/null; echo $?
(shift 5) 2>/dev/null; [ $? -ne 0 ] && echo shift
cat < /no/such/file 2>/dev/null || echo redirect
no_such_command_here 2>/dev/null | cat; echo "pipe $?"
(exit 300); echo $?
kill -0 999999999 2>/dev/null || echo kill
(set -e; false; echo not reached); echo $?
(set -e; ! true; echo reached); echo $?
(set -e; if false; then :; fi; false && true; echo reached); echo $?
(set -u; echo "$nope") 2>/dev/null; [ $? -ne 0 ] && echo nounset
sh -c 'kill -TERM $$' ; echo $?
break 2>/dev/null; echo "break $?"
