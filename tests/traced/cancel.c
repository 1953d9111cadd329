// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that are cancelled in a blocked call, which the C library knows by where the
 * signal finds them; then one calls exec.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int pipes[2];

static void *blocked(void *unused)
{
	char byte;

	while (read(pipes[0], &byte, 1) == 1)
		;
	return unused;
}

static void *execute(void *unused)
{
	execl("/bin/echo", "echo", "exec by a thread", (char *)NULL);
	return unused;
}

int main(void)
{
	pthread_t thread;
	void *result;
	int i;

	if (pipe(pipes))
		return 1;
	for (i = 0; i < 5; i++) {
		pthread_create(&thread, NULL, blocked, NULL);
		usleep(20000 * i);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		puts(result == PTHREAD_CANCELED ? "cancelled" : "returned");
	}
	fflush(stdout);
	pthread_create(&thread, NULL, execute, NULL);
	for (;;)
		pause();
}
