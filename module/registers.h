/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread's general registers, as user space reads and writes them (struct
 * sud_regs): what ptrace's are, without segments.
 */
#ifndef SUD_REGISTERS_H
#define SUD_REGISTERS_H

#include <linux/types.h>
#include <sud_uapi.h>

struct pt_regs;

/* @flags: the program's own, as sud_upcall_flags() */
void sud_registers_read(const struct pt_regs *regs, unsigned long flags,
			struct sud_regs *out);
/* May user mode have @new, where it has had @regs and @flags? */
bool sud_registers_ok(const struct pt_regs *regs, unsigned long flags,
		      const struct sud_regs *new);
/* Writes all of them but ax. Of the calling thread; sud_registers_ok() was asked. */
void sud_registers_write(struct pt_regs *regs, const struct sud_regs *new);

#endif /* SUD_REGISTERS_H */
