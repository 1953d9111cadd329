/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handlers for upcalls that note what they find, let further calls run, give a
 * result, and go back. They touch no stack and no flags.
 */

	.bss
	.globl	up_count, up_ax, up_cx, up_r11, up_sp, up_top, up_frame
	.balign	16
up_count:	.quad 0
up_ax:		.quad 0
up_cx:		.quad 0
up_r11:		.quad 0
up_sp:		.quad 0
/* The stack of frames, and the last frame seen. */
up_top:		.quad 0
up_frame:	.skip 32
up_scratch:	.quad 0
up_back:	.quad 0

	.text
	.globl	entry_regs, entry_frames

#ifdef __x86_64__

entry_regs:
	movq	%rax, up_ax(%rip)
	movq	%rcx, up_cx(%rip)
	movq	%r11, up_r11(%rip)
	movq	%rsp, up_sp(%rip)
	movq	up_count(%rip), %rax
	leaq	1(%rax), %rax
	movq	%rax, up_count(%rip)
	movb	$0, selector(%rip)
	movl	$4711, %eax
	jmp	*%rcx

entry_frames:
	movq	%rax, up_ax(%rip)
	movq	%rcx, up_cx(%rip)
	movq	%r11, up_r11(%rip)
	movq	%rsp, up_sp(%rip)
	movq	%rdx, up_scratch(%rip)
	movq	up_count(%rip), %rax
	leaq	1(%rax), %rax
	movq	%rax, up_count(%rip)
	movb	$0, selector(%rip)
	movq	up_top(%rip), %rdx
	movq	(%rdx), %rax
	movq	%rax, up_frame(%rip)
	movq	%rax, up_back(%rip)
	movq	8(%rdx), %rax
	movq	%rax, up_frame+8(%rip)
	movq	16(%rdx), %rax
	movq	%rax, up_frame+16(%rip)
	movq	24(%rdx), %rax
	movq	%rax, up_frame+24(%rip)
	leaq	32(%rdx), %rdx
	movq	%rdx, up_top(%rip)
	movq	up_scratch(%rip), %rdx
	movl	$4711, %eax
	jmp	*up_back(%rip)

#else

entry_regs:
	ud2

entry_frames:
	movl	%eax, up_ax
	movl	%ecx, up_cx
	movl	%esp, up_sp
	movl	%edx, up_scratch
	movl	up_count, %eax
	leal	1(%eax), %eax
	movl	%eax, up_count
	movb	$0, selector
	movl	up_top, %edx
	.irp	at, 0, 4, 8, 12, 16, 20, 24, 28
	movl	\at(%edx), %eax
	movl	%eax, up_frame+\at
	.endr
	leal	32(%edx), %edx
	movl	%edx, up_top
	movl	up_scratch, %edx
	movl	$4711, %eax
	jmp	*up_frame

	/* long site_vsyscall(nr): by the vDSO, sysenter where the CPU has it. */
	.globl	site_vsyscall, vsyscall_address
site_vsyscall:
	movl	4(%esp), %eax
	jmp	*vsyscall_address

	.bss
vsyscall_address:	.long 0

#endif

	.section .note.GNU-stack, "", @progbits
