// SPDX-License-Identifier: GPL-2.0-only
/* usage: threads N: sixteen threads that read N bytes each. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int reads = 100;

static void *read_all(void *unused)
{
	int i, fd = open("/dev/zero", O_RDONLY);
	char byte;

	for (i = 0; i < reads; i++)
		if (read(fd, &byte, 1) != 1)
			abort();
	close(fd);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[16];
	int i;

	if (argc > 1)
		reads = atoi(argv[1]);
	for (i = 0; i < 16; i++)
		if (pthread_create(&threads[i], NULL, read_all, NULL))
			return 1;
	for (i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	puts("sixteen");
	return 0;
}
