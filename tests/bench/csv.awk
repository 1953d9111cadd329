# SPDX-License-Identifier: GPL-2.0-only
# What sud_bench printed, as lines of "kernel,way,cost". -v kernel=NAME
# After "# loaded" the module is there, and says so in the ways not its own.
/^# loaded$/ { suffix = "_loaded" }
/^[a-z]/ && NF == 2 {
	print kernel "," $1 ($1 ~ /^sud_/ ? "" : suffix) "," $2
}
