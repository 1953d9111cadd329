/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that make a child, each followed by another call at once: see spawn.h. The
 * second call's number is the result of the first, so 0 in a child.
 */

	.text

#ifdef __x86_64__

.macro spawn_enter
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rdi, %r9
	movq	(%r9), %rax
.endm
.macro spawn_load
	spawn_enter
	movq	8(%r9), %rdi
	movq	16(%r9), %rsi
	movq	24(%r9), %rdx
	movq	32(%r9), %r10
	movq	40(%r9), %r8
.endm
	.globl	spawn, spawn_ip, spawn_first_ip, spawn_parent, spawn_dispatched
spawn:
	spawn_load
	syscall
spawn_ip:
	syscall
spawn_first_ip:
	movl	$2, %edi
	jmp	1f
spawn_dispatched:
	movl	$1, %edi
	jmp	1f
	.globl	spawn_plain
spawn_plain:
	spawn_load
	syscall
	xorl	%edi, %edi
	testq	%rax, %rax
	jnz	spawn_parent
	.globl	spawn_go
spawn_go:
1:
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	spawn_child
	ud2
spawn_parent:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.globl	spawn_int80, spawn_int80_first_ip, spawn_upcall
spawn_int80:
	spawn_enter
	movq	8(%r9), %rbx
	movq	16(%r9), %rcx
	movq	24(%r9), %rdx
	movq	32(%r9), %rsi
	movq	40(%r9), %rdi
	int	$0x80
	syscall
spawn_int80_first_ip:
	movl	$2, %edi
	jmp	1b
spawn_upcall:
	testq	%rax, %rax
	jz	spawn_dispatched
	jmp	spawn_parent

#else

.macro spawn_load
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	20(%esp), %ebp
	movl	(%ebp), %eax
	movl	8(%ebp), %ebx
	movl	16(%ebp), %ecx
	movl	24(%ebp), %edx
	movl	32(%ebp), %esi
	movl	40(%ebp), %edi
.endm
	.globl	spawn, spawn_ip, spawn_first_ip, spawn_parent, spawn_dispatched
spawn:
	spawn_load
	int	$0x80
spawn_ip:
	int	$0x80
spawn_first_ip:
	movl	$2, %edi
	jmp	1f
spawn_dispatched:
	movl	$1, %edi
	jmp	1f
	.globl	spawn_plain
spawn_plain:
	spawn_load
	int	$0x80
	xorl	%edi, %edi
	testl	%eax, %eax
	jnz	spawn_parent
	.globl	spawn_go
spawn_go:
1:
	andl	$-16, %esp
	subl	$12, %esp
	pushl	%edi
	xorl	%ebp, %ebp
	call	spawn_child
	ud2
spawn_parent:
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

#endif

	.section .note.GNU-stack, "", @progbits
