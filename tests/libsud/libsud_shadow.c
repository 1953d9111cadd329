// SPDX-License-Identifier: GPL-2.0-only
/*
 * libsud's count of what lies on a shadow stack above a signal's token, against a
 * model of what the kernel and the CPU push there: QEMU has no shadow stacks.
 */
#include "../../tools/libsud/shadow.h"
#include "lib/harness.h"

#define WORDS 4096

static uint64_t words[WORDS];
static size_t top;

static void empty(void)
{
	memset(words, 0, sizeof(words));
	top = WORDS;
}

static void call(uint64_t return_address)
{
	words[--top] = return_address;
}

static void ret(void)
{
	top++;
}

/* setup_signal_shadow_stack(): the token, then where the handler returns to. */
static void signal_arrives(uint64_t restorer)
{
	uint64_t token = (uintptr_t)&words[top] | 1ULL << 63;

	words[--top] = token;
	call(restorer);
}

/* shstk_pop_sigframe(), after INCSSP by @n words: false is SIGSEGV. */
static bool sigreturn_works(size_t n, size_t before_signal)
{
	uint64_t word = words[top + n];

	if (!(word & 1ULL << 63))
		return false;
	return (word & ~(1ULL << 63)) == (uintptr_t)&words[before_signal];
}

static void check_depth(int calls)
{
	size_t before = top, n;

	signal_arrives(0x7f0000001000);
	ret();
	for (int i = 0; i < calls; i++)
		call(0x555555550000 + i);
	n = sud_shadow_above_token(&words[top]);
	CHECK_EQ(n, calls);
	CHECK(sigreturn_works(n, before));
	CHECK(!calls || !sigreturn_works(n - 1, before));
	for (int i = 0; i < calls; i++)
		ret();
	/* The kernel pops the token. */
	ret();
	CHECK_EQ(top, before);
}

TEST(depths, "every depth of calls between the signal and its return")
{
	static const int depths[] = { 0, 1, 3, 254, 255, 256, 510, 511, 2000 };

	empty();
	call(0x555555555000);
	for (unsigned int i = 0; i < sizeof(depths) / sizeof(*depths); i++)
		check_depth(depths[i]);
}

TEST(nested, "of several signals, the youngest is returned from first")
{
	empty();
	call(0x555555555000);
	signal_arrives(0x7f0000001000);
	call(0x555555556000);
	for (int i = 0; i < 10; i++)
		check_depth(i);
}
