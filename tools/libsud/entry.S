/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where blocked calls arrive, in registers: rax holds the number, rcx the
 * address to go back to, r11 the flags; all else is the guest's. The flags are
 * free from the start, as r11 holds them.
 *
 * At each instruction a signal may come whose handler makes a blocked call, or
 * jumps away for good. So everything lies on the stack, above rsp or within the
 * guest's red zone, and nothing that is written outlives the call.
 */

#include "frame.inc"

/* struct sud_thread */
#define T_SELECTOR	0
#define T_HANDLER	8
#define T_STACK		16
#define T_STACK_END	24

#define X_HEADER	512
#define HOW_XSAVE	1	/* less is FXSAVE, more is XSAVEC */

#define RED_ZONE	128

	.hidden	sud_thread, sud_process_handler, sud_vector_size, sud_vector_mask, sud_vector_how

	.text

.macro restore vectors
	.if	\vectors
	movl	sud_vector_mask(%rip), %eax
	xorl	%edx, %edx
	testl	%eax, %eax
	jz	.Lfxrstor\@
	xrstor64 C_SIZE(%rsp)
.Lrestored\@:
	movq	C_RAX(%rsp), %rax
	/* Older CPUs, out of the way. */
	.subsection 1
.Lfxrstor\@:
	fxrstor64 C_SIZE(%rsp)
	jmp	.Lrestored\@
	.previous
	.endif
	restore_registers
.endm

/*
 * XRSTOR wants what the CPU does not write of the header to be zero. Never XSAVEOPT:
 * it leaves out what it knows from the last XRSTOR to be there, and the stack has
 * been used for something else since.
 */
.macro save_vectors
	movl	sud_vector_mask(%rip), %eax
	xorl	%edx, %edx
	cmpl	$HOW_XSAVE, sud_vector_how(%rip)
	jb	.Lfxsave\@
	je	.Lxsave\@
	.irp	at, 16, 24, 32, 40, 48, 56
	movq	%rdx, C_SIZE + X_HEADER + \at(%rsp)
	.endr
	xsavec64 C_SIZE(%rsp)
.Lsaved\@:
	.subsection 1
.Lxsave\@:
	.irp	at, 0, 8, 16, 24, 32, 40, 48, 56
	movq	%rdx, C_SIZE + X_HEADER + \at(%rsp)
	.endr
	xsave64	C_SIZE(%rsp)
	jmp	.Lsaved\@
.Lfxsave\@:
	fxsave64 C_SIZE(%rsp)
	jmp	.Lsaved\@
	.previous
	/* What C code expects: an empty x87, rounding and masks as usual. */
	fninit
	ldmxcsr	default_mxcsr(%rip)
.endm

/*
 * @own: on a stack of the thread's own. @process: the handler is the process's, and
 * nothing here uses FS, which may be anything as a new thread makes its first call.
 * sud_call_native() knows by the handler's return address, \name()_back, which entry
 * a call came by.
 */
.macro entry name, own, vectors, process=0
	.balign	64
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	.cfi_startproc
	.cfi_undefined	rip
	.if	\own
	/*
	 * rax and rcx go below the red zone; on with the own stack from there
	 * on, from its end, or from here when this is it already.
	 */
	leaq	-(RED_ZONE + 16)(%rsp), %rsp
	movq	%rax, 8(%rsp)
	movq	%rcx, (%rsp)
	leaq	RED_ZONE + 16(%rsp), %rax
	movq	sud_thread@gottpoff(%rip), %rcx
	cmpq	%fs:T_STACK(%rcx), %rsp
	jb	.Lswitch\@
	cmpq	%fs:T_STACK_END(%rcx), %rsp
	jb	.Lnested\@
.Lswitch\@:
	movq	%fs:T_STACK_END(%rcx), %rsp
.Lnested\@:
	movq	-(RED_ZONE + 16)(%rax), %rcx
	.else
	leaq	-(RED_ZONE + 8)(%rsp), %rsp
	movq	%rax, (%rsp)
	leaq	RED_ZONE + 8(%rsp), %rax
	.endif
	.if	\vectors
	subq	sud_vector_size(%rip), %rsp
	andq	$-64, %rsp
	.else
	andq	$-16, %rsp
	.endif
	subq	$C_SIZE, %rsp
	movq	%rax, C_RSP(%rsp)
	movq	-(RED_ZONE + 8)(%rax), %rax
	movq	%rax, C_RAX(%rsp)
	movq	%rdi, C_RDI(%rsp)
	movq	%rsi, C_RSI(%rsp)
	movq	%rdx, C_RDX(%rsp)
	movq	%r10, C_R10(%rsp)
	movq	%r8, C_R8(%rsp)
	movq	%r9, C_R9(%rsp)
	movq	%rbx, C_RBX(%rsp)
	movq	%rbp, C_RBP(%rsp)
	movq	%r12, C_R12(%rsp)
	movq	%r13, C_R13(%rsp)
	movq	%r14, C_R14(%rsp)
	movq	%r15, C_R15(%rsp)
	movq	%rcx, C_RIP(%rsp)
	movq	%r11, C_RFLAGS(%rsp)
	.if	\vectors
	save_vectors
	.endif
	cld
	xorl	%ebp, %ebp
	movq	%rsp, %rdi
	.if	\process
	call	*sud_process_handler(%rip)
	.else
	movq	sud_thread@gottpoff(%rip), %rax
	call	*%fs:T_HANDLER(%rax)
	.endif
	.globl	\name\()_back
	.hidden	\name\()_back
\name\()_back:
	.if	\vectors
	movq	%rax, C_RAX(%rsp)
	.endif
	.if	!\process
	/*
	 * From here on a signal handler's calls are blocked, as they would be
	 * in the guest.
	 */
	movq	sud_thread@gottpoff(%rip), %r11
	movq	%fs:T_SELECTOR(%r11), %r11
	movb	$1, (%r11)
	.endif
	restore	\vectors
	.cfi_endproc
	.size	\name, . - \name
.endm

	entry	sud_entry, 0, 0
	entry	sud_entry_vectors, 0, 1
	entry	sud_entry_own, 1, 0
	entry	sud_entry_own_vectors, 1, 1
	entry	sud_process_entry, 0, 0, 1
	entry	sud_process_entry_vectors, 0, 1, 1

	.section .rodata
	.balign	4
default_mxcsr:	.long 0x1f80

	.section .note.GNU-stack, "", @progbits
