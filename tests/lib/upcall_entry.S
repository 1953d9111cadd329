/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handlers for upcalls: see upcalls.h. They touch no stack and no flags, because the
 * code that made the call finds both as it left them.
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
up_scratch2:	.quad 0
up_back:	.quad 0

	.text
	.globl	entry_regs, entry_frames, entry_result, entry_area

#ifdef __x86_64__

/* What the handler is entered with. */
.macro note_registers
	movq	%rax, up_ax(%rip)
	movq	%rcx, up_cx(%rip)
	movq	%r11, up_r11(%rip)
	movq	%rsp, up_sp(%rip)
.endm

/* INC would change the flags. */
.macro count
	movq	up_count(%rip), %rax
	leaq	1(%rax), %rax
	movq	%rax, up_count(%rip)
.endm

/* The frame is at the top, in rdx, which is then above it. */
.macro pop_frame
	.irp	at, 0, 8, 16, 24
	movq	\at(%rdx), %rax
	movq	%rax, up_frame+\at(%rip)
	.endr
	movq	(%rdx), %rax
	movq	%rax, up_back(%rip)
	leaq	32(%rdx), %rdx
.endm

entry_regs:
	note_registers
	count
	movb	$0, selector(%rip)
	movl	$4711, %eax
	jmp	*%rcx

entry_frames:
	note_registers
	movq	%rdx, up_scratch(%rip)
	count
	movb	$0, selector(%rip)
	movq	up_top(%rip), %rdx
	pop_frame
	movq	%rdx, up_top(%rip)
	movq	up_scratch(%rip), %rdx
	movl	$4711, %eax
	jmp	*up_back(%rip)

entry_result:
	movl	$4711, %eax
	jmp	*%rcx

/* See area.h; the top of the frames is at AREA_TOP. */
entry_area:
	note_registers
	movq	%rdx, up_scratch(%rip)
	movq	%rdi, up_scratch2(%rip)
	count
	movq	area_entry_area(%rip), %rdi
	movb	$0, (%rdi)
	movq	64(%rdi), %rdx
	pop_frame
	movq	%rdx, 64(%rdi)
	movq	up_scratch(%rip), %rdx
	movq	up_scratch2(%rip), %rdi
	movl	$4711, %eax
	jmp	*up_back(%rip)

#else

entry_regs:
entry_result:
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

#endif

	.section .note.GNU-stack, "", @progbits
