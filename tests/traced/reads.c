// SPDX-License-Identifier: GPL-2.0-only
/* usage: reads N: reads N bytes one by one, and prints the nanoseconds that each took. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int i, n = argc > 1 ? atoi(argv[1]) : 1,
	       fd = open("/dev/zero", O_RDONLY);
	struct timespec from, to;
	char byte;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < n; i++)
		if (read(fd, &byte, 1) != 1)
			return 1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.0f\n",
	       ((to.tv_sec - from.tv_sec) * 1e9 + to.tv_nsec - from.tv_nsec) /
		       n);
	return 0;
}
