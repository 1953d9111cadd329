// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_FLAG_SELECTOR_FS: selector and frame top in the thread's own thread-local
 * storage. The FS base counts as it is at the call, and may point anywhere.
 */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/spawn.h"
#include "lib/tls.h"
#include "lib/upcalls.h"

#ifdef __LP64__
static __thread volatile int tls_seen;

static void on_sigsys(int sig)
{
	(void)sig;
	tls_selector = SUD_SELECTOR_ALLOW;
	tls_seen++;
}

static void arm_fs(unsigned int flags)
{
	struct sud_config c = config_fs(flags);

	signal(SIGSYS, on_sigsys);
	CHECK_OK(sud_set(sud_fd, &c));
}

static void check_blocked(void)
{
	int before = tls_seen;

	tls_selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(tls_seen, before + 1);
}

static void check_allowed(void)
{
	int before = tls_seen;

	tls_selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(tls_seen, before);
}

TEST(tls_variable, "the selector is a thread-local variable")
{
	struct sud_config c, got;

	arm_fs(0);
	for (int i = 0; i < 100; i++) {
		check_blocked();
		check_allowed();
	}
	c = config_fs(0);
	CHECK_OK(sud_get(sud_fd, &got));
	CHECK(same(&c, &got));
}

/* Threads at once, each with its own verdicts. */
static void own_verdicts(void)
{
	for (int i = 0; i < 300; i++) {
		if ((i ^ (uintptr_t)&tls_seen >> 12) & 1)
			check_blocked();
		else
			check_allowed();
		if (i % 16 == 0)
			site_b(SYS_sched_yield, 0, 0, 0);
	}
	tls_selector = SUD_SELECTOR_ALLOW;
}

