// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region set changes while a thread makes one call over and over: the call
 * runs, is blocked, and runs again. The set belongs to the open /dev/sud. When the
 * ioctl that changes it returns, the change holds for all threads armed with it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "sud.h"

/* The code whose calls are blocked while its range is in the set. */
long guest_call(long number);
extern char guest_end[];
__asm__(".text\n"
	"guest_call: movq %rdi, %rax\n\t"
	"syscall\n\t"
	"ret\n"
	"guest_end: nop\n");

static _Atomic enum { NOTHING, RUNS, BLOCKED, RUNS_AGAIN } seen;

static void blocked(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 4711;
}

static void *guest_thread(void *fd)
{
	/* Inclusive: calls from the set's ranges are blocked, all others run. */
	struct sud_config config = { .size = sizeof(config),
				     .mode = SUD_MODE_INCLUSIVE,
				     .flags = SUD_FLAG_REGIONS };

	if (sud_set(*(int *)fd, &config))
		err(1, SUD_DEVICE);
	while (guest_call(SYS_gettid) != 4711)
		seen = RUNS;
	seen = BLOCKED;
	while (guest_call(SYS_gettid) == 4711)
		;
	seen = RUNS_AGAIN;
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = blocked,
				.sa_flags = SA_SIGINFO };
	struct sud_range range = { (uintptr_t)guest_call,
				   guest_end - (char *)guest_call };
	pthread_t thread;
	int fd = sud_open();

	if (fd < 0 || sigaction(SIGSYS, &sa, NULL))
		err(1, SUD_DEVICE);
	alarm(10); /* SIGALRM ends the program if a change takes no effect. */
	if (pthread_create(&thread, NULL, guest_thread, &fd))
		errx(1, "no thread");
	while (seen != RUNS)
		usleep(1000);
	if (sud_regions_add(fd, &range, 1))
		err(1, "add");
	while (seen != BLOCKED)
		usleep(1000);
	if (sud_regions_remove(fd, &range, 1))
		err(1, "remove");
	pthread_join(thread, NULL);
	puts("a call ran, was blocked while the set held its range, and ran again");
	return seen != RUNS_AGAIN;
}
