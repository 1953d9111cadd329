// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves, before anybody can be armed, that system calls lead to the hook.
 *
 * A compiler that optimises across files (LTO) may inline the hooked function
 * into its callers and keep a copy that nobody calls. The copy can be found and
 * hooked like the function itself, and then every call of an armed thread would
 * be blocked, or on 5.10 run. So two things are looked at:
 *
 * The hooked function begins with a call. ftrace said so; this sees it.
 *
 * The kernel's system call entries lead to the hooked function. Their text, and
 * that of the functions which they call, is searched for direct calls and jumps,
 * breadth first; the hooked function is three or four calls away. The search goes
 * by bytes, not by instructions: what only looks like a call adds a function to
 * the search, and cannot end it, because it would have to hold the hooked
 * function's very address.
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/text-patching.h>

#include "compat/ftrace.h"
#include "guard.h"
#include "log.h"
#include "proof.h"

/*
 * Where system calls come in. Names have changed between kernels, so only the
 * first must be there; each that is there must lead to the hook.
 */
static const char *const entries[] = {
	"do_syscall_64",
	"do_int80_syscall_32",
	"do_int80_emulation",
	"do_fast_syscall_32",
};

/* How many functions are looked at, at most. */
#define MOST 1024

/* A function's text; @size is 0 for what is not the beginning of one. */
struct text {
	unsigned long start, size;
};

/* @name has room for KSYM_SYMBOL_LEN. */
static struct text text_at(unsigned long address, char *name)
{
	struct text text = {};
	unsigned long offset;
	char *plus;

	sprint_symbol(name, address);
	plus = strrchr(name, '+');
	if (!plus || sscanf(plus, "+0x%lx/0x%lx", &offset, &text.size) != 2)
		return (struct text){};
	*plus = '\0';
	text.start = address - offset;

	/* A thunk in the padding ahead of a function, which goes on there. */
	if (!strncmp(name, "__pfx_", strlen("__pfx_")))
		return text_at(text.start + text.size, name);
	/* An ENDBR may be left out. The cold half is entered anywhere. */
	if (offset && offset != 4 && !strstr(name, ".cold"))
		text.size = 0;
	return text;
}

/* The calls themselves: hundreds, and none leads back to an entry. */
static bool is_system_call(const char *name)
{
	return strstr(name, "sys_call") || strstr(name, "_sys_");
}

/* Where the instruction at @at goes, if it is a direct call or jump; or 0. */
static unsigned long target_of(const u8 *at)
{
	if (*at == CALL_INSN_OPCODE || *at == JMP32_INSN_OPCODE)
		return (unsigned long)at + 5 + *(const s32 *)(at + 1);
	/* A conditional jump. */
	if (at[0] == 0x0f && (at[1] & 0xf0) == 0x80)
		return (unsigned long)at + 6 + *(const s32 *)(at + 2);
	return 0;
}

/* The functions to look at, each once. */
struct search {
	struct text seen[MOST];
	size_t count;
	char name[KSYM_SYMBOL_LEN];
};

/* @text is what text_at() has just found: its name is still there. */
static void look_at(struct search *search, struct text text)
{
	size_t i;

	if (!text.size || is_system_call(search->name))
		return;
	for (i = 0; i < search->count; i++)
		if (search->seen[i].start == text.start)
			return;
	if (search->count < MOST)
		search->seen[search->count++] = text;
}

/* ftrace's address of a function is behind the ENDBR, where there is one. */
static bool same_function(struct text text, unsigned long ip)
{
	return text.size && ip - text.start <= 4;
}

static bool leads_to(struct search *search, unsigned long entry,
		     unsigned long hooked)
{
	size_t i, at;

	search->count = 0;
	look_at(search, text_at(entry, search->name));
	for (i = 0; i < search->count; i++) {
		struct text text = search->seen[i], found;

		/* The longest of these instructions has six bytes. */
		for (at = 0; at + 6 <= text.size; at++) {
			unsigned long target =
				target_of((const u8 *)text.start + at);

			if (!target)
				continue;
			found = text_at(target, search->name);
			if (same_function(found, hooked))
				return true;
			look_at(search, found);
		}
	}
	return false;
}

static int all_lead_to(struct search *search, unsigned long hooked)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		unsigned long entry = 0;

		/* A kprobe may not stand there, so the error says nothing. */
		sud_guard_find(entries[i], &entry);
		if (!entry && i)
			continue;
		if (!entry || !leads_to(search, entry, hooked)) {
			pr_err("no call of %ps is found from %s: this kernel was compiled in a way that sud cannot hook\n",
			       (void *)hooked, entries[i]);
			return -ENODEV;
		}
	}
	return 0;
}

int sud_proof(unsigned long hooked)
{
	struct search *search;
	int err;

	if (!sud_ftrace_target(hooked)) {
		pr_err("%ps does not begin with the call that ftrace has put there\n",
		       (void *)hooked);
		return -ENODEV;
	}

	search = kvmalloc(sizeof(*search), GFP_KERNEL);
	if (!search)
		return -ENOMEM;
	err = all_lead_to(search, hooked);
	kvfree(search);
	return err;
}
