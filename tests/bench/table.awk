# SPDX-License-Identifier: GPL-2.0-only
# awk -f table.awk [-v kernels_file=scripts/kernels] labels bench.csv
# Prints what each way costs, and what that is to a plain call: in time where time was
# measured, and where instructions were counted, as an estimate by what else is in the
# call. Then the ratios; with the kernels' table, also what they are to be.

function has(k, way) { return (k, way) in cost }

function rule(text,    i)
{
	line = sprintf("\n%-*s", wide, text)
	for (i = 1; i <= kernels; i++)
		line = line sprintf("%*s", column, kernel[i])
	print line
	gsub(/./, "-", line)
	print substr(line, 2)
}

# Prints a row of the values of each kernel, if there is one, and forgets them.
# Judges by what is printed. @sense: "<=" or ">="; then the targets of kernels that
# have no SUD of their own, the exclusive mode alone, and both.
function row(name, format, sense, none, exclusive, inclusive,
	     i, v, t, text, any)
{
	t["none"] = none
	t["exclusive"] = exclusive
	t["inclusive"] = inclusive
	line = sprintf("%-*s", wide, name)
	for (i = 1; i <= kernels; i++) {
		text = "-"
		if (i in value) {
			any = 1
			text = sprintf(format, value[i])
			v = t[native[kernel[i]]]
			if (v != "")
				text = text " (" sense " " v ") " \
					judge(text + 0, sense, v + 0)
		}
		line = line sprintf("%*s", column, text)
	}
	if (any)
		print line
	for (i in value)
		delete value[i]
}

function judge(v, sense, t)
{
	if (sense == "<=" ? v <= t : v >= t)
		return "pass"
	missed++
	return "MISS"
}

function ratio(name, over, under, sense, a, b, c,    i, k)
{
	for (i = 1; i <= kernels; i++) {
		k = kernel[i]
		if (has(k, over) && has(k, under) && cost[k, under] > 0)
			value[i] = cost[k, over] / cost[k, under]
	}
	row(name, "%.3f", sense, a, b, c)
}

function more(name, over, under, sense, a, b, c,    i, k)
{
	for (i = 1; i <= kernels; i++) {
		k = kernel[i]
		if (has(k, over) && has(k, under))
			value[i] = cost[k, over] - cost[k, under]
	}
	row(name, "%.0f", sense, a, b, c)
}

# The way that the row of @way shows for @k: one may have been measured with the module
# only.
function shown(k, way)
{
	return has(k, way) || (way "_loaded") in label ? way : way "_loaded"
}

# Where the module cannot be unloaded, a plain call was measured with it only.
function plain(k)
{
	return has(k, "plain") ? cost[k, "plain"] : \
		has(k, "plain_loaded") ? cost[k, "plain_loaded"] : 0
}

# An estimate: docs/performance.md has the formula, and where its figures are from. None
# of a call that enters user mode more than once, by a signal or in another task.
function estimate(k, way,    n)
{
	split(beside[k, way], n, " ")
	if (n[3] + n[4] != 1 || n[5])
		return ""
	return cost[k, way] / plain(k) + 0.11 * n[1] + 0.13 * n[2] + \
		0.18 * n[3]
}

function ways_beside(    w, i, k)
{
	column = 18
	rule("user access, fences, IRET, SYSRET, WRMSR, atomic operations")
	for (w = 1; w <= ways; w++) {
		for (i = 1; i <= kernels; i++) {
			k = kernel[i]
			if ((k, shown(k, way[w])) in beside)
				value[i] = beside[k, shown(k, way[w])]
		}
		row(label[way[w]], "%s")
	}
}

function ways_to_plain(title, estimated,    w, i, k, v, this)
{
	column = 12
	rule(title)
	for (w = 1; w <= ways; w++) {
		for (i = 1; i <= kernels; i++) {
			k = kernel[i]
			this = shown(k, way[w])
			if (!has(k, this) || !plain(k))
				continue
			v = estimated ? estimate(k, this) : cost[k, this] / plain(k)
			if (v != "")
				value[i] = v
		}
		row(label[way[w]], "%.2f")
	}
}

# What this machine could not tell.
function ways_missing(    w, i, any)
{
	for (w = 1; w <= ways; w++) {
		any = 0
		for (i = 1; i <= kernels; i++)
			any += has(kernel[i], shown(kernel[i], way[w])) || \
				has(kernel[i], way[w] "_ns")
		if (!any)
			print (missing++ ? "" : "\nnot measured here:\n") "  " \
				label[way[w]]
	}
}

# What is in a call beside instructions: @first and @second say which of it.
function events(name, way, first, second, most,    i, n)
{
	for (i = 1; i <= kernels; i++)
		if ((kernel[i], way) in beside) {
			split(beside[kernel[i], way], n, " ")
			value[i] = n[first] + n[second]
		}
	row(name, "%.0f", "<=", most, most, most)
}

# What asks a supervisor in another process, to seccomp's way of doing it, by the time or the
# count that @suffix stands for.
function supervised(name, way, what, suffix,    t, many)
{
	t = suffix == "" ? "0.9" : ""
	ratio(name " / seccomp user_notif" what, way suffix, \
		"seccomp_notify" suffix, "<=", t, t, t)
	ratio("the same, SYNC_WAKE_UP", way suffix, "seccomp_notify_sync" suffix)
	t = suffix == "" ? "0.5" : ""
	many = suffix
	sub(/(_ns)?$/, "_of_16&", many)
	ratio("16 threads call: " name " / seccomp user_notif" what, \
		way many, "seccomp_notify" many, "<=", t, t, t)
	ratio("the same, SYNC_WAKE_UP", way many, "seccomp_notify_sync" many)
}

