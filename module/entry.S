/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trampoline. ftrace makes the hooked function's first instruction a call
 * of sud_trampoline, so the stack is that function's own, with one more address on
 * top: where its body begins. Preemption is as in the caller, and the hook may
 * sleep.
 *
 * To go on in the body, return. To return from the hooked function instead,
 * put the address of a "ret" in place of the body's: every call is matched by
 * one return, and the CPU's return predictor stays in step.
 *
 * FRAME_BEGIN and FRAME_END are for kernels that unwind by frame pointers, and
 * nothing on the others.
 */
#include <linux/linkage.h>
#include <asm/frame.h>
#include <asm/nospec-branch.h>

#include "compat/gate_macros.S"

	.text

/* Reached by a direct call and by returns, so neither needs an ENDBR. */
SYM_START(sud_trampoline, SYM_L_GLOBAL, SYM_A_ALIGN)
	SUD_NOENDBR
	sud_pass_unarmed .Lpass
	FRAME_BEGIN
	sud_push_args
	call	sud_dispatch
	cmpl	$SUD_PASS, %eax
	je	.Lpop
	sud_drop_args
	FRAME_END
	movq	$sud_trampoline_return, (%rsp)
	RET
.Lpop:
	sud_pop_args
	FRAME_END
.Lpass:
	RET
SYM_FUNC_END(sud_trampoline)

/* The unwinder looks up the byte before a return address: give it ours. */
SYM_START(sud_trampoline_return_pad, SYM_L_LOCAL, SYM_A_ALIGN)
	nop
SYM_INNER_LABEL(sud_trampoline_return, SYM_L_GLOBAL)
	SUD_NOENDBR
	RET
SYM_FUNC_END(sud_trampoline_return_pad)

	.section .note.GNU-stack, "", @progbits
