// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the demo: "ask" says what the kernel's own prctl answers, "hold" is a
 * process that stays armed until it is killed, and "notify" one by a listener.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <sud.h>

#define PR_SET_SUD 59

static volatile unsigned char selector;

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "ask")) {
		int r = prctl(PR_SET_SUD, 1L, 0L, 0L, &selector);

		printf("prctl(PR_SET_SYSCALL_USER_DISPATCH, ...) = %d: %s\n", r,
		       r ? strerror(errno) : "it is there");
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "hold")) {
		if (sud_arm(sud_open(), SUD_MODE_EXCLUSIVE, 0, 0, &selector)) {
			perror(SUD_DEVICE);
			return 1;
		}
		pause();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "notify")) {
		struct sud_config config = { .size = sizeof(config),
					     .mode = SUD_MODE_EXCLUSIVE,
					     .delivery = SUD_DELIVER_NOTIFY,
					     .selector = (uintptr_t)&selector };
		int fd = sud_open();

		if (sud_listen(fd, 0) < 0 || sud_set(fd, &config)) {
			perror(SUD_DEVICE);
			return 1;
		}
		pause();
		return 0;
	}
	fprintf(stderr, "usage: %s ask|hold|notify\n", argv[0]);
	return 2;
}