TEST_LIMIT(own_bytes, "each inheriting thread has its own selector", false, 60)
{
	pthread_t threads[6];

	arm_fs(SUD_FLAG_INHERIT_THREAD);
	for (int i = 0; i < 6; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, call_it,
					own_verdicts),
			 0);
	own_verdicts();
	for (int i = 0; i < 6; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void blocks_itself(void)
{
	check_blocked();
	tls_selector = SUD_SELECTOR_BLOCK;
	site_b(SYS_exit_group, 0, 0, 0);
}

TEST(forked, "a forked child has its parent's FS base, and its own copy")
{
	arm_fs(SUD_FLAG_INHERIT_FORK);
	in_process(blocks_itself);
	CHECK_EQ(tls_selector, SUD_SELECTOR_ALLOW);
	check_allowed();
	check_blocked();
}

/* Thread-local storage by hand; what the variables' offsets fall into. */
static struct block {
	char below[8192];
	void *self;
	char above[4096 - sizeof(void *)];
} block_a, block_b;

static uint64_t block_base(struct block *b)
{
	b->self = &b->self;
	return (uintptr_t)&b->self;
}

/* This thread's variable @p, in the block. */
static volatile unsigned char *in_block(struct block *b, const volatile void *p)
{
	return (unsigned char *)(uintptr_t)(block_base(b) + from_fs(p));
}

static void try_first(uint64_t flags, unsigned char child, int first)
{
	struct sud_config c = spawn_config(SUD_FLAG_SELECTOR_FS | BOTH);
	struct spawn_call call = spawn_clone(flags | CLONE_SETTLS);
	long pid;

	c.selector = from_fs(&tls_selector);
	*in_block(&block_b, &tls_selector) = child;
	call.arg[SPAWN_TLS] = block_base(&block_b);
	tls_selector = SUD_SELECTOR_BLOCK;
	CHECK_OK(sud_set(sud_fd, &c));
	spawn_reset();
	pid = spawn(&call);
	tls_selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(pid);
	end_child(pid, flags);
	check_report(&c, first, "child", flags);
}

TEST(first_instruction,
     "a child's own byte counts from its first instruction on")
{
	static const uint64_t flags[] = {
		CLONE_A_THREAD,
		CLONE_A_THREAD | CLONE_VFORK,
		SIGCHLD,
		CLONE_VM | CLONE_VFORK | SIGCHLD,
	};

	spawn_init();
	for (unsigned int i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		try_first(flags[i], SUD_SELECTOR_BLOCK, FIRST_DISPATCHED);
		try_first(flags[i], SUD_SELECTOR_ALLOW, FIRST_RAN);
	}
}

static void call_site_a(void)
{
	found->extra[0] = site_a(MAGIC_NR, 0, 0, 0);
}

TEST(parent_allowed, "and the parent's, which says ALLOW, does not")
{
	struct sud_config c = config_a(SUD_FLAG_SELECTOR_FS | BOTH);
	uint64_t flags = CLONE_A_THREAD | CLONE_VFORK;
	struct spawn_call call = spawn_clone(flags | CLONE_SETTLS);
	long pid;

	spawn_init();
	c.selector = from_fs(&tls_selector);
	*in_block(&block_b, &tls_selector) = SUD_SELECTOR_BLOCK;
	call.arg[SPAWN_TLS] = block_base(&block_b);
	tls_selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	spawn_fn = call_site_a;
	spawn_reset();
	pid = spawn_plain(&call);
	CHECK_OK(pid);
	end_child(pid, flags);
	check_plain(&c, "thread");
	CHECK_EQ(found->extra[0], MAGIC_NR);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

static void by_prctl(uint64_t base)
{
	site_b(SYS_arch_prctl, ARCH_SET_FS, base, 0);
}

static void by_instruction(uint64_t base)
{
	set_fs_base(base);
}

/* A segment of the LDT; its base has 32 bits, and these are static. */
static void by_segment(uint64_t base)
{
	struct user_desc desc = {
		.base_addr = base,
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
		.useable = 1,
	};

	site_b(SYS_modify_ldt, 1, (long)&desc, sizeof(desc));
	asm volatile("movw %w0, %%fs" : : "r"(7) : "memory");
}

/* Where nothing may use thread-local storage, libc included. */
__attribute__((noinline)) static void moved_calls(void (*move)(uint64_t),
						  uint64_t a, uint64_t b,
						  uint64_t own, long *results)
{
	for (int i = 0; i < 4; i++) {
		move(i & 1 ? b : a);
		results[i] = site_a(MAGIC_NR, 0, 0, 0);
	}
	site_b(SYS_arch_prctl, ARCH_SET_FS, own, 0);
}

static void check_moves(void (*move)(uint64_t))
{
	struct sud_config c = config_fs(0);
	volatile unsigned char *a = in_block(&block_a, &tls_selector);
	volatile unsigned char *b = in_block(&block_b, &tls_selector);
	uint64_t own = fs_base();
	long results[4] = { 0 };

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_regs;
	tls_selector = SUD_SELECTOR_ALLOW;
	*a = SUD_SELECTOR_ALLOW;
	*b = SUD_SELECTOR_BLOCK;
	CHECK_OK(sud_set(sud_fd, &c));
	moved_calls(move, block_base(&block_a), block_base(&block_b), own,
		    results);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(results[i], i & 1 ? RESULT : -ENOSYS);
	/* It was read only. */
	CHECK_EQ(*a, SUD_SELECTOR_ALLOW);
	CHECK_EQ(*b, SUD_SELECTOR_BLOCK);
	CHECK_EQ(fs_base(), own);
}

TEST(moved_by_prctl, "an FS base set by arch_prctl counts at the next call")
{
	check_moves(by_prctl);
}

TEST(moved_by_instruction, "so does one set by wrfsbase")
{
	if (!has_wrfsbase())
		SKIP("no wrfsbase in user mode");
	check_moves(by_instruction);
}

TEST(moved_by_segment, "and one that comes of a segment of the LDT")
{
	check_moves(by_segment);
}

TEST(moved_by_tracer, "and one that a tracer set")
{
	struct sud_config c = config_fs(0);
	int status;

	*in_block(&block_b, &tls_selector) = SUD_SELECTOR_BLOCK;
	block_base(&block_b);
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_regs;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		CHECK_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		tls_selector = SUD_SELECTOR_ALLOW;
		CHECK_OK(sud_set(sud_fd, &c));
		asm volatile("int3" : : : "memory");
		long r = site_a(MAGIC_NR, 0, 0, 0);

		site_b(SYS_exit_group, r == RESULT ? 43 : 44, 0, 0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	CHECK_OK(ptrace(PTRACE_POKEUSER, pid,
			offsetof(struct user_regs_struct, fs_base),
			block_base(&block_b)));
	CHECK_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
}

/* Of a thread: what it finds in its own stack of frames. */
static void own_frames(void)
{
	struct sud_upcall_frame frames[4];
	uint64_t top = (uintptr_t)(frames + 4);

	memset(frames, 0xee, sizeof(frames));
	tls_top = top;
	for (int i = 1; i <= 200; i++) {
		long nr = MAGIC_NR + i;

		tls_selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_a(nr, 0, 0, 0), RESULT);
		CHECK_EQ(tls_ups, i);
		CHECK_EQ(tls_top, top);
		CHECK_EQ(frames[3].ip, (uintptr_t)site_a_ip);
		CHECK_EQ(frames[3].nr, nr);
		CHECK_EQ(frames[3].arch, AUDIT_ARCH_X86_64);
		if (i % 16 == 0)
			site_b(SYS_sched_yield, 0, 0, 0);
	}
	/* The one below is as it was. */
	CHECK_EQ((unsigned int)frames[2].nr, 0xeeeeeeee);
}

TEST_LIMIT(frames, "each inheriting thread has its own stack of frames", false,
	   60)
{
	struct sud_config c = config_fs(SUD_FLAG_INHERIT_THREAD), got;
	pthread_t threads[4];

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_tls;
	c.upcall_frame = from_fs(&tls_top);
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, call_it, own_frames),
			 0);
	own_frames();
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	CHECK_OK(sud_get(sud_fd, &got));
	CHECK(same(&c, &got));
}

