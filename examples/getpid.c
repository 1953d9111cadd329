// SPDX-License-Identifier: GPL-2.0-only
/* A program that answers its own getpid(). The README shows it. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "sud.h"

static volatile unsigned char selector; /* ALLOW, until we say BLOCK */
static volatile int number;

static void blocked(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	selector = SUD_SELECTOR_ALLOW; /* the calls from here on run */
	number = info->si_syscall;
	uc->uc_mcontext.gregs[REG_RAX] = 4711; /* what the caller gets */
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = blocked,
				.sa_flags = SA_SIGINFO };
	int fd = sud_open();

	if (sigaction(SIGSYS, &sa, NULL) || fd < 0 ||
	    sud_arm(fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector)) {
		perror(SUD_DEVICE);
		return 1;
	}
	selector = SUD_SELECTOR_BLOCK;
	long pid = syscall(SYS_getpid);

	printf("call %d was blocked: getpid() = %ld\n", number, pid);
	return pid != 4711;
}
