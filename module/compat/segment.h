/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bases of the calling thread's FS and GS, as user code sees them. User code
 * may point them anywhere.
 */
#ifndef SUD_COMPAT_SEGMENT_H
#define SUD_COMPAT_SEGMENT_H

#include <asm/cpufeature.h>
#include <asm/fsgsbase.h>
#include <asm/msr.h>

/* FRED is a way into the kernel and out of it: in the headers since 6.9. */
static inline bool sud_has_fred(void)
{
#ifdef X86_FEATURE_FRED
	return cpu_feature_enabled(X86_FEATURE_FRED);
#else
	return false;
#endif
}

static inline unsigned long sud_fs_base(void)
{
	return x86_fsbase_read_cpu();
}

/*
 * In the kernel, user code's GS base waits in an MSR for the SWAPGS that goes back.
 * x86_gsbase_read_cpu_inactive() is not for modules.
 */
static inline unsigned long sud_gs_base(void)
{
	unsigned long base;

	/* The macro was renamed after 6.12. */
#ifdef rdmsrq
	rdmsrq(MSR_KERNEL_GS_BASE, base);
#else
	rdmsrl(MSR_KERNEL_GS_BASE, base);
#endif
	return base;
}

#endif /* SUD_COMPAT_SEGMENT_H */
