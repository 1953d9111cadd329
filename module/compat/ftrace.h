/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ftrace's interface to modules, by one name each.
 */
#ifndef SUD_COMPAT_FTRACE_H
#define SUD_COMPAT_FTRACE_H

#include <linux/ftrace.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <asm/text-patching.h>

/* Callbacks get a struct ftrace_regs since 5.11 (commit d19ad0775dcd). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#define SUD_FTRACE_REGS struct ftrace_regs
#else
#define SUD_FTRACE_REGS struct pt_regs
#define ftrace_get_regs(regs) (regs)
#endif

/*
 * Frees the filter. ftrace_free_filter() is for modules since 6.2 (commit
 * 8be9fbd5345d); an empty filter in its place is an allocation, and there is no
 * way not to need it.
 */
static inline void sud_ftrace_forget(struct ftrace_ops *ops)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	ftrace_free_filter(ops);
#else
	while (ftrace_set_filter(ops, NULL, 0, 1) == -ENOMEM)
		schedule_timeout_uninterruptible(1);
#endif
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
/*
 * May a live patch have the function, too? Yes: entry.S goes on where its own
 * return address says, which is then the patched body. The callback got an @ip
 * between 6.12 and 7.2, so the kernel's own type decides.
 */
static inline int sud_ftrace_share(struct ftrace_ops *ops,
				   enum ftrace_ops_cmd cmd)
{
	return 0;
}

static inline int sud_ftrace_share_at(struct ftrace_ops *ops, unsigned long ip,
				      enum ftrace_ops_cmd cmd)
{
	return 0;
}

#define SUD_FTRACE_SHARE                                                 \
	__builtin_choose_expr(                                           \
		__builtin_types_compatible_p(ftrace_ops_func_t,          \
					     typeof(&sud_ftrace_share)), \
		sud_ftrace_share, sud_ftrace_share_at)
#endif

/*
 * sud_ftrace_attach() - make the function at @ip begin with a call of @addr
 * @ops: unused before 6.4 (commit 8788ca164eb4), the user's from then on
 *
 * Return: 0, or -EBUSY when the function has a direct user already.
 */
static inline int sud_ftrace_attach(struct ftrace_ops *ops, unsigned long ip,
				    unsigned long addr)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	int err = ftrace_set_filter_ip(ops, ip, 0, 0);

	if (err)
		return err;
	ops->ops_func = SUD_FTRACE_SHARE;
	err = register_ftrace_direct(ops, addr);
	if (err)
		sud_ftrace_forget(ops);
	return err;
#else
	return register_ftrace_direct(ip, addr);
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
/* Does the function at @ip begin with a call of @addr? An ENDBR may come first. */
static inline bool sud_ftrace_calls(unsigned long ip, unsigned long addr)
{
	const u8 *text = (const u8 *)ip;
	int i;

	for (i = 0; i <= 4; i += 4)
		if (text[i] == CALL_INSN_OPCODE &&
		    ip + i + CALL_INSN_SIZE + *(const s32 *)(text + i + 1) ==
			    addr)
			return true;
	return false;
}
#endif

/*
 * sud_ftrace_detach() - undo sud_ftrace_attach()
 *
 * Before 6.4 all direct users share a filter. Without memory, @ip stays in it:
 * when there is no other user, nothing is called from there; else the function
 * still calls @addr, and may even do so when a later unregistering succeeds.
 *
 * Return: 0, or an error when the call stays for ever.
 */
static inline int sud_ftrace_detach(struct ftrace_ops *ops, unsigned long ip,
				    unsigned long addr)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return unregister_ftrace_direct(ops, addr, true);
#else
	int err = unregister_ftrace_direct(ip, addr);

	if (sud_ftrace_calls(ip, addr))
		return err ?: -EBUSY;
	return err == -ENOMEM ? 0 : err;
#endif
}

#endif /* SUD_COMPAT_FTRACE_H */
