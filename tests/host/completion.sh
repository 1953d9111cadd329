#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: completion.sh    TAP: bash completes sudctl's commands and their options, and
# every command is in the man page. One that was built without the kernel's headers says so.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../scripts/lib.sh"

"$tree/scripts/build-tests"

# Runs in there, where the program was compiled.
# shellcheck disable=SC2016
try_all='
PATH=/sud/build/guest:$PATH
. /sud/tools/sudctl/completion/sudctl
n=0
# completes WANTED WORD...    the last word is being typed
completes()
{
	n=$((n + 1))
	wanted=$1
	shift
	COMP_WORDS=(sudctl "$@")
	COMP_CWORD=$#
	_sudctl
	got=$(printf "%s\n" "${COMPREPLY[@]}" | sort -u | paste -s -d " " -)
	if [ "$got" = "$wanted" ]; then
		echo "ok $n - sudctl $*"
	else
		echo "# \"$got\", not \"$wanted\""
		echo "not ok $n - sudctl $*"
	fi
}
completes status sta
completes doctor doc
completes --version --v
completes help hel
completes status help sta
completes "" help --v
completes "--help --json" status --
completes --json doctor --j
completes "" status x
for command in $(sudctl help | sed -n "/^Commands:/,/^\$/s/^  \([a-z]*\) .*/\1/p"); do
	n=$((n + 1))
	grep -q "^\*sudctl $command\*" /sud/docs/sudctl.1.scd || printf "not "
	echo "ok $n - the man page has $command"
	n=$((n + 1))
	sudctl help "$command" | grep -q "^usage: sudctl $command" || printf "not "
	echo "ok $n - sudctl help $command"
done
make -s -C tools O=/tmp/without SYSCALLS_H= /tmp/without/sudctl >/dev/null
for command in trace inject; do
	n=$((n + 1))
	got=$(/tmp/without/sudctl $command true 2>&1)
	[ $? -eq 1 ] && [ "${got#*built without $command: }" != "$got" ] || printf "not "
	echo "ok $n - built without headers of the kernel: sudctl $command"
done
echo "1..$n"
'
exec "$tree/scripts/roots/in-root" tools bash -c "$try_all"
