// SPDX-License-Identifier: GPL-2.0-only
/*
 * A uprobe or a uretprobe in an armed program: newer kernels plant system calls
 * for them, which no program made and no program can handle.
 */
#include <elf.h>
#include <link.h>

#include "lib/backend.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/sigsys.h"

#define TRACING "/sys/kernel/tracing/"

static volatile int probed_calls;

__attribute__((noinline, noclone, aligned(64))) int probed(int n)
{
	probed_calls++;
	asm volatile("" ::: "memory");
	return n + 1;
}

/* 7.2 makes a call of a probe on this ten-byte nop, which ends in a syscall. */
__attribute__((noinline, noclone, aligned(64), naked)) void probed_nop(void)
{
	asm volatile(
		".byte 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0\n\tret");
}

static unsigned long file_offset(const void *function)
{
	const ElfW(Ehdr) * eh;
	const ElfW(Phdr) * ph;
	extern char __ehdr_start[];

	eh = (const void *)__ehdr_start;
	ph = (const void *)(__ehdr_start + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD &&
		    (unsigned long)function - ph[i].p_vaddr < ph[i].p_memsz)
			return (unsigned long)function - ph[i].p_vaddr +
			       ph[i].p_offset;
	FAIL("the function is in no segment");
}

static int hits(const char *event)
{
	char line[512], name[64];
	long n = -1, misses;
	FILE *f = fopen(TRACING "uprobe_profile", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		long count;

		if (sscanf(line, "%*s %63s %ld %ld", name, &count, &misses) >=
			    2 &&
		    !strcmp(name, event))
			n = count;
	}
	fclose(f);
	return n;
}

static void probe(char kind, const char *event, const void *function)
{
	char line[300], path[200];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	CHECK_OK(n);
	path[n] = 0;
	snprintf(line, sizeof(line), "%c:sud/%s %s:0x%lx\n", kind, event, path,
		 file_offset(function));
	CHECK(file_write(TRACING "uprobe_events", line));
	snprintf(line, sizeof(line), TRACING "events/sud/%s/enable", event);
	CHECK(file_write(line, "1"));
}

static void unprobe(const char *event)
{
	char line[300];

	snprintf(line, sizeof(line), TRACING "events/sud/%s/enable", event);
	file_write(line, "0");
	snprintf(line, sizeof(line), "-:sud/%s\n", event);
	file_write(TRACING "uprobe_events", line);
}

static bool kernel_optimizes(void)
{
	return file_contains("/proc/kallsyms", " arch_uprobe_optimize");
}

/* Everything is dispatched but what runs in site_b and in libc's sigreturn. */
static void call_armed(const char *event, bool nop)
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	for (int i = 0; i < 100; i++) {
		selector = SUD_SELECTOR_BLOCK;
		if (nop)
			probed_nop();
		else if (probed(i) != i + 1)
			FAIL("probed() gave a wrong result");
		int was = seen.count;

		selector = SUD_SELECTOR_ALLOW;
		CHECK_EQ(was, 0);
	}
	CHECK_OK(disarm());
	CHECK_EQ(hits(event), 100);
}

TEST(uretprobe,
     "a uretprobe on an armed program counts and does not disturb it")
{
	probe('r', "ret", probed);
	call_armed("ret", false);
	unprobe("ret");
}

TEST(uprobe, "a uprobe on an armed program counts and does not disturb it")
{
	probe('p', "entry", probed);
	call_armed("entry", false);
	unprobe("entry");
}

TEST(uprobe_nop,
     "so does one on a ten-byte nop, which 7.2 optimizes into a call")
{
	if (!kernel_optimizes())
		SKIP("this kernel does not");
	probe('p', "nop", probed_nop);
	call_armed("nop", true);
	bool optimized = file_contains("/proc/self/maps", "uprobes-trampoline");

	unprobe("nop");
	CHECK(optimized);
}

TEST(same_number,
     "the numbers of those calls are dispatched when the program makes them")
{
	/* 335 and 336 are Windows' too. */
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	for (int nr = 335; nr <= 336; nr++) {
		seen.count = 0;
		CHECK_EQ(blocked(nr, 0, 0, 0), nr);
		CHECK_EQ(seen.count, 1);
	}
}