TEST(frames_only, "a frame top without a selector: every call is blocked")
{
	struct sud_config c = config_a(SUD_FLAG_SELECTOR_FS);

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_tls;
	c.upcall_frame = from_fs(&tls_top);
	CHECK_OK(sud_set(sud_fd, &c));
	own_frames();
}

/* The selector among bytes that must stay. */
static __thread volatile unsigned char tls_row[64];

static void check_row(const struct sud_config *c, long result)
{
	CHECK_OK(sud_set(sud_fd, c));
	for (int i = 0; i < 64; i++)
		tls_row[i] = 0x55;
	tls_row[32] = SUD_SELECTOR_BLOCK;
	long r = site_a(MAGIC_NR, 0, 0, 0);
	int after = tls_row[32];

	tls_row[32] = SUD_SELECTOR_ALLOW;
	CHECK_EQ(r, result);
	CHECK_EQ(after, SUD_SELECTOR_ALLOW);
	for (int i = 0; i < 64; i++)
		CHECK(i == 32 || tls_row[i] == 0x55);
}

static void count_only(int sig)
{
	(void)sig;
	tls_seen++;
}

TEST(auto_allow, "AUTO_ALLOW writes the thread's byte, and no other")
{
	struct sud_config c = config_fs(SUD_FLAG_AUTO_ALLOW);

	signal(SIGSYS, count_only);
	c.selector = from_fs(&tls_row[32]);
	check_row(&c, MAGIC_NR);
	CHECK_EQ(tls_seen, 1);
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_regs;
	check_row(&c, RESULT);
	c.upcall_entry = (uintptr_t)entry_tls;
	c.upcall_frame = from_fs(&tls_top);
	struct sud_upcall_frame frame[2];

	tls_top = (uintptr_t)(frame + 2);
	check_row(&c, RESULT);
	CHECK_EQ(tls_ups, 1);
	CHECK_EQ(tls_seen, 1);
}

static void check_site_a_only(void)
{
	check_blocked();
	check_allowed();
	tls_selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	tls_selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(tls_seen, 1);
}

TEST(inclusive, "inclusive: only what the region holds asks for the byte")
{
	struct sud_config c = config_a(SUD_FLAG_SELECTOR_FS);

	signal(SIGSYS, on_sigsys);
	c.selector = from_fs(&tls_selector);
	CHECK_OK(sud_set(sud_fd, &c));
	check_site_a_only();
}

