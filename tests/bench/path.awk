# SPDX-License-Identifier: GPL-2.0-only
# awk -v kernel=NAME -v start=HEX16 [-v list=1] -f path.awk SYMBOLS WAY.log...
# One call of each way, from the instruction at @start up to the next time that it
# comes there: what QEMU executed (-d in_asm,exec, an instruction a block). Of many
# calls the shortest: the others had an interrupt. Prints what is in it as lines of
# kernel,way,instructions,..., and with list the instructions, each with its function.

# Addresses are compared as text of one length.
function padded(hex)
{
	return substr("0000000000000000", 1, 16 - length(hex)) hex
}

# The function that an address of the kernel's is in.
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
	return symbols && address[low] <= pc ? symbol[low] : "?"
}

# An exchange with memory is atomic without the prefix.
function is_atomic(text)
{
	return text ~ /^lock/ || \
		(text ~ /^xchg/ && text !~ /^xchg[bwlq]? +%[a-z0-9]+, %[a-z0-9]+$/)
}

# The first calls were under way, or made by longer blocks, as the log began.
function end_of_call(    i)
{
	if (calls++ > 2 && (!best || steps < best)) {
		best = steps
		for (i = 1; i <= steps; i++)
			kept[i] = step[i]
	}
	steps = 0
}

function end_of_way(    i, text, n)
{
	if (!best) {
		print way ": the log has no whole call" >"/dev/stderr"
		failed = 1
	}
	for (i = 1; i <= best; i++) {
		text = code[kept[i]]
		if (text == "") {
			print way ": nothing was logged of " kept[i] >"/dev/stderr"
			failed = 1
		}
		if (text ~ /^stac/)
			n["access"]++
		else if (text ~ /^[lms]fence/)
			n["fence"]++
		else if (text ~ /^iret/)
			n["iret"]++
		else if (text ~ /^sysret/)
			n["sysret"]++
		else if (text ~ /^wrmsr/)
			n["wrmsr"]++
		else if (is_atomic(text))
			n["atomic"]++
		if (list)
			printf "%5d %s  %-40s %s\n", i, kept[i], text, \
				kept[i] ~ /^ffff/ ? function_of(kept[i]) : ""
	}
	printf "%s,%s,%d,%d,%d,%d,%d,%d,%d\n", kernel, way, best, n["access"], \
		n["fence"], n["iret"], n["sysret"], n["wrmsr"], n["atomic"]
}

FNR == 1 && FILENAME ~ /\.log$/ {
	if (way != "")
		end_of_way()
	way = FILENAME
	sub(/^.*\//, "", way)
	sub(/\.log$/, "", way)
	calls = best = steps = 0
}

way == "" {
	address[++symbols] = $1
	symbol[symbols] = $3
	next
}

# 0xffffffff81e00080:  0f 01 f8                 swapgs
/^0x[0-9a-f]+: / {
	text = $0
	sub(/^0x[0-9a-f]+: +([0-9a-f][0-9a-f] )+ */, "", text)
	code[padded(substr($1, 3, length($1) - 3))] = text
	next
}

# Trace 0: 0x7f... [cs_base/pc/flags/cflags] symbol
/^Trace / {
	split($0, part, "/")
	if (part[2] == start)
		end_of_call()
	step[++steps] = part[2]
}

END {
	if (way != "")
		end_of_way()
	exit failed
}
