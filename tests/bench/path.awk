# SPDX-License-Identifier: GPL-2.0-only
# awk -v start=HEX [-v list=1] -f path.awk kallsyms LOG
# One call, from the instruction at @start, the system call's, up to the next time that
# it comes there: what QEMU executed (-d in_asm,exec, an instruction a block). Of many
# calls the shortest: the others had an interrupt. Prints the counts, and with list the
# instructions, each with its function.

# The function that an address of the kernel's is in: addresses are compared as text of
# one length.
function function_of(pc,    low, high, middle)
{
	low = 1
	high = symbols
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (address[middle] <= pc)
			low = middle
		else
			high = middle - 1
	}
	return address[low] <= pc ? symbol[low] : "?"
}

function end_of_call(    i)
{
	if (steps && (!best || steps < best)) {
		best = steps
		for (i = 1; i <= steps; i++)
			kept[i] = step[i]
	}
	steps = 0
}

FNR == NR {
	if ($2 ~ /^[tTwW]$/) {
		address[++symbols] = $1
		symbol[symbols] = $3
	}
	next
}

# 0xffffffff81e00080:  0f 01 f8                 swapgs
/^0x[0-9a-f]+: / {
	pc = sprintf("%016s", substr($1, 3, length($1) - 3))
	gsub(/ /, "0", pc)
	text = $0
	sub(/^0x[0-9a-f]+: +([0-9a-f][0-9a-f] )+ */, "", text)
	code[pc] = text
	next
}

# Trace 0: 0x7f... [cs_base/pc/flags/cflags] symbol
/^Trace / {
	split($0, part, /[][\/]/)
	pc = part[3]
	if (pc == first)
		end_of_call()
	else if (first == "" && pc ~ start "$")
		first = pc
	if (first != "")
		step[++steps] = pc
}

END {
	for (i = 1; i <= best; i++) {
		text = code[kept[i]]
		if (text ~ /^stac/)
			windows++
		else if (text ~ /^[lm]fence/)
			fences++
		else if (text ~ /^iret/)
			irets++
		else if (text ~ /^sysret/)
			sysrets++
		else if (text ~ /^wrmsr/)
			msrs++
		else if (text ~ /^lock|^xchg.*\[|^xchg.*\(/)
			atomics++
		if (list)
			printf "%5d %s  %-40s %s\n", i, kept[i], text, \
				kept[i] ~ /^ffff/ ? function_of(kept[i]) : ""
	}
	printf "%d,%d,%d,%d,%d,%d,%d\n", best, windows, fences, irets, sysrets, \
		msrs, atomics
}
