/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GS:0 is the thread's struct self. The handlers of upcalls touch nothing but
 * it: no stack, no flags, no register but the result's.
 */
#include "race.h"

	.text

/*
 * void race_probe(struct probe *p): all registers from p->in, a call of
 * p->target, which is a system call instruction and a "ret", and all registers
 * to p->out.
 */
	.globl	race_probe
	.type	race_probe, @function
race_probe:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	PROBE_TARGET(%rdi)
	pushq	%rdi
	movq	%rsp, PROBE_SP_IN(%rdi)
	movups	PROBE_XIN(%rdi), %xmm0
	movups	PROBE_XIN+16(%rdi), %xmm7
	movups	PROBE_XIN+32(%rdi), %xmm15
	/*
	 * The red zone of the instruction begins 8 below, behind a return address;
	 * its last 8 bytes are not in the one of here, where a signal may come, too.
	 */
	movq	$RED_ZONE, -24(%rsp)
	movq	$RED_ZONE+1, -72(%rsp)
	movq	$RED_ZONE+2, -128(%rsp)
	pushq	PROBE_IN+120(%rdi)
	popfq
	movq	PROBE_IN(%rdi), %rax
	movq	PROBE_IN+8(%rdi), %rbx
	movq	PROBE_IN+16(%rdi), %rcx
	movq	PROBE_IN+24(%rdi), %rdx
	movq	PROBE_IN+32(%rdi), %rsi
	movq	PROBE_IN+48(%rdi), %rbp
	movq	PROBE_IN+56(%rdi), %r8
	movq	PROBE_IN+64(%rdi), %r9
	movq	PROBE_IN+72(%rdi), %r10
	movq	PROBE_IN+80(%rdi), %r11
	movq	PROBE_IN+88(%rdi), %r12
	movq	PROBE_IN+96(%rdi), %r13
	movq	PROBE_IN+104(%rdi), %r14
	movq	PROBE_IN+112(%rdi), %r15
	movq	PROBE_IN+40(%rdi), %rdi
	call	*8(%rsp)
	xchgq	%rax, (%rsp)
	movq	%rbx, PROBE_OUT+8(%rax)
	movq	%rcx, PROBE_OUT+16(%rax)
	movq	%rdx, PROBE_OUT+24(%rax)
	movq	%rsi, PROBE_OUT+32(%rax)
	movq	%rdi, PROBE_OUT+40(%rax)
	movq	%rbp, PROBE_OUT+48(%rax)
	movq	%r8, PROBE_OUT+56(%rax)
	movq	%r9, PROBE_OUT+64(%rax)
	movq	%r10, PROBE_OUT+72(%rax)
	movq	%r11, PROBE_OUT+80(%rax)
	movq	%r12, PROBE_OUT+88(%rax)
	movq	%r13, PROBE_OUT+96(%rax)
	movq	%r14, PROBE_OUT+104(%rax)
	movq	%r15, PROBE_OUT+112(%rax)
	pushfq
	popq	PROBE_OUT+120(%rax)
	cld
	movq	(%rsp), %rbx
	movq	%rbx, PROBE_OUT(%rax)
	movq	%rsp, PROBE_SP_OUT(%rax)
	movq	-24(%rsp), %rbx
	movq	%rbx, PROBE_RED(%rax)
	movq	-72(%rsp), %rbx
	movq	%rbx, PROBE_RED+8(%rax)
	movq	-128(%rsp), %rbx
	movq	%rbx, PROBE_RED+16(%rax)
	movups	%xmm0, PROBE_XOUT(%rax)
	movups	%xmm7, PROBE_XOUT+16(%rax)
	movups	%xmm15, PROBE_XOUT+32(%rax)
	addq	$16, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size	race_probe, . - race_probe

/* A cell, which is copied to CELLS and run there: one way of entry every 16. */
	.globl	race_cell, race_cell_end
	.balign	CELL
race_cell:
	syscall
	ret
	.balign	16
	int	$0x80
	ret
	.balign	16
	.code32
	int	$0x80
	ljmp	$0x33, $back
	.code64
	.balign	CELL
race_cell_end:

/*
 * To the third part of a cell, in 32-bit code and on a stack below 4 GiB. By far
 * jumps, since QEMU's far returns read the stack as the kernel would, which SMAP
 * forbids.
 */
	.globl	race_tramp32
race_tramp32:
	movq	%rsp, %gs:SELF_HIGH_SP
	movq	%gs:SELF_LOW_SP, %rsp
	ljmpl	*%gs:SELF_FAR
back:
	movq	%gs:SELF_HIGH_SP, %rsp
	ret

/* rax is free afterwards. */
.macro note_upcall
	movq	%rax, %gs:SELF_UP_AX
	movq	%rcx, %gs:SELF_UP_CX
	movq	%r11, %gs:SELF_UP_R11
	movq	%rsp, %gs:SELF_UP_SP
	movq	%gs:SELF_UP_COUNT, %rax
	leaq	1(%rax), %rax
	movq	%rax, %gs:SELF_UP_COUNT
.endm

	.globl	race_up_regs
race_up_regs:
	note_upcall
	movl	$RESULT, %eax
	jmp	*%rcx

	.globl	race_up_frames
race_up_frames:
	note_upcall
	movq	%rdx, %gs:SELF_UP_DX
	movq	%gs:SELF_TOP, %rdx
	movq	(%rdx), %rdx
	movq	(%rdx), %rax
	movq	%rax, %gs:SELF_UP_FRAME
	movq	8(%rdx), %rax
	movq	%rax, %gs:SELF_UP_FRAME+8
	movq	16(%rdx), %rax
	movq	%rax, %gs:SELF_UP_FRAME+16
	movq	24(%rdx), %rax
	movq	%rax, %gs:SELF_UP_FRAME+24
	/* Read: now the next one may be written over it. */
	leaq	32(%rdx), %rdx
	movq	%gs:SELF_TOP, %rax
	movq	%rdx, (%rax)
	movq	%gs:SELF_UP_DX, %rdx
	movl	$RESULT, %eax
	jmp	*%gs:SELF_UP_FRAME

/*
 * long race_clone(nr, a, b, c, d, e, child): the child goes to race_child(), on
 * the stack that it has got, with child for its GS base if there is one.
 */
	.globl	race_clone
race_clone:
	pushq	%r12
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	16(%rsp), %r12
	syscall
	testq	%rax, %rax
	jz	1f
	popq	%r12
	ret
1:	testq	%r12, %r12
	jz	2f
	wrgsbase %r12
2:	movq	%gs:0, %rdi
	andq	$-16, %rsp
	call	race_child
	ud2

/* long race_clone80(nr, child): by int $0x80, for fork and vfork. */
	.globl	race_clone80
race_clone80:
	pushq	%r12
	movq	%rdi, %rax
	movq	%rsi, %r12
	int	$0x80
	testl	%eax, %eax
	jz	1b
	movslq	%eax, %rax
	popq	%r12
	ret

/* int race_probed(int n): n + 1. For uprobes and uretprobes. */
	.globl	race_probed, race_probed_end
	.type	race_probed, @function
	.balign	64
race_probed:
	leal	1(%rdi), %eax
	nop
	ret
race_probed_end:
	.size	race_probed, . - race_probed

	.section .note.GNU-stack, "", @progbits