function listeners(what, suffix)
{
	supervised("a listener", "sud_notify", what, suffix)
	supervised("a channel", "sud_channel", what, suffix)
}

# A way and, after a tab, what it is called.
/^#/ { next }

FNR == NR {
	split($0, f, "\t")
	way[++ways] = f[1]
	label[f[1]] = f[2]
	if (length(f[2]) + 2 > wide)
		wide = length(f[2]) + 2
	next
}

{ split($0, f, ",") }

FNR == 1 { unit = f[3]; next }

{
	if (!seen[f[1]]++)
		kernel[++kernels] = f[1]
	cost[f[1], f[2]] = f[3]
	if (f[4] != "")
		beside[f[1], f[2]] = f[4] " " f[5] " " f[6] " " f[7] " " f[8] " " f[9]
}

END {
	while (kernels_file && (getline <kernels_file) > 0) {
		for (i = 1; /^#line/ && i <= NF; i++)
			at[$i] = i
		if (!/^#/ && NF)
			native[$1] = $at["native"]
	}
	column = 12
	rule(unit " per call")
	for (w = 1; w <= ways; w++) {
		for (i = 1; i <= kernels; i++) {
			k = kernel[i]
			if (has(k, shown(k, way[w])))
				value[i] = cost[k, shown(k, way[w])]
		}
		row(label[way[w]], "%.0f")
	}
	if (unit == "instructions") {
		ways_beside()
		ways_to_plain("estimated time / plain, without signals", 1)
	} else {
		ways_to_plain("time / plain, measured")
	}
	ways_missing()

	if (kernels_file)
		column = 25
	rule("ratios")
	ratio("not armed / without the module", "plain_loaded", "plain", \
		"<=", "1.000", "1.000", "1.000")
	more("the same with a seccomp filter, " unit " more", \
		"seccomp_allow_loaded", "seccomp_allow", "<=", "12", "0", "0")
	ratio("in region / native in region", "sud_region", "native_region", \
		"<=", "", "1.02", "1.02")
	more("a set of 1 range, more than the one region", \
		"sud_set_1", "sud_region", "<=", "10", "10", "10")
	more("4,096 ranges, more than 1: always the same", \
		"sud_set_4096", "sud_set_1", "<=", "60", "60", "60")
	more("4,096 ranges, more than 1: another each time", \
		"sud_set_4096_spread", "sud_set_1", "<=", "60", "60", "60")
	more("65,536 ranges, more than 1: always the same", \
		"sud_set_65536", "sud_set_1", "<=", "80", "80", "80")
	more("65,536 ranges, more than 1: another each time", \
		"sud_set_65536_spread", "sud_set_1", "<=", "80", "80", "80")
	ratio("selector ALLOW / native ALLOW", "sud_allow", "native_allow", \
		"<=", "", "1.00", "1.00")
	more("selector ALLOW in a control area, more than in region", \
		"sud_mapped_allow", "sud_region", "<=", "4", "4", "4")
	more("upcall, selector there and AUTO_ALLOW, more than without", \
		"sud_mapped_upcall", "sud_upcall_regs", "<=", "8", "8", "8")
	more("upcall, frames there, more than in registers", \
		"sud_mapped_frames", "sud_upcall_regs", "<=", "40", "40", "40")
	events("selector ALLOW in a control area: user access and fences", \
		"sud_mapped_allow", 1, 2, "0")
	events("upcall, selector there and AUTO_ALLOW: the same", \
		"sud_mapped_upcall", 1, 2, "0")
	events("upcall, frames there: the same", "sud_mapped_frames", 1, 2, "0")
	events("upcall, frames there: IRET and WRMSR", "sud_mapped_frames", 3, 5, "0")
	ratio("libsud, vector state and selector kept / fast form", \
		"sud_libsud", "sud_libsud_fast", "<=", "1.10", "1.10", "1.10")
	ratio("upcall and back (registers) / plain", "sud_upcall_regs", \
		"plain", "<=", "1.25", "1.12", "1.08")
	ratio("upcall and back (frames) / plain", "sud_upcall_frames", "plain")
	ratio("native SIGSYS / upcall and back", "native_sigsys", \
		"sud_upcall_regs", ">=", "", "10", "11")
	ratio("SIGSYS / native SIGSYS", "sud_sigsys", "native_sigsys", \
		"<=", "", "1.05", "1.05")
	ratio("armed natively, module loaded / not: region", \
		"native_region_loaded", "native_region", "<=", "", "1.05", "1.05")
	ratio("armed natively, module loaded / not: ALLOW", \
		"native_allow_loaded", "native_allow", "<=", "", "1.05", "1.05")
	ratio("armed natively, module loaded / not: SIGSYS", \
		"native_sigsys_loaded", "native_sigsys", "<=", "", "1.05", "1.05")
	ratio("allowed, 10,000 armed threads / 1: median", \
		"sud_allow_of_10000", "sud_allow_of_1", \
		"<=", "1.02", "1.02", "1.02")
	ratio("allowed, 10,000 armed threads / 1: worst", \
		"sud_allow_of_10000_worst", "sud_allow_of_1", \
		"<=", "1.02", "1.02", "1.02")
	listeners("", "")
	listeners(", time", "_ns")
	listeners(", two CPUs", "_apart")
	listeners(", time, two CPUs", "_apart_ns")
	if (kernels_file)
		print "\n" (missed ? missed " missed" : "every target is met")
}
