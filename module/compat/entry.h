/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a system call gets to the hook, and what the hook may answer.
 *
 * Two kinds of kernel: from 5.11 on there is native SUD, whose function is
 * hooked and whose bit arms (entry_work.h); 5.10 has neither (entry_tif.h).
 * Each of the two defines:
 *
 * SUD_ENTRY_SYMBOLS	names of the function to hook, the likeliest first;
 *			its first argument is the call's struct pt_regs
 * SUD_ENTRY_RUN	what sud_dispatch() returns to let the call run
 * SUD_ENTRY_FAIL	same, when it is not to run; ax is as it stands, -ENOSYS at
 *			first, and the exit work shows the call
 * sud_entry_skip()	same, when the call is not to run: it hides the call
 *			from ptrace, seccomp, audit and the tracepoints. @upcall
 *			says that user code goes on without a signal.
 * sud_entry_arm()	set and clear the bit that leads a thread to the hook
 * sud_entry_disarm()
 * sud_entry_shortcut()	the calling thread's entry, if it can be had without
 *			the table; NULL when the module has not armed the thread
 * sud_entry_fork()	what a new child inherited
 * sud_entry_seal()	no system call of a new child, which has not run yet and
 *			is not armed, will ever run; without the hook, too
 * sud_entry_native_armed()	the kernel's own prctl has armed the thread
 * sud_entry_native_modes()	what that prctl offers, bit 1 << SUD_MODE_*
 *
 * entry.S returns any value but SUD_ENTRY_PASS from the hooked function.
 */
#ifndef SUD_COMPAT_ENTRY_H
#define SUD_COMPAT_ENTRY_H

/* The hooked function's own body is to judge the call. */
#define SUD_ENTRY_PASS 2

#if __has_include(<linux/syscall_user_dispatch.h>)
#define SUD_HAVE_NATIVE 1
#endif

/*
 * The table of task.c. On 5.10 each call of an armed thread is looked up in it:
 * large enough that with 10,000 threads few share a bucket.
 */
#ifdef SUD_HAVE_NATIVE
#define SUD_HASH_BITS 12
#else
#define SUD_HASH_BITS 16
#endif

#ifndef __ASSEMBLER__

#include <linux/signal.h>

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2 /* from 5.11 on in the uapi headers */
#endif

#ifdef SUD_HAVE_NATIVE
#include "entry_work.h"
#else
#include "entry_tif.h"
#endif

#endif /* __ASSEMBLER__ */
#endif /* SUD_COMPAT_ENTRY_H */
