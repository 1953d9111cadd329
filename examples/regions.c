// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region set: the calls from one function are blocked, and then no more, while
 * another thread is making them. The set belongs to the open /dev/sud; a change
 * holds for all threads that are armed with it when the ioctl returns.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "sud.h"

extern char guest[], guest_end[];
long guest_call(long number);
__asm__(".text\n"
	"guest:\n"
	"guest_call:\n\t"
	"movq %rdi, %rax\n\t"
	"syscall\n\t"
	"ret\n"
	"guest_end:\n\t"
	"nop\n");

static int fd;
static volatile int armed, blocked_seen, ran_again;

static void blocked(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 4711;
}

static void *guest_thread(void *unused)
{
	/* Inclusive: calls from the set's ranges are blocked, all others run. */
	struct sud_config config = { .size = sizeof(config),
				     .mode = SUD_MODE_INCLUSIVE,
				     .flags = SUD_FLAG_REGIONS };

	(void)unused;
	if (sud_set(fd, &config)) {
		perror(SUD_DEVICE);
		return NULL;
	}
	armed = 1;
	while (guest_call(SYS_gettid) != 4711)
		;
	blocked_seen = 1;
	while (guest_call(SYS_gettid) == 4711)
		;
	ran_again = 1;
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = blocked,
				.sa_flags = SA_SIGINFO };
	struct sud_range range = { (uintptr_t)guest, guest_end - guest };
	pthread_t thread;

	fd = sud_open();
	if (fd < 0 || sigaction(SIGSYS, &sa, NULL) ||
	    pthread_create(&thread, NULL, guest_thread, NULL)) {
		perror(SUD_DEVICE);
		return 1;
	}
	while (!armed)
		usleep(1000);
	if (sud_regions_add(fd, &range, 1))
		perror("add");
	while (!blocked_seen)
		usleep(1000);
	if (sud_regions_remove(fd, &range, 1))
		perror("remove");
	pthread_join(thread, NULL);
	printf("blocked once the range was added: %s, ran again after: %s\n",
	       blocked_seen ? "yes" : "no", ran_again ? "yes" : "no");
	return !blocked_seen || !ran_again;
}
