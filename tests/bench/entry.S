/* SPDX-License-Identifier: GPL-2.0-only */
/* The least that a handler of upcalls can do: go back. */

	.text
	.globl	bench_entry_regs, bench_entry_frames, bench_entry_mapped

bench_entry_regs:
	jmp	*%rcx

bench_entry_frames:
	movq	bench_frames_top(%rip), %rcx
	addq	$32, bench_frames_top(%rip)
	jmp	*(%rcx)

bench_entry_mapped:
	movq	bench_area+64(%rip), %rcx
	addq	$32, bench_area+64(%rip)
	jmp	*(%rcx)

	.section .note.GNU-stack, "", @progbits
