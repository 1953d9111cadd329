/* SPDX-License-Identifier: GPL-2.0-only */
/* The two pieces of code that go into a traced program. */
	.section .rodata
	.globl	handler_text, handler_text_end, boot_text, boot_text_end
handler_text:
	.incbin	"handler.bin"
handler_text_end:
boot_text:
	.incbin	"boot.bin"
boot_text_end:
	.section .note.GNU-stack, "", @progbits
