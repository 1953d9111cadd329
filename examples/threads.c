// SPDX-License-Identifier: GPL-2.0-only
/*
 * New threads are armed as the thread that makes them, from their first
 * instruction on. Each has a selector of its own, because the selector is a
 * __thread variable, whose address is given relative to the FS base.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "sud.h"

#define ANSWER 4711
#define THREADS 3

static __thread volatile unsigned char selector;

static void blocked(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	selector = SUD_SELECTOR_ALLOW; /* that of the thread with the call */
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = ANSWER;
}

/* Nothing but its birth arms this thread. */
static void *thread_main(void *ok)
{
	long allowed = syscall(SYS_gettid), answer;

	selector = SUD_SELECTOR_BLOCK;
	answer = syscall(SYS_gettid);
	*(int *)ok = allowed != ANSWER && answer == ANSWER;
	return NULL;
}

/* The kernel knows the FS base, whichever C library the program is built with. */
static uint64_t fs_base(void)
{
	uint64_t base = 0;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
	return base;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = blocked,
				.sa_flags = SA_SIGINFO };
	/* The difference is the same in every thread; it is "negative". */
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector - fs_base(),
		.flags = SUD_FLAG_SELECTOR_FS | SUD_FLAG_INHERIT_THREAD,
	};
	int fd = sud_open(), ok[THREADS] = { 0 }, armed = 0;
	pthread_t threads[THREADS];

	if (fd < 0 || sigaction(SIGSYS, &sa, NULL) || sud_set(fd, &config)) {
		perror(SUD_DEVICE);
		return 1;
	}
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread_main, &ok[i]))
			return 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		armed += ok[i];
	}
	printf("%d of %d threads were armed from birth, by a selector each\n",
	       armed, THREADS);
	return armed != THREADS;
}
