# cd, pwd, globbing, completion of patterns
mkdir -p d/e 'd/a b' && cd d && pwd | sed 's,.*/d$,in d,'
cd e; cd ..; cd - > /dev/null; pwd | sed 's,.*/d/e$,in e,'; cd ../..
touch d/x.c d/y.c d/.hidden d/z.h
echo d/*.c; echo d/[xz].?; echo d/*; echo d/.h*; echo d/*/; echo none*
for f in d/a*; do echo "<$f>"; done
echo "d/*.c" 'd/*.c' d/\*.c
set -f; echo d/*.c; set +f
cd nowhere 2>/dev/null || echo refused
test -d d && test -f d/x.c && test ! -e d/none && echo kinds
[ d/x.c -ef d/../d/x.c ] && echo same
echo x > d/out; echo y >> d/out; wc -l < d/out | tr -d ' '
set -C; (echo z > d/out) 2>/dev/null || echo kept; echo z >| d/out; cat d/out
