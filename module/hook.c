// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches entry.S to the kernel by a direct trampoline of ftrace.
 */
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "compat/ftrace.h"
#include "compat/gate.h"
#include "guard.h"
#include "hook.h"
#include "log.h"
#include "proof.h"

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS
#error "sud needs a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
#endif

static const char *const symbols[] = { SUD_GATE_SYMBOLS };

static unsigned long hooked;
static struct ftrace_ops direct;

#ifdef SUD_TEST
/* A function to hook in the right one's place. */
static char *test_hook;
module_param(test_hook, charp, 0);
#else
static const char *const test_hook;
#endif

static int find_hooked(void)
{
	int err = -ENOENT, i;

	if (test_hook)
		return sud_guard_find(test_hook, &hooked);
	for (i = 0; i < ARRAY_SIZE(symbols) && err == -ENOENT; i++)
		err = sud_guard_find(symbols[i], &hooked);
	return err;
}

#ifdef SUD_TEST
/* Loses the hook while it is 1, as an ftrace that has gone wrong would. */
static int set_test_lost(const char *value, const struct kernel_param *param)
{
	unsigned long addr = (unsigned long)sud_trampoline;
	bool *lost = param->arg, lose;
	int err = kstrtobool(value, &lose);

	if (err || lose == *lost)
		return err;
	if (lose) {
		err = sud_ftrace_detach(&direct, hooked, addr);
	} else {
		/* What it was registered with has been freed. */
		memset(&direct, 0, sizeof(direct));
		err = sud_ftrace_attach(&direct, hooked, addr);
	}
	if (!err)
		*lost = lose;
	return err;
}

static const struct kernel_param_ops test_lost_ops = {
	.set = set_test_lost,
	.get = param_get_bool,
};

static bool test_lost;
module_param_cb(test_lost, &test_lost_ops, &test_lost, 0644);
#endif

void sud_hook_name(char *name, size_t size)
{
	snprintf(name, size, "%ps", (void *)hooked);
}

int sud_hook_init(void)
{
	int err;

	err = find_hooked();
	if (err) {
		pr_err("cannot find the function %s to hook (%d); %s\n",
		       symbols[0], err, sud_hint(err));
		return err;
	}

	err = sud_ftrace_attach(&direct, hooked, (unsigned long)sud_trampoline);
	if (err == -EBUSY)
		pr_err("%ps is taken: stop the BPF program, live patch or tracer attached to it and load the module again\n",
		       (void *)hooked);
	else if (err)
		pr_err("cannot hook %ps (%d); %s\n", (void *)hooked, err,
		       sud_hint(err));
	if (err)
		return err;

	err = sud_proof(hooked);
	if (err)
		sud_hook_exit();
	else
		pr_debug("hooked %ps\n", (void *)hooked);
	return err;
}

void sud_hook_exit(void)
{
	sud_guard_must(sud_ftrace_detach(&direct, hooked,
					 (unsigned long)sud_trampoline));
}
