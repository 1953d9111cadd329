/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For entry.S. On 5.10 also unarmed threads come by the hook, those that have a
 * seccomp filter, an audit context or a tracer: its first instructions send
 * them on.
 */
#include "gate.h"
#include "gate_bit.h"

/* "Reached by no indirect branch", for objtool on kernels with IBT. */
#ifdef CONFIG_X86_KERNEL_IBT
#include <linux/objtool.h>
#define SUD_NOENDBR	ANNOTATE_NOENDBR
#else
#define SUD_NOENDBR
#endif

#ifdef SUD_HAVE_NATIVE

/* Only a thread with the arming bit comes here. rdi is the one argument. */
.macro sud_pass_unarmed out
.endm

.macro sud_push_args
	pushq	%rdi
.endm

.macro sud_pop_args
	popq	%rdi
.endm

.macro sud_drop_args
	popq	%rdi
.endm

#else

#include <asm/percpu.h>

/*
 * rax, r10 and r11 are free: no argument is passed in them. The second test is
 * for audited threads: is the bucket of sud_task_bucket(current) empty?
 */
.macro sud_pass_unarmed out
	movq	PER_CPU_VAR(current_task), %rax
	testb	$SUD_ARMING_BIT, (%rax)
	jz	\out
	movabsq	$0x61C8864680B583EB, %r10	/* GOLDEN_RATIO_64 */
	imulq	%rax, %r10
	shrq	$(64 - SUD_HASH_BITS), %r10
	cmpq	$0, sud_task_table(, %r10, 8)
	je	\out
.endm

/* The compiler made this function's signature: keep whatever may be in it. */
.macro sud_push_args
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
.endm

.macro sud_pop_args
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
.endm

.macro sud_drop_args
	addq	$(6 * 8), %rsp
.endm

#endif /* SUD_HAVE_NATIVE */
