// SPDX-License-Identifier: GPL-2.0-only
/*
 * New threads are armed as the thread that makes them, from their first
 * instruction on, each with a selector of its own: a __thread variable, given
 * relative to the FS base.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "sud.h"

static __thread volatile unsigned char selector;

static void blocked(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	selector = SUD_SELECTOR_ALLOW; /* this thread's own */
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 4711;
}

/* Blocks one call of this thread. Return: what the call gave. */
static long block_one(void)
{
	selector = SUD_SELECTOR_BLOCK;
	return syscall(SYS_gettid);
}

static void *thread_main(void *result)
{
	/* Nothing has armed this thread but its birth. */
	*(long *)result = block_one();
	return NULL;
}

/* On x86_64 the FS base is where the thread's control block begins. */
static uintptr_t fs_base(void)
{
	uintptr_t base;

	__asm__("movq %%fs:0, %0" : "=r"(base));
	return base;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = blocked,
				.sa_flags = SA_SIGINFO };
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector - fs_base(),
		.flags = SUD_FLAG_SELECTOR_FS | SUD_FLAG_INHERIT_THREAD,
	};
	long results[3] = { 0 };
	pthread_t threads[3];
	int fd = sud_open(), ok = 1;

	if (fd < 0 || sigaction(SIGSYS, &sa, NULL) || sud_set(fd, &config)) {
		perror(SUD_DEVICE);
		return 1;
	}
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, thread_main, &results[i]);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		ok &= results[i] == 4711;
	}
	printf("three threads were armed when they were born: %s\n",
	       ok ? "yes" : "no");
	return !ok;
}
