#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: no_vectors.sh    TAP: what libsud compiles under no_vectors.h uses no vector
# register, with gcc and clang, however much they optimize.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../scripts/lib.sh"

"$tree/scripts/roots/build-root" compilers

# Runs there. FS is what a thread may not have as it asks.
# shellcheck disable=SC2016
try_all='
. scripts/ktap.sh
log=/tmp/errors
try()
{
	"$@" -Wall -Wextra -Werror -D_GNU_SOURCE -fno-stack-protector -fPIC -Iinclude \
		-c -o /tmp/object.o "tools/libsud/$file" >$log 2>&1 &&
		objdump -d /tmp/object.o >/tmp/code &&
		grep -q "<sud_" /tmp/code &&
		! grep -E "$forbidden" /tmp/code >$log
	result $? "$file: $*"
}
for file in channel_ask.c native.c; do
	forbidden="%[xyz]?mm[0-9]|%st"
	[ $file = native.c ] || forbidden="$forbidden|%fs"
	for cc in gcc clang; do
		for level in -O0 -O2 -O3 "-O3 -march=x86-64-v3"; do
			try $cc $level
		done
	done
done
finished
'
exec "$tree/scripts/roots/in-root" compilers sh -c "$try_all"
