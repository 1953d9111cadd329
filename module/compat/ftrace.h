/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ftrace's interface to modules, by one name each.
 */
#ifndef SUD_COMPAT_FTRACE_H
#define SUD_COMPAT_FTRACE_H

#include <linux/ftrace.h>
#include <linux/sched.h>
#include <asm/text-patching.h>

#ifdef SUD_HAVE_FTRACE_REGS
#define SUD_FTRACE_REGS struct ftrace_regs
#else
#define SUD_FTRACE_REGS struct pt_regs
#define ftrace_get_regs(regs) (regs)
#endif

/*
 * Frees the filter. Where ftrace_free_filter() is not for modules, an empty filter
 * takes its place, which is an allocation, and there is no way not to need it.
 */
static inline void sud_ftrace_forget(struct ftrace_ops *ops)
{
#ifdef SUD_HAVE_FREE_FILTER
	ftrace_free_filter(ops);
#else
	while (ftrace_set_filter(ops, NULL, 0, 1) == -ENOMEM)
		schedule_timeout_uninterruptible(1);
#endif
}

#ifdef SUD_DIRECT_BY_OPS
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
 * @ops: the user's; unused where direct calls have no ftrace_ops
 *
 * Return: 0, or -EBUSY when the function has a direct user already.
 */
static inline int sud_ftrace_attach(struct ftrace_ops *ops, unsigned long ip,
				    unsigned long addr)
{
#ifdef SUD_DIRECT_BY_OPS
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

/*
 * Where the function at @ip begins with a call, the address that it calls; or 0.
 * An ENDBR may come first. The call is the direct user's trampoline, or one of
 * ftrace's when the function has other users, too.
 */
static inline unsigned long sud_ftrace_target(unsigned long ip)
{
	const u8 *text = (const u8 *)ip;
	int i;

	for (i = 0; i <= 4; i += 4)
		if (text[i] == CALL_INSN_OPCODE)
			return ip + i + CALL_INSN_SIZE +
			       *(const s32 *)(text + i + 1);
	return 0;
}

/*
 * sud_ftrace_detach() - undo sud_ftrace_attach()
 *
 * Without ftrace_ops, all direct users share a filter. Without memory, @ip stays in it:
 * when there is no other user, nothing is called from there; else the function
 * still calls @addr, and may even do so when a later unregistering succeeds.
 *
 * Return: 0, or an error when the call stays for ever.
 */
static inline int sud_ftrace_detach(struct ftrace_ops *ops, unsigned long ip,
				    unsigned long addr)
{
#ifdef SUD_DIRECT_BY_OPS
	return unregister_ftrace_direct(ops, addr, true);
#else
	int err = unregister_ftrace_direct(ip, addr);

	if (sud_ftrace_target(ip) == addr)
		return err ?: -EBUSY;
	return err == -ENOMEM ? 0 : err;
#endif
}

#endif /* SUD_COMPAT_FTRACE_H */
