/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs in a new image, or in a program that sudctl attaches to, and maps a space; or unmaps
 * it, as sudctl leaves. sudctl puts it behind the vDSO's end, where nothing is, for as long
 * as that takes, with the thread's registers in boot_regs, and watches its calls go by.
 * Should sudctl die meanwhile, it runs to its end, where the thread goes on with those
 * registers; the program then has a mapping that it does not use.
 */
#include <asm/unistd_64.h>

#include "layout.h"

#define MFD_CLOEXEC 1
#define PROT_NONE 0
#define PROT_RW 3
#define PROT_RX 5
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_NORESERVE 0x4000

/* The caller's stack is not touched before it is given back. */
.macro	map
	xorl	%r9d, %r9d
	movl	$__NR_mmap, %eax
	syscall
	testq	%rax, %rax
.endm

	.text
	.globl	boot
boot:
	leaq	name(%rip), %rdi
	movl	$MFD_CLOEXEC, %esi
	movl	$__NR_memfd_create, %eax
	syscall
/* sudctl takes the file, and gives it its size. */
boot_file:
	movq	%rax, %r12
	movq	%rax, %rbx
	testq	%rax, %rax
	js	close

	xorl	%edi, %edi
	movl	$SPACE_SIZE, %esi
	movl	$PROT_NONE, %edx
	movl	$MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, %r10d
	map
	movq	%rax, %rbx
	js	close

	movq	%rbx, %rdi
	movl	$TEXT_SIZE, %esi
	movl	$PROT_RX, %edx
	movl	$MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, %r10d
	map
	js	failed

	leaq	TEXT_SIZE(%rbx), %rdi
	movl	$SHARED_SIZE, %esi
	movl	$PROT_RW, %edx
	movl	$MAP_SHARED | MAP_FIXED, %r10d
	movq	%r12, %r8
	map
	jns	close
failed:
	movq	%rax, %rbx
close:
	movq	%r12, %rdi
	movl	$__NR_close, %eax
	syscall
/* rbx has the space's address, or an error. */
boot_end:
	movq	regs_rsp(%rip), %rsp
	leaq	-RED_ZONE(%rsp), %rsp
	pushq	regs_flags(%rip)
	popfq
	leaq	RED_ZONE(%rsp), %rsp
	movq	regs_r15(%rip), %r15
	movq	regs_r14(%rip), %r14
	movq	regs_r13(%rip), %r13
	movq	regs_r12(%rip), %r12
	movq	regs_rbp(%rip), %rbp
	movq	regs_rbx(%rip), %rbx
	movq	regs_r11(%rip), %r11
	movq	regs_r10(%rip), %r10
	movq	regs_r9(%rip), %r9
	movq	regs_r8(%rip), %r8
	movq	regs_rax(%rip), %rax
	movq	regs_rcx(%rip), %rcx
	movq	regs_rdx(%rip), %rdx
	movq	regs_rsi(%rip), %rsi
	movq	regs_rdi(%rip), %rdi
	jmp	*regs_rip(%rip)

/* rdi and rsi say what. */
unmap:
	movl	$__NR_munmap, %eax
	syscall
unmap_end:
	jmp	boot_end

name:
	.asciz	"sudctl"
	.balign	8
/* As in struct user_regs_struct, up to the stack pointer. */
boot_regs:
	.irp	reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
regs_\reg: .quad 0
	.endr
	.quad	0 /* orig_rax */
regs_rip: .quad 0
	.quad	0 /* cs */
regs_flags: .quad 0
regs_rsp: .quad 0
boot_size:
	.section .note.GNU-stack, "", @progbits
