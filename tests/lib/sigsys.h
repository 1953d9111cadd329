/* SPDX-License-Identifier: GPL-2.0-only */
/* Delivery by SIGSYS, with a handler that notes what it got and lets calls run. */
#ifndef SUD_LIB_SIGSYS_H
#define SUD_LIB_SIGSYS_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif
#ifndef AUDIT_ARCH_X86_64
#define AUDIT_ARCH_X86_64 0xc000003eu
#define AUDIT_ARCH_I386 0x40000003u
#endif

/* The selector most tests use; the SIGSYS handler sets it to ALLOW. */
extern volatile unsigned char selector;

/* What the last SIGSYS brought. */
struct seen {
	volatile int count;
	siginfo_t info;
	ucontext_t uc;
};

extern struct seen seen;

void handle_sigsys(void);

/* As site_a(), with the selector at BLOCK. The handler leaves it at ALLOW. */
long blocked(long nr, long a, long b, long c);
/* The call made so is dispatched. */
bool dispatched_at(long nr);
/* A call that would say ENOSYS natively is dispatched: the thread is armed. */
bool armed_now(void);

#endif /* SUD_LIB_SIGSYS_H */
