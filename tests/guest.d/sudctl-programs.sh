#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# sudctl trace of programs that people use, of several languages: the calls are those that
# strace sees, and what they print is what they print without.
# shellcheck source=tests/traced/same.sh
. /tests/same.sh
bin=/tests/programs/bin
[ -d $bin ] || skip_all "the programs are not there: run scripts/roots/programs"
export LD_LIBRARY_PATH=/tests/programs/lib

project=/tmp/project
mkdir $project
for i in 1 2 3; do
	printf '#include <stdio.h>\nint f%d(void)\n{\n\treturn puts("%d");\n}\n' $i $i \
		>$project/f$i.c
done
printf 'all.a: f1.o f2.o f3.o\n\tar rcs $@ $^\n' >$project/Makefile
git() { tools-run HOME=/tmp GIT_TEMPLATE_DIR= $bin/git -C $project "$@"; }
git init -q
git add .
git -c user.name=n -c user.email=n@example -c maintenance.auto=false commit -q -m first
echo '/* changed */' >>$project/f2.c

# The compiler's heap grows and shrinks by where ASLR has put it, a call more or less in 1 of
# 120 runs, with strace alone: with room enough it does neither.
export MALLOC_TOP_PAD_=67108864 MALLOC_TRIM_THRESHOLD_=134217728
same exact gcc gcc -c -O2 -o /tmp/f1.o $project/f1.c
prepare() { rm -f $project/*.[oa]; }
same loose "make -j4" make -C $project -j4
unset MALLOC_TOP_PAD_ MALLOC_TRIM_THRESHOLD_
prepare() { :; }
same exact git $bin/git -C $project status
prepare() { rm -f base; }
same exact sqlite3 $bin/sqlite3 /tmp/base 'create table t(a, b); insert into t values(1, "x");
	insert into t select a + 1, b from t; create index i on t(a); select count(*), sum(a) from t'
prepare() { :; }
same exact "luajit, which compiles as it runs" $bin/luajit -e 'local sum = 0
for i = 1, 2000000 do sum = sum + i % 7 end
print(sum) for line in io.lines("/tmp/project/Makefile") do print(line) end'
same pool "Go, static" $bin/shfmt -l /tests/guest.d
same loose "Rust, with threads" $bin/fdfind -j1 . /etc/apt -X echo
finished
