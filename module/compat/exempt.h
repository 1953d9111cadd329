/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that are never dispatched, wherever the selector stands.
 */
#ifndef SUD_COMPAT_EXEMPT_H
#define SUD_COMPAT_EXEMPT_H

#include <linux/mm.h>
#include <linux/sched.h>
#include <asm/syscall.h>
#include <asm/unistd.h>
#include <asm/vdso.h>

#include "gate.h"

/*
 * The 32-bit vDSO's sigreturn, as arch_syscall_is_vdso_sigreturn(), which is
 * not exported. Only the 32-bit image has these symbols; before 5.11 it lacks
 * the landing pads: they are where "int $0x80" ends after "pop %eax; movl
 * $nr, %eax" and "movl $nr, %eax".
 */
static inline bool sud_exempt_vdso(const struct pt_regs *regs)
{
	const struct vdso_image *image = current->mm->context.vdso_image;
	unsigned long vdso = (unsigned long)current->mm->context.vdso;
	long sigreturn, rt_sigreturn;

	if (!in_ia32_syscall() || !image)
		return false;

#ifdef SUD_HAVE_LANDING_PADS
	sigreturn = image->sym_vdso32_sigreturn_landing_pad;
	rt_sigreturn = image->sym_vdso32_rt_sigreturn_landing_pad;
	if (!sigreturn || !rt_sigreturn)
		return false;
#else
	if (!image->sym___kernel_sigreturn || !image->sym___kernel_rt_sigreturn)
		return false;
	sigreturn = image->sym___kernel_sigreturn + 8;
	rt_sigreturn = image->sym___kernel_rt_sigreturn + 7;
#endif
	return regs->ip == vdso + sigreturn || regs->ip == vdso + rt_sigreturn;
}

#if defined(__NR_uretprobe) || defined(__NR_uprobe)

/* The kernel's own mappings with system calls that it planted itself. */
static inline bool sud_exempt_mapping(unsigned long ip)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	const char *name;
	bool planted = false;

	if (mmap_read_lock_killable(mm))
		return false;
	vma = find_vma(mm, ip);
	if (vma && vma->vm_start <= ip && vma->vm_ops && vma->vm_ops->name) {
		name = vma->vm_ops->name(vma);
		planted = name && (!strcmp(name, "[uprobes]") ||
				   !strcmp(name, "[uprobes-trampoline]"));
	}
	mmap_read_unlock(mm);
	return planted;
}

static inline bool sud_exempt_number(const struct pt_regs *regs)
{
	switch ((int)regs->orig_ax) {
#ifdef __NR_uretprobe
	case __NR_uretprobe:
#endif
#ifdef __NR_uprobe
	case __NR_uprobe:
#endif
		return true;
	}
	return false;
}

static inline bool sud_exempt_uprobe(const struct pt_regs *regs)
{
	return !in_ia32_syscall() && sud_exempt_number(regs) &&
	       sud_exempt_mapping(regs->ip);
}

#else

static inline bool sud_exempt_number(const struct pt_regs *regs)
{
	return false;
}

static inline bool sud_exempt_uprobe(const struct pt_regs *regs)
{
	return false;
}

#endif

static inline bool sud_exempt(const struct pt_regs *regs)
{
	return sud_exempt_vdso(regs) || sud_exempt_uprobe(regs);
}

#endif /* SUD_COMPAT_EXEMPT_H */
