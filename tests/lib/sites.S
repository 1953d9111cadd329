/* SPDX-License-Identifier: GPL-2.0-only */
/* System call instructions at known places: long site(nr, a, b, c). See sites.h. */

	.section .sites, "ax", @progbits

#ifdef __x86_64__

.macro site name
	.balign	64
	.globl	\name, \name\()_ip, \name\()_end
	.type	\name, @function
\name:
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	syscall
\name\()_ip:
	ret
\name\()_end:
	.size	\name, . - \name
.endm

	.balign	64
	.globl	site_int80, site_int80_ip
	.type	site_int80, @function
site_int80:
	pushq	%rbx
	movq	%rdi, %rax
	movq	%rsi, %rbx
	xchgq	%rcx, %rdx
	int	$0x80
site_int80_ip:
	popq	%rbx
	ret
	.size	site_int80, . - site_int80

#else

.macro site name
	.balign	64
	.globl	\name, \name\()_ip, \name\()_end
	.type	\name, @function
\name:
	pushl	%ebx
	movl	8(%esp), %eax
	movl	12(%esp), %ebx
	movl	16(%esp), %ecx
	movl	20(%esp), %edx
	int	$0x80
\name\()_ip:
	popl	%ebx
	ret
\name\()_end:
	.size	\name, . - \name
.endm

	site site_int80

	/* site_vsyscall(nr): by the vDSO, sysenter where the CPU has it. */
	.globl	site_vsyscall, vsyscall_address
	.type	site_vsyscall, @function
site_vsyscall:
	movl	4(%esp), %eax
	jmp	*vsyscall_address
	.size	site_vsyscall, . - site_vsyscall

	.bss
vsyscall_address:	.long 0

	.section .sites, "ax", @progbits

#endif

	site site_a
	site site_b

	.section .note.GNU-stack, "", @progbits
