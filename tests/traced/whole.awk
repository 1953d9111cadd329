# SPDX-License-Identifier: GPL-2.0-only
# usage: awk -f whole.awk TRACE    what strace -f -o or sudctl trace -f -o wrote, process by
# process, and a line that strace writes in two pieces as one. One whose second piece never
# came is left out.
/<unfinished \.\.\.>$/ {
	sub(/ *<unfinished \.\.\.>$/, "")
	begun[$1] = $0
	next
}
/^[0-9]+ +<\.\.\. [a-z0-9_]+ resumed>/ {
	process = $1
	sub(/^[0-9]+ +<\.\.\. [a-z0-9_]+ resumed>/, "")
	$0 = begun[process] $0
}
!($1 in lines) { order[++processes] = $1 }
{ lines[$1] = lines[$1] $0 "\n" }
END {
	for (i = 1; i <= processes; i++)
		printf "%s", lines[order[i]]
}
