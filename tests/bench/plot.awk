# SPDX-License-Identifier: GPL-2.0-only
# awk -f plot.awk labels bench.csv    prints the data that plot.gp draws
# Bars: "place cost", a block for each kernel. Crowd: "threads median worst".

/^#/ { next }

FNR == NR {
	split($0, f, "\t")
	if (f[1] !~ /_of_/) {
		way[++ways] = f[1]
		label[f[1]] = f[2]
	}
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
	print "unit = '" unit "'"
	print "kernels = " kernels
	printf "array name[%d]\n", kernels
	print "$bars << END"
	for (i = 1; i <= kernels; i++) {
		places = 0
		for (w = 1; w <= ways; w++) {
			there = 0
			for (j = 1; j <= kernels; j++)
				there += (kernel[j], way[w]) in cost
			if (!there)
				continue
			if (i == 1)
				tics = tics (tics ? ", " : "") "'" \
					label[way[w]] "' " places * (kernels + 1)
			if ((kernel[i], way[w]) in cost)
				print places * (kernels + 1) + i - (kernels + 1) / 2, \
					cost[kernel[i], way[w]]
			places++
		}
		print "\n"
	}
	print "END"
	print "$crowd << END"
	for (i = 1; i <= kernels; i++) {
		for (n = 1; n <= 10000; n *= 10)
			if ((kernel[i], "sud_allow_of_" n) in cost)
				print n, cost[kernel[i], "sud_allow_of_" n], \
					cost[kernel[i], "sud_allow_of_" n "_worst"]
		print "\n"
	}
	print "END"
	for (i = 1; i <= kernels; i++)
		print "name[" i "] = '" kernel[i] "'"
	print "set ytics (" tics ")"
	print "places = " places
}
