# SPDX-License-Identifier: GPL-2.0-only
# usage: awk -f symbols.awk symbols.list MACROS CALLS
# C for print.c, of what symbols.list asks for: MACROS is what "cc -E -dM" prints of its
# headers, CALLS is what calls.awk prints. And the names of errors and signals.

FILENAME == ARGV[1] {
	if ($1 == "header")
		headers = headers "#include <" $2 ">\n"
	else if ($1 == "flags" || $1 == "values") {
		sets[++n] = $2
		sort[n] = $1
		pattern[n] = "^(" $3 ")$"
		except[n] = "^(" ($4 == "" ? "-" : $4) ")$"
	} else if ($1 == "use")
		for (i = 3; i <= NF; i++)
			used[$i] = $2
	next
}

FILENAME == ARGV[2] {
	if ($1 != "#define" || $2 ~ /\(/)
		next
	if ($2 ~ /^E[A-Z0-9]+$/ && $3 ~ /^[0-9]+$/)
		errors = errors "\t[" $3 "] = \"" $2 "\",\n"
	for (i = 1; i <= n; i++)
		if ($2 ~ pattern[i] && $2 !~ except[i] && NF >= 3)
			names[i] = names[i] "\t{ " $2 ", \"" $2 "\" },\n"
	next
}

/^CALL/ {
	gsub(/[(),]/, " ")
	number[$3] = $2
}

END {
	print headers
	print "static const char *const error_names[] = {\n" errors "};\n"
	for (i = 1; i <= n; i++) {
		print "static const struct symbol " sets[i] "_symbols[] = {\n" names[i] "\t{ 0, NULL },\n};\n"
	}
	print "static const struct symbols symbol_sets[] = {"
	for (i = 1; i <= n; i++)
		print "\t{ " sets[i] "_symbols, " (sort[i] == "flags") " },"
	print "};\n"
	print "static const struct use uses[] = {"
	for (u in used) {
		split(u, part, ".")
		for (i = 1; i <= n; i++)
			if (sets[i] == used[u])
				break
		if (i > n) {
			print "symbols.list: " u ": no such set" >"/dev/stderr"
			exit 1
		}
		# Older headers do not have every call.
		if (part[1] in number)
			print "\t{ " number[part[1]] ", " part[2] ", " i - 1 " },"
	}
	print "};"
}
