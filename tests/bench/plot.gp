# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -e 'terminal = "svg"; file = "bench.svg"' data plot.gp
# with data by plot.awk: a bar for each way and kernel, then what the number of
# armed threads does.
wide = 1000
bars = 60 + places * (kernels + 1) * 11
lines = 300
tall = bars + lines
# One counts pixels, the other points.
if (terminal eq 'svg') {
	small = ',9'
	set terminal svg noenhanced size wide, tall font 'sans,12' \
		background 'white'
} else {
	small = ',7'
	set terminal pngcairo noenhanced size wide, tall font 'sans,9' \
		background 'white'
}
set output file
# Of more kernels some look alike.
array color[6] = ['#bbcc33', '#77aadd', '#4477aa', '#222255', '#ee8866', '#aa4499']

set multiplot
set style fill solid noborder
set border 3
set tics nomirror out

set origin 0, lines * 1.0 / tall
set size 1, bars * 1.0 / tall
set lmargin at screen 0.33
set rmargin at screen 0.95
set title unit.' per system call, round trip (logarithmic)'
set logscale x
set xrange [100:30000]
set yrange [places * (kernels + 1) - (kernels + 1) / 2.0:-(kernels + 1) / 2.0]
set ytics scale 0
set key at graph 0.99, graph 0.97 right top reverse Left box lc rgb '#dddddd' \
	opaque title 'kernel'
plot for [i = 1:kernels] $bars index i - 1 \
		using (100):1:(100):2:($1 - 0.45):($1 + 0.45) \
		with boxxyerror lc rgb color[(i - 1) % |color| + 1] title name[i], \
	$bars using 2:1:(sprintf('%.0f', $2)) \
		with labels left offset 0.5,0 font small notitle

set origin 0, 0
set size 1, lines * 1.0 / tall
set title unit.' of an allowed call, by the number of armed threads (line: median, cross: worst)'
set xrange [0.8:12500]
set yrange [0:*]
set xtics ('1' 1, '10' 10, '100' 100, '1,000' 1000, '10,000' 10000)
set ytics autofreq scale 1
unset key
plot for [i = 1:kernels] $crowd index i - 1 using 1:2 \
		with lines lw 2 lc rgb color[(i - 1) % |color| + 1], \
	for [i = 1:kernels] $crowd index i - 1 using 1:3 \
		with points pt 2 lc rgb color[(i - 1) % |color| + 1]
unset multiplot
