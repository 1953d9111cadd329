/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a traced thread's system calls go: makes each call, and has it recorded.
 *
 * A blocked call comes in at its thread's own entry, as if SYSCALL had been a jump there:
 * rax is the number, rcx the address to go on at, r11 the flags. All registers are the
 * caller's, and all are given back, but for those that SYSCALL itself changes. There is no
 * thread-local storage here, and no stack but the caller's; what is used of it lies below
 * the red zone.
 *
 * A signal never finds a thread in here: as it is delivered, sudctl moves the thread back to
 * before its call, or on to after it. unwind.c goes by the labels here, and by their order.
 */
#include "layout.h"

	.text

	.globl	common
entries:
	.set	i, 0
	.rept	SLOTS
	leaq	-FRAME_BELOW(%rsp), %rsp
	movq	%rdi, FRAME_RDI(%rsp)
	leaq	slots + i * SLOT_SIZE(%rip), %rdi
	jmp	common
	.balign	32
	.set	i, i + 1
	.endr

/* Up to framed, nothing but rsp and rdi has changed, and rdi is in the frame. */
common:
	movq	%rsi, FRAME_RSI(%rsp)
	movq	%rdx, FRAME_RDX(%rsp)
	movq	%r10, FRAME_R10(%rsp)
	movq	%r8, FRAME_R8(%rsp)
	movq	%r9, FRAME_R9(%rsp)
	movq	%rax, FRAME_NR(%rsp)
	movq	%rcx, FRAME_IP(%rsp)
	movq	%r11, FRAME_FLAGS(%rsp)
	movq	%rbx, FRAME_RBX(%rsp)
	movl	$0, SLOT_OVER(%rdi)
	movq	%rsp, SLOT_FRAME(%rdi)
framed:
	movq	%rdi, %rbx
	movq	%rsp, %rsi
	cld
	call	enter
	testl	%eax, %eax
	jnz	special

/* The arguments, but for r9, from the frame at @frame. */
.macro	load_five frame
	movq	FRAME_RDI(\frame), %rdi
	movq	FRAME_RSI(\frame), %rsi
	movq	FRAME_RDX(\frame), %rdx
	movq	FRAME_R10(\frame), %r10
	movq	FRAME_R8(\frame), %r8
.endm

.macro	load_args
	movq	FRAME_NR(%rsp), %rax
	load_five %rsp
	movq	FRAME_R9(%rsp), %r9
.endm

	load_args
native:
	syscall
native_end:
	movq	%rax, FRAME_RESULT(%rsp)
returned:
	movl	$1, SLOT_OVER(%rbx)
	movq	%rbx, %rdi
	movq	%rsp, %rsi
	cld
	call	leave

/* What follows the frame is the caller's stack, in @below bytes. */
.macro	leave_frame below
	load_five %rsp
	movq	FRAME_R9(%rsp), %r9
	movq	FRAME_RESULT(%rsp), %rax
	movq	FRAME_IP(%rsp), %rcx
	movq	FRAME_FLAGS(%rsp), %r11
	movq	FRAME_RBX(%rsp), %rbx
	pushq	%r11
	popfq
	leaq	\below(%rsp), %rsp
.endm

out:
	leave_frame FRAME_BELOW
gone:
	jmp	*%rcx

special:
	cmpl	$DO_NOTHING, %eax
	je	returned
	cmpl	$DO_FORK, %eax
	je	fork
	cmpl	$DO_VFORK, %eax
	je	vfork
	cmpl	$DO_NEW_STACK, %eax
	je	new_stack

	/* The kernel looks for the signal's frame at the caller's stack pointer. */
	movq	FRAME_RBX(%rsp), %rbx
	movl	$15, %eax
	leaq	FRAME_BELOW(%rsp), %rsp
sigreturn_native:
	syscall
	hlt

fork:
	load_args
fork_native:
	syscall
fork_end:
	testq	%rax, %rax
	jnz	native_end
	/* The slot is the parent's: a child must not write there. */
	movq	%rax, FRAME_RESULT(%rsp)
	jmp	out

/*
 * The child runs on its parent's stack, and may write over the frame. The copy in the slot,
 * in r9, which no such call uses, is for both.
 */
vfork:
	load_args
	leaq	SLOT_SAVED(%rbx), %r9
	leaq	FRAME_BELOW(%rsp), %rsp
vfork_native:
	syscall
vfork_end:
	testq	%rax, %rax
	jz	vfork_child
	leaq	-FRAME_BELOW(%rsp), %rsp
	.irp	at, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72
	movq	\at(%r9), %rcx
	movq	%rcx, \at(%rsp)
	.endr
vfork_copied:
	jmp	native_end
vfork_child:
	leaq	-RED_ZONE(%rsp), %rsp
	pushq	FRAME_FLAGS(%r9)
	popfq
	leaq	RED_ZONE(%rsp), %rsp
	load_five %r9
	movq	FRAME_IP(%r9), %rcx
	movq	FRAME_FLAGS(%r9), %r11
	movq	FRAME_RBX(%r9), %rbx
	movq	FRAME_R9(%r9), %r9
	jmp	*%rcx

/* enter() has put a copy of the frame on the child's stack. */
new_stack:
	load_args
	movq	SLOT_CLONE_RDI(%rbx), %rdi
	movq	SLOT_CLONE_RSI(%rbx), %rsi
new_stack_native:
	syscall
new_stack_end:
	testq	%rax, %rax
	jnz	native_end
	movq	%rax, FRAME_RESULT(%rsp)
	leave_frame FRAME_SIZE
	jmp	*%rcx

/*
 * size_t copy_bytes(void *to, const void *from, size_t size)
 * size_t copy_text(void *to, const void *from, size_t size): up to the zero byte, which it
 *	copies
 * Return: how many. When memory of the program is gone, sudctl moves the thread to
 * copy_fault.
 */
	.globl	copy_bytes, copy_text
functions:
copy_bytes:
	movq	%rdi, %rax
	movq	%rdx, %rcx
copy_begin:
	rep movsb
	jmp	copy_fault
copy_text:
	movq	%rdi, %rax
	leaq	(%rdi,%rdx), %rdx
1:	cmpq	%rdx, %rdi
	je	copy_fault
	movzbl	(%rsi), %ecx
	movb	%cl, (%rdi)
	incq	%rsi
	incq	%rdi
	testl	%ecx, %ecx
	jnz	1b
copy_fault:
	subq	%rdi, %rax
	negq	%rax
	ret

	.section .note.GNU-stack, "", @progbits
