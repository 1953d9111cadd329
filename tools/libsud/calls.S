/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * All system calls that the library makes while a guest is armed. They lie between
 * sud_calls and sud_calls_end, and where nothing else says which calls run, that is
 * the region: a call from here runs, and every other one is blocked. So it is known
 * by the instruction's address alone whether the handler calls or the guest does,
 * also in a thread that has not set up anything yet.
 */
#include "frame.inc"

/* struct sud_clone */
#define K_NR		0
#define K_RDI		8
#define K_RSI		16
#define K_RDX		24
#define K_R10		32
#define K_R8		40
#define K_CHILD		48
#define K_VECTORS	56
#define K_SAVE_END	64

#define NR_MMAP		9
#define NR_MUNMAP	11
#define NR_RT_SIGRETURN	15

#define PROT_READ_WRITE	3
#define MAP_PRIVATE_ANONYMOUS 0x22

	.hidden	sud_vector_mask

	.text
	.balign	64
	.globl	sud_calls, sud_calls_end
	.hidden	sud_calls, sud_calls_end
sud_calls:

/* long sud_raw_call(nr, a, b, c, d, e, f) */
	.globl	sud_raw_call
	.type	sud_raw_call, @function
sud_raw_call:
	.cfi_startproc
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	syscall
	ret
	.cfi_endproc
	.size	sud_raw_call, . - sud_raw_call

/*
 * long sud_clone(const struct sud_clone *): makes the call, and returns in the parent.
 * The child gets the registers of its struct sud_call and goes to the guest. It finds
 * that by rbx alone, so that its stack, FS and memory may be any. It gets the guest's
 * vector state from the kernel, because this state is loaded before the call.
 *
 * With save_end, the child runs on the parent's stack while the parent sleeps. All of
 * this stack from rsp to save_end is then kept in memory of its own meanwhile. As the
 * parent wakes up, rsp is at the bottom of what the child may have destroyed, so a
 * signal handler does not add to the damage.
 */
	.balign	16
	.globl	sud_clone
	.hidden	sud_clone
	.type	sud_clone, @function
sud_clone:
	.cfi_startproc
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	subq	$16, %rsp
	.cfi_adjust_cfa_offset 16
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movq	%rdi, %rbp
	xorl	%r12d, %r12d
	movq	K_VECTORS(%rbp), %r14
	movq	K_SAVE_END(%rbp), %r13
	testq	%r13, %r13
	jz	1f

	subq	%rsp, %r13
	xorl	%edi, %edi
	movq	%r13, %rsi
	movl	$PROT_READ_WRITE, %edx
	movl	$MAP_PRIVATE_ANONYMOUS, %r10d
	movl	$-1, %r8d
	xorl	%r9d, %r9d
	movl	$NR_MMAP, %eax
	syscall
	cmpq	$-4096, %rax
	ja	4f
	movq	%rax, %r12
	movq	%rsp, %rsi
	movq	%r12, %rdi
	movq	%r13, %rcx
	rep movsb

1:	testq	%r14, %r14
	jz	2f
	movl	sud_vector_mask(%rip), %eax
	xorl	%edx, %edx
	testl	%eax, %eax
	jz	5f
	xrstor64 (%r14)
2:	movq	K_CHILD(%rbp), %rbx
	movq	K_NR(%rbp), %rax
	movq	K_RDI(%rbp), %rdi
	movq	K_RSI(%rbp), %rsi
	movq	K_RDX(%rbp), %rdx
	movq	K_R10(%rbp), %r10
	movq	K_R8(%rbp), %r8
	syscall
	testq	%rax, %rax
	jz	sud_child

	testq	%r12, %r12
	jz	3f
	movq	%rax, %rbx
	movq	%r12, %rsi
	movq	%rsp, %rdi
	movq	%r13, %rcx
	rep movsb
	movq	%r12, %rdi
	movq	%r13, %rsi
	movl	$NR_MUNMAP, %eax
	syscall
	movq	%rbx, %rax
	/* The handler's own state; what the guest gets is saved. */
3:	testq	%r14, %r14
	jz	4f
	fninit
	fldcw	4(%rsp)
	ldmxcsr	(%rsp)
4:	addq	$16, %rsp
	.cfi_adjust_cfa_offset -16
	popq	%r14
	.cfi_adjust_cfa_offset -8
	popq	%r13
	.cfi_adjust_cfa_offset -8
	popq	%r12
	.cfi_adjust_cfa_offset -8
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	ret
	/* Older CPUs. */
5:	fxrstor64 (%r14)
	jmp	2b
	.cfi_endproc
	.size	sud_clone, . - sud_clone

	.type	sud_child, @function
sud_child:
	.cfi_startproc
	.cfi_undefined	rip
	movq	%rbx, %rsp
	restore_registers
	.cfi_endproc
	.size	sud_child, . - sud_child

/*
 * sud_sigreturn(sp, &selector or NULL): the selector is BLOCK before the call,
 * as the signals it unblocks come before the next instruction. The call itself
 * is exempt: this is the region, or outside of it, or SUD_FLAG_SIGRETURN holds.
 * No "ret" may follow: the shadow stack is the guest's from then on.
 */
	.balign	16
	.globl	sud_sigreturn
	.hidden	sud_sigreturn
	.type	sud_sigreturn, @function
sud_sigreturn:
	.cfi_startproc
	.cfi_undefined	rip
	/* RDSSP does nothing where there is no shadow stack. See shadow.c. */
	xorl	%eax, %eax
	rdsspq	%rax
	testq	%rax, %rax
	jz	2f
	movq	%rdi, %rbx
	movq	%rsi, %rbp
	movq	%rax, %rdi
	andq	$-16, %rsp
	call	sud_shadow_above_token
	movq	%rbx, %rdi
	movq	%rbp, %rsi
	/* INCSSP looks at eight bits of the count. */
	movl	$255, %ecx
3:	cmpq	%rcx, %rax
	jbe	4f
	incsspq	%rcx
	subq	%rcx, %rax
	jmp	3b
4:	incsspq	%rax
2:	movq	%rdi, %rsp
	movl	$NR_RT_SIGRETURN, %eax
	testq	%rsi, %rsi
	jz	1f
	movb	$1, (%rsi)
1:	syscall
	ud2
	.cfi_endproc
	.size	sud_sigreturn, . - sud_sigreturn

/* For the library's own signal handler. */
	.balign	16
	.globl	sud_restorer
	.hidden	sud_restorer
	.type	sud_restorer, @function
sud_restorer:
	.cfi_startproc
	.cfi_undefined	rip
	movl	$NR_RT_SIGRETURN, %eax
	syscall
	ud2
	.cfi_endproc
	.size	sud_restorer, . - sud_restorer
sud_calls_end:

	.section .note.GNU-stack, "", @progbits
