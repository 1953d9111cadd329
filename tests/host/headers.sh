#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: headers.sh    TAP: each header of include/ compiles alone, in every standard of
# C and in C++, with gcc, clang and musl's libc, and without _GNU_SOURCE.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../scripts/lib.sh"

"$tree/scripts/roots/build-root" compilers

# Runs there. musl-gcc looks for no headers but musl's, and these need the kernel's.
# shellcheck disable=SC2016
try_all='
. scripts/ktap.sh
log=/tmp/errors
try()
{
	echo "#include <$header>" | "$@" -pedantic-errors -Wall -Wextra \
		-Werror -Iinclude -fsyntax-only - >$log 2>&1
	result $? "$header: $*"
}
for name in linux asm asm-generic; do
	mkdir -p /tmp/kernel
	ln -s "$(ls -d /usr/include/x86_64-linux-gnu/$name /usr/include/$name 2>/dev/null |
		head -n 1)" /tmp/kernel/$name
done
for header in sud_uapi.h sud.h; do
	for std in c89 c99 c11 c17 c2x; do
		try gcc -std=$std -x c
		try clang -std=$std -x c
		try musl-gcc -std=$std -idirafter /tmp/kernel -x c
	done
	for std in c++98 c++11 c++20; do
		try g++ -std=$std -x c++
		try clang++ -std=$std -x c++
	done
done
finished
'
exec "$tree/scripts/roots/in-root" compilers sh -c "$try_all"
