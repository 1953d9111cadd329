# SPDX-License-Identifier: GPL-2.0-only
# awk -v kernel=NAME -f csv.awk [PATHS] LOG
# What sud_bench printed, as lines of "kernel,way,cost", and with what scripts/path
# printed, of "kernel,way,cost,user access,...": nothing there, where it looked at none.
# After "# loaded" the module is there, and says so in the ways not its own. What a guest
# that was timed has printed, a LOG.times, is in nanoseconds, and says so as well.
FILENAME ~ /\.path$/ {
	split($0, f, ",")
	beside[f[2]] = "," f[4] "," f[5] "," f[6] "," f[7] "," f[8] "," f[9]
	counted = 1
	next
}

FNR == 1 {
	suffix = ""
	unit = FILENAME ~ /\.times$/ ? "_ns" : ""
}

/^# loaded$/ { suffix = "_loaded" }
/^[a-z]/ && NF == 2 {
	way = $1 ($1 ~ /^sud_/ ? "" : suffix) unit
	print kernel "," way "," $2 (way in beside ? beside[way] : counted ? ",,,,,," : "")
}
