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

/* struct sud_call */
#define C_RAX		0
#define C_RDI		8
#define C_RSI		16
#define C_RDX		24
#define C_R10		32
#define C_R8		40
#define C_R9		48
#define C_RBX		56
#define C_RBP		64
#define C_R12		72
#define C_R13		80
#define C_R14		88
#define C_R15		96
#define C_RSP		104
#define C_RIP		112
#define C_RFLAGS	120
#define C_SIZE		128	/* a multiple of 64: XSAVE's area follows */

/* struct sud_thread */
#define T_SELECTOR	0
#define T_HANDLER	8
#define T_STACK		16
#define T_STACK_END	24

#define X_HEADER	512
#define HOW_XSAVE	1	/* less is FXSAVE, more is XSAVEC */

#define RED_ZONE	128
#define NR_RT_SIGRETURN	15

	.hidden	sud_thread, sud_vector_size, sud_vector_mask, sud_vector_how

	.text

/* r11 is the scratch register here: the flags come last. */
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
	movq	C_RDI(%rsp), %rdi
	movq	C_RSI(%rsp), %rsi
	movq	C_RDX(%rsp), %rdx
	movq	C_R10(%rsp), %r10
	movq	C_R8(%rsp), %r8
	movq	C_R9(%rsp), %r9
	movq	C_RBX(%rsp), %rbx
	movq	C_RBP(%rsp), %rbp
	movq	C_R12(%rsp), %r12
	movq	C_R13(%rsp), %r13
	movq	C_R14(%rsp), %r14
	movq	C_R15(%rsp), %r15
	movq	C_RIP(%rsp), %rcx
	movq	C_RFLAGS(%rsp), %r11
	pushq	%r11
	popfq
	movq	C_RSP(%rsp), %rsp
	/* Not "ret": there may be a shadow stack. */
	jmp	*%rcx
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

.macro entry name, own, vectors
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
	movq	sud_thread@gottpoff(%rip), %rax
	call	*%fs:T_HANDLER(%rax)
	.if	\vectors
	movq	%rax, C_RAX(%rsp)
	.endif
	/*
	 * From here on a signal handler's calls are blocked, as they would be
	 * in the guest.
	 */
	movq	sud_thread@gottpoff(%rip), %r11
	movq	%fs:T_SELECTOR(%r11), %r11
	movb	$1, (%r11)
	restore	\vectors
	.cfi_endproc
	.size	\name, . - \name
.endm

	entry	sud_entry, 0, 0
	entry	sud_entry_vectors, 0, 1
	entry	sud_entry_own, 1, 0
	entry	sud_entry_own_vectors, 1, 1

/*
 * A new thread, on its own stack, where its parent has put the struct sud_call
 * and vector state. Not armed, and FS may be another's: no selector.
 */
.macro child name, vectors
	.balign	16
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	.cfi_startproc
	.cfi_undefined	rip
	movq	C_RAX(%rsp), %rax
	restore	\vectors
	.cfi_endproc
	.size	\name, . - \name
.endm

	child	sud_child, 0
	child	sud_child_vectors, 1

/*
 * sud_sigreturn(sp, &selector or NULL): the selector is BLOCK before the call,
 * as the signals it unblocks come before the next instruction. The call itself
 * is exempt: this is the region, or outside of it, or SUD_FLAG_SIGRETURN holds.
 * No "ret" may follow: the shadow stack is the guest's from then on.
 */
	.balign	16
	.globl	sud_sigreturn, sud_sigreturn_end
	.hidden	sud_sigreturn, sud_sigreturn_end
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
sud_sigreturn_end:
	.size	sud_sigreturn, . - sud_sigreturn

	.section .rodata
	.balign	4
default_mxcsr:	.long 0x1f80

	.section .note.GNU-stack, "", @progbits
