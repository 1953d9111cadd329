/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate: how a thread's system calls are led to the hook, and what the hook
 * may answer.
 *
 * Two kinds of kernel: from 5.11 on there is native SUD (SUD_HAVE_NATIVE, which
 * compat/Kbuild finds out), whose function is hooked and whose work bit arms a
 * thread (gate_work.h); 5.10 has neither (gate_tif.h). Each of the two defines:
 *
 * SUD_GATE_SYMBOLS	names of the function to hook, the likeliest first;
 *			its first argument is the call's struct pt_regs
 * enum sud_verdict	what sud_dispatch() returns:
 *	SUD_VERDICT_RUN		the call runs. On 5.10 the same value as PASS
 *	SUD_VERDICT_SKIP	the call does not run; ax stays as it is
 *	SUD_VERDICT_PASS	go on in the hooked function's own body, where
 *				native SUD judges the call itself
 * sud_gate_hide()	hides a call that is skipped from ptrace, audit and the
 *			tracepoints, which would show its exit. @signal: a
 *			signal follows; else user code goes on at once
 * sud_gate_stepped()	a debugger steps, and a call that is hidden has to
 *			report the step itself
 * sud_gate_arm()	set and clear the bit that leads a thread to the hook
 * sud_gate_disarm()
 * sud_gate_shortcut()	the calling thread's state if it can be had without the
 *			table. Compare its key with current: fork copies the
 *			shortcut. SUD_GATE_SHORTCUT says whether there is one
 * SUD_GATE_BLOCK_BYTES	size of the first member of struct sud_task: 1, or 0 for none
 * sud_gate_fork()	clear the arming bit and fields that fork copied to a child
 * sud_gate_seal()	no system call of a new child, which has not run yet and
 *			is not armed, will ever run; without the hook, too
 * sud_gate_native_armed()	the kernel's own prctl has armed the thread
 * sud_gate_native_modes()	what that prctl offers, bit 1 << SUD_MODE_*
 *
 * entry.S returns any verdict but SUD_VERDICT_PASS from the hooked function.
 */
#ifndef SUD_COMPAT_GATE_H
#define SUD_COMPAT_GATE_H

/* The value of SUD_VERDICT_PASS, for assembly. */
#define SUD_PASS 2

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

#include <linux/linkage.h>
#include <linux/signal.h>

/*
 * A function that nobody calls by address, and so needs no ENDBR. Kernels with IBT
 * have the word; on others there is nothing to leave out.
 */
#ifndef __noendbr
#define __noendbr
#endif

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2 /* from 5.11 on in the uapi headers */
#endif

#ifdef SUD_HAVE_NATIVE
#include "gate_work.h"
#else
#include "gate_tif.h"
#endif

#endif /* __ASSEMBLER__ */
#endif /* SUD_COMPAT_GATE_H */