TEST(region_set, "with a region set")
{
	struct sud_config c = config_fs(SUD_FLAG_REGIONS);
	struct sud_range b = { c.offset, c.len };

	CHECK_OK(sud_regions_add(sud_fd, &b, 1));
	c.offset = 0;
	c.len = 0;
	signal(SIGSYS, on_sigsys);
	CHECK_OK(sud_set(sud_fd, &c));
	check_site_a_only();
}

TEST(int80, "int $0x80 from 64-bit code reads the byte, too")
{
	arm_fs(0);
	tls_selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_int80(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(tls_seen, 1);
	CHECK_EQ(site_int80(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(tls_seen, 1);
}

TEST(any_offset, "every offset but two of 0 is taken, and told as it was given")
{
	static const uint64_t offsets[] = {
		1,	  0x7fffffffffff, 0x800000000000, 1ULL << 63,
		-4096ULL, -1ULL,	  1ULL << 56,	  0xffffffff81000000,
	};
	struct sud_config c = config_a(SUD_FLAG_SELECTOR_FS), got;

	for (unsigned int i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		c.delivery = SUD_DELIVER_SIGSYS;
		c.upcall_entry = 0;
		c.upcall_frame = 0;
		c.selector = offsets[i];
		CHECK_OK(sud_set(sud_fd, &c));
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(same(&c, &got));
		c.delivery = SUD_DELIVER_UPCALL;
		c.upcall_entry = (uintptr_t)entry_tls;
		c.upcall_frame = offsets[i];
		CHECK_OK(sud_set(sud_fd, &c));
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(same(&c, &got));
		c.selector = 0;
		CHECK_OK(sud_set(sud_fd, &c));
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(same(&c, &got));
	}
}

TEST(errors, "each bad configuration has its errno, and changes nothing")
{
	struct sud_config good = config_a(SUD_FLAG_SELECTOR_FS), c, got;

	good.selector = from_fs(&tls_selector);
	good.delivery = SUD_DELIVER_UPCALL;
	good.upcall_entry = (uintptr_t)entry_tls;
	good.upcall_frame = from_fs(&tls_top);
	CHECK_OK(sud_set(sud_fd, &good));
	c = good;
	c.selector = 0;
	c.upcall_frame = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	/* There is no selector to write. */
	c = good;
	c.selector = 0;
	c.flags |= SUD_FLAG_AUTO_ALLOW;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	c = good;
	c.delivery = SUD_DELIVER_SIGSYS;
	c.upcall_entry = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	/* The entry is an address. */
	c = good;
	c.upcall_entry = 1ULL << 63;
	CHECK_ERR(sud_set(sud_fd, &c), EFAULT);
	c = (struct sud_config){ .size = sizeof(c),
				 .flags = SUD_FLAG_SELECTOR_FS };
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	CHECK_OK(sud_get(sud_fd, &got));
	CHECK(same(&good, &got));
}

static struct sud_config low_config;

TEST(errors_int80, "EINVAL when SET comes by int $0x80 from 64-bit code")
{
	low_config = config_a(0);
	low_config.selector = (uintptr_t)&selector;
	CHECK((uintptr_t)&low_config < 1ULL << 32);
	/* 54 is ioctl there. But for the one flag it is right. */
	CHECK_EQ(site_int80(54, sud_fd, SUD_IOC_SET, (long)&low_config), 0);
	low_config.flags = SUD_FLAG_SELECTOR_FS;
	CHECK_EQ(site_int80(54, sud_fd, SUD_IOC_SET, (long)&low_config),
		 -EINVAL);
	CHECK_OK(sud_set(sud_fd, &low_config));
}
#else
TEST(errors_32bit, "EINVAL for a 32-bit caller")
{
	struct sud_config c = config_a(0), got;

	c.selector = (uintptr_t)&selector;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_OK(sud_get(sud_fd, &got));
	c.flags = SUD_FLAG_SELECTOR_FS;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, &got));
}
#endif
