# SPDX-License-Identifier: GPL-2.0-only
# awk -f table.awk [-v kernels_file=scripts/kernels] labels bench.csv
# Prints what each way costs, then the ratios; with the kernels' table, also what
# they are to be.

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
			# A way may have been measured with the module only.
			with = way[w] "_loaded"
			if (has(k, way[w]))
				value[i] = cost[k, way[w]]
			else if (has(k, with) && !(with in label))
				value[i] = cost[k, with]
		}
		row(label[way[w]], "%.0f")
	}

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
	if (kernels_file)
		print "\n" (missed ? missed " missed" : "every target is met")
}
