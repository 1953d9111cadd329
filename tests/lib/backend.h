/* SPDX-License-Identifier: GPL-2.0-only */
/* The back end of a test's run: /dev/sud or, as TEST_BOTH has it, the kernel's prctl. */
#ifndef SUD_LIB_BACKEND_H
#define SUD_LIB_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include <sud.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

/* This run is through the kernel's own prctl. */
extern bool native;
/* The test's own open /dev/sud. */
extern int sud_fd;

/* Asks the kernel what it has of its own; that arms and disarms this thread. */
void native_probe(void);
bool native_has(int mode);
/* Skips the test when it runs through a prctl that has no inclusive mode. */
void need_inclusive(void);

int arm(int mode, unsigned long offset, unsigned long len,
	volatile void *selector);
int disarm(void);

#endif /* SUD_LIB_BACKEND_H */
