/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_COMPAT_VMA_H
#define SUD_COMPAT_VMA_H

#include <linux/mm.h>

/*
 * sud_vma_flags() - set and clear flags of a VMA that is being mapped
 *
 * The flags are constant, and have functions to change them, since 6.3 (commit
 * bc292ab00f6c).
 */
static inline void sud_vma_flags(struct vm_area_struct *vma, unsigned long set,
				 unsigned long clear)
{
#ifdef SUD_HAVE_VM_FLAGS_MOD
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

#endif /* SUD_COMPAT_VMA_H */
