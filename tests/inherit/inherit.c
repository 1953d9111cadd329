// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_FLAG_INHERIT_THREAD and SUD_FLAG_INHERIT_FORK: which children are armed,
 * from their first instruction on. That neither flag leaves them off is in
 * lifecycle.c. What else a child has from its parent is in inherit_state.c.
 */
#include <sys/auxv.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/int80.h"
#include "lib/module.h"
#include "lib/new_image.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/spawn.h"
#include "lib/upcalls.h"

/* i386 numbers, for int $0x80 from 64-bit code. */
#define IA32_FORK 2
#define IA32_CLONE 120
#define IA32_VFORK 190
#define IA32_CLONE3 435

static void threads_are_armed(void)
{
	check_armed_a(SUD_FLAG_INHERIT_THREAD);
	in_process(child_is_off);
	if (++family_depth < 4)
		in_thread(threads_are_armed);
	check_armed_a(SUD_FLAG_INHERIT_THREAD);
}

TEST(threads,
     "INHERIT_THREAD: new threads are armed, and theirs; a forked child is not")
{
	handle_sigsys();
	arm_a(SUD_FLAG_INHERIT_THREAD);
	in_thread(threads_are_armed);
	CHECK_EQ(family_depth, 4);
}

static void processes_are_armed(void)
{
	check_armed_a(SUD_FLAG_INHERIT_FORK);
	family_depth = 0;
	in_thread(child_is_off);
}

static void processes_deep(void)
{
	static int level;

	processes_are_armed();
	if (++level < 3)
		in_process(processes_deep);
	check_armed_a(SUD_FLAG_INHERIT_FORK);
}

TEST(processes,
     "INHERIT_FORK: forked children are armed, and theirs; a new thread is not")
{
	handle_sigsys();
	arm_a(SUD_FLAG_INHERIT_FORK);
	in_process(processes_deep);
	check_armed_a(SUD_FLAG_INHERIT_FORK);
}

TEST(both, "both flags: threads of processes of threads are armed")
{
	handle_sigsys();
	arm_a(BOTH);
	family_depth = 1;
	in_thread(all_are_armed);
	in_process(all_are_armed);
	check_armed_a(BOTH);
}

static void flags_lost(void)
{
	arm_a(0);
	family_depth = 0;
	in_process(child_is_off);
}

TEST(rearm_without,
     "SET without the flags, in parent or child, ends the inheritance there")
{
	handle_sigsys();
	arm_a(BOTH);
	in_process(flags_lost);
	in_thread(flags_lost);
	check_armed_a(BOTH);
	arm_a(0);
	family_depth = 0;
	in_process(child_is_off);
}

/*
 * Which flags of clone make a child, and with which errors, an unarmed thread
 * says first; then every inheritance must give just the same.
 */
enum { BY_CLONE, BY_CLONE3, BY_INT80, BY_INT80_CLONE3 };

static struct clone_args args3;
static int tid_slot, ctid_slot;
static void *tls_block[64] = { tls_block };

static struct spawn_call child_call(int by, uint64_t flags)
{
	bool odd = flags & (CLONE_THREAD | CLONE_PARENT);
	uint64_t tls = flags & CLONE_SETTLS ? (uintptr_t)tls_block : 0;
	struct spawn_call call;

	if (by == BY_CLONE || by == BY_INT80) {
		call = spawn_clone(flags | SIGCHLD);
		call.arg[2] = (uintptr_t)&tid_slot;
		if (by == BY_INT80) {
			call.nr = IA32_CLONE;
			call.arg[4] = (uintptr_t)&ctid_slot;
		} else {
			call.arg[SPAWN_CTID] = (uintptr_t)&ctid_slot;
			call.arg[SPAWN_TLS] = tls;
		}
		return call;
	}
	args3 = (struct clone_args){
		.flags = flags,
		.pidfd = flags & CLONE_PIDFD ? (uintptr_t)&tid_slot : 0,
		.child_tid = (uintptr_t)&ctid_slot,
		.parent_tid = (uintptr_t)&tid_slot,
		/* Refused for these. */
		.exit_signal = odd ? 0 : SIGCHLD,
		.stack = (uintptr_t)spawn_stack,
		.stack_size = sizeof(spawn_stack),
		.tls = tls,
	};
	return (struct spawn_call){
		by == BY_CLONE3 ? SYS_clone3 : IA32_CLONE3,
		{ (uintptr_t)&args3, sizeof(args3), -1, -1, -1 },
	};
}

static void end_flags(long pid, uint64_t flags)
{
	end_child(pid, flags);
	if (flags & CLONE_PIDFD)
		CHECK_OK(close(tid_slot));
}

static unsigned int inherits(uint64_t flags)
{
	return flags & CLONE_THREAD ? SUD_FLAG_INHERIT_THREAD
				    : SUD_FLAG_INHERIT_FORK;
}

/* Only the child's first instruction is dispatched, and the parent's there. */
static struct sud_config config_by(int by, unsigned int flags)
{
#ifdef __x86_64__
	if (by == BY_INT80 || by == BY_INT80_CLONE3)
		return spawn_config_at(spawn_int80_first_ip, flags);
#endif
	(void)by;
	return spawn_config(flags);
}

static long spawn_by(int by, const struct spawn_call *call)
{
#ifdef __x86_64__
	if (by == BY_INT80 || by == BY_INT80_CLONE3)
		return spawn_int80(call);
#endif
	(void)by;
	return spawn(call);
}

/* The delivery of the table's run: 64-bit SYSCALL can have both. */
static bool by_upcall;

static void try_flags(int by, uint64_t flags)
{
	struct spawn_call call = child_call(by, flags);
	long plain = -1, pid;

	/* spawn_plain() makes its call by SYSCALL, or in 32-bit code by int. */
	if (by == BY_CLONE || by == BY_CLONE3) {
		CHECK_OK(sud_disarm(sud_fd));
		spawn_reset();
		plain = spawn_plain(&call);
		CHECK(plain);
		if (plain > 0)
			end_flags(plain, flags);
	}
	for (int i = 0; i < 4; i++) {
		struct sud_config c =
			config_by(by, i * SUD_FLAG_INHERIT_THREAD);

#ifdef __x86_64__
		if (by_upcall) {
			c.delivery = SUD_DELIVER_UPCALL;
			c.upcall_entry = (uintptr_t)spawn_upcall;
		}
#endif
		CHECK_OK(sud_set(sud_fd, &c));
		spawn_reset();
		call = child_call(by, flags);
		pid = spawn_by(by, &call);
		if (by == BY_CLONE || by == BY_CLONE3) {
			if ((plain < 0 || pid < 0) && pid != plain)
				FAIL("flags %#llx: %ld, and %ld unarmed",
				     (unsigned long long)flags, pid, plain);
		}
		CHECK(pid);
		if (pid < 0)
			continue;
		end_flags(pid, flags);
		check_found(c.flags & inherits(flags) ? &c : NULL, "clone",
			    flags);
	}
}

static int table_by;

static void try_all_flags(void)
{
	static const uint64_t core[] = {
		CLONE_VM,     CLONE_SIGHAND, CLONE_THREAD,   CLONE_VFORK,
		CLONE_PARENT, CLONE_FILES,   CLONE_UNTRACED,
	};
	static const uint64_t more[] = {
		CLONE_FS,	    CLONE_SYSVSEM,
		CLONE_IO,	    CLONE_PARENT_SETTID,
		CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID,
		CLONE_SETTLS,	    CLONE_PIDFD,
		CLONE_PTRACE,	    CLONE_DETACHED,
		CLONE_NEWNS,	    CLONE_NEWUTS,
		CLONE_NEWIPC,	    CLONE_NEWPID,
		CLONE_NEWCGROUP,    CLONE_NEWUSER,
		CLONE_NEWNET,
	};
	static const uint64_t with[] = {
		0,
		CLONE_A_THREAD,
		CLONE_VM | CLONE_VFORK,
	};
	unsigned int n = sizeof(core) / sizeof(*core);
	unsigned int m = sizeof(more) / sizeof(*more);
	/* Where that is too many, others by every way and in every ABI. */
	unsigned int step = (1U << n) / often(often(1 << n));
	unsigned int step_more = m / often(m), from = table_by + sizeof(long);

	for (unsigned int set = from % step; set < 1U << n; set += step) {
		uint64_t flags = 0;

		for (unsigned int i = 0; i < n; i++)
			flags |= set >> i & 1 ? core[i] : 0;
		try_flags(table_by, flags);
	}
	for (unsigned int i = from % step_more; i < m; i += step_more) {
		/* i386's TLS is a descriptor, not an address. */
		if (more[i] == CLONE_SETTLS &&
		    (sizeof(long) == 4 || table_by == BY_INT80 ||
		     table_by == BY_INT80_CLONE3))
			continue;
		for (unsigned int k = 0; k < sizeof(with) / sizeof(*with); k++)
			try_flags(table_by, more[i] | with[k]);
	}
	/* As libc makes threads. */
	try_flags(table_by, CLONE_A_THREAD | CLONE_FS | CLONE_FILES |
				    CLONE_SYSVSEM | CLONE_PARENT_SETTID |
				    CLONE_CHILD_CLEARTID);
}

/* A process between, as CLONE_PARENT's children are its parent's. */
static void try_table(int by)
{
	int before = module_refs();
	int status, of_middle = -1;
	pid_t middle, pid;

	spawn_init();
	table_by = by;
	middle = fork();
	CHECK_OK(middle);
	if (!middle) {
		try_all_flags();
		_exit(0);
	}
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (pid == middle)
			of_middle = status;
	CHECK_EQ(of_middle, 0);
	check_refs(before);
}

TEST_LIMIT(
	clone_flags,
	"clone, every combination: the first instruction is dispatched, or not",
	false, 120)
{
	try_table(BY_CLONE);
}

TEST_LIMIT(clone3_flags, "clone3, the same", false, 120)
{
	by_upcall = sizeof(void *) == 8;
	try_table(BY_CLONE3);
}

#ifdef __LP64__
TEST_LIMIT(int80_flags, "clone by int $0x80 from 64-bit code, the same", false,
	   120)
{
	need_int80();
	try_table(BY_INT80);
}

TEST_LIMIT(int80_clone3_flags, "clone3 by int $0x80 from 64-bit code, the same",
	   false, 120)
{
	need_int80();
	by_upcall = true;
	try_table(BY_INT80_CLONE3);
}
#endif

/* By number, on the parent's stack or its copy. */
static long try_number(const struct sud_config *c, int by, uint64_t nr)
{
	struct spawn_call call = { nr, { -1, -1, -1, -1, -1 } };
	long pid;

	CHECK_OK(sud_set(sud_fd, c));
	spawn_reset();
	pid = spawn_by(by, &call);
	CHECK(pid);
	if (pid < 0)
		return pid;
	end_child(pid, 0);
	check_found(c->flags & SUD_FLAG_INHERIT_FORK ? c : NULL, "number", nr);
	return pid;
}

static void try_numbers(int by, const uint64_t *numbers, int n)
{
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < 4; k++) {
			struct sud_config c =
				config_by(by, k * SUD_FLAG_INHERIT_THREAD);

			CHECK_OK(try_number(&c, by, numbers[i]));
		}
	}
}

TEST(first_fork, "the first instruction of a child of fork or vfork")
{
	static const uint64_t numbers[] = { SYS_fork, SYS_vfork };

	spawn_init();
	try_numbers(BY_CLONE, numbers, 2);
}

#ifdef __LP64__
TEST(first_fork_int80, "of one by int $0x80 from 64-bit code")
{
	need_int80();
	static const uint64_t numbers[] = { IA32_FORK, IA32_VFORK };

	spawn_init();
	try_numbers(BY_INT80, numbers, 2);
}

#define X32 0x40000000

TEST(first_fork_x32, "of one by x32's numbers")
{
	static const uint64_t numbers[] = { X32 | SYS_fork, X32 | SYS_vfork };
	struct sud_config c = spawn_config(BOTH);
	struct spawn_call call;
	long pid;

	if (site_a(X32 | SYS_getpid, 0, 0, 0) == -ENOSYS)
		SKIP("this kernel was booted without x32");
	spawn_init();
	try_numbers(BY_CLONE, numbers, 2);
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 0; i < 2; i++) {
		call = child_call(i ? BY_CLONE3 : BY_CLONE, 0);
		call.nr |= X32;
		spawn_reset();
		pid = spawn(&call);
		CHECK_OK(pid);
		end_child(pid, 0);
		check_found(&c, "x32", call.nr);
	}
}

TEST(first_fork_wide,
     "of one by a number of more than 32 bits, where the kernel takes it")
{
	static const uint64_t numbers[] = { SYS_fork, SYS_vfork };
	static const uint64_t high[] = { 1ULL << 32, 1ULL << 63, ~0ULL << 32 };
	struct sud_config c = spawn_config(BOTH);

	spawn_init();
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 3; k++) {
			long pid =
				try_number(&c, BY_CLONE, numbers[i] | high[k]);

			if (pid < 0)
				CHECK_EQ(pid, -ENOSYS);
		}
	}
}

TEST(first_upcall, "by upcall in registers, of fork and vfork")
{
	static const uint64_t numbers[] = { SYS_fork, SYS_vfork };
	struct sud_config c = spawn_config(BOTH);

	spawn_init();
	signal(SIGSYS, SIG_DFL);
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall;
	for (int i = 0; i < 2; i++)
		CHECK_OK(try_number(&c, BY_CLONE, numbers[i]));
}

TEST(clear_sighand,
     "a child that clone3 leaves without handlers still gets its upcalls")
{
	struct sud_config c = spawn_config(BOTH);
	struct spawn_call call;
	long pid;

	spawn_init();
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall;
	CHECK_OK(sud_set(sud_fd, &c));
	call = child_call(BY_CLONE3, CLONE_CLEAR_SIGHAND);
	spawn_reset();
	pid = spawn(&call);
	CHECK_OK(pid);
	end_child(pid, 0);
	check_found(&c, "clone3", CLONE_CLEAR_SIGHAND);
}
#endif

/* The frame is given back at once; the number tells parent and child apart. */
void spawn_upcall_frames(void);

#ifdef __x86_64__
asm(".globl spawn_upcall_frames\n"
    "spawn_upcall_frames:\n\t"
    "addq $32, up_top(%rip)\n\t"
    "testq %rax, %rax\n\t"
    "jz spawn_dispatched\n\t"
    "jmp spawn_parent\n");
#else
asm(".globl spawn_upcall_frames\n"
    "spawn_upcall_frames:\n\t"
    "addl $32, up_top\n\t"
    "testl %eax, %eax\n\t"
    "jz spawn_dispatched\n\t"
    "jmp spawn_parent\n");
#endif

TEST(first_frames, "by upcall with a stack of frames, of fork, vfork, thread")
{
	static const uint64_t numbers[] = { SYS_fork, SYS_vfork };
	struct sud_config c = spawn_config(BOTH);
	/* The thread has the parent's stack of frames, so that has to wait. */
	uint64_t flags = CLONE_A_THREAD | CLONE_VFORK;
	struct spawn_call call;
	long pid;

	spawn_init();
	signal(SIGSYS, SIG_DFL);
	reset_frames();
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall_frames;
	c.upcall_frame = (uintptr_t)&up_top;
	for (int i = 0; i < 2; i++)
		CHECK_OK(try_number(&c, BY_CLONE, numbers[i]));
	spawn_reset();
	call = child_call(BY_CLONE, flags);
	pid = spawn(&call);
	CHECK_OK(pid);
	end_child(pid, flags);
	check_found(&c, "thread", flags);
	CHECK_EQ(up_top, (uintptr_t)up_frames + sizeof(up_frames));
}

/* All of memory but the one instruction. */
static void add_all_but_first(void)
{
	uint64_t ip = (uintptr_t)spawn_first_ip;
	struct sud_range ranges[] = {
		{ 0, ip },
		{ ip + 1, -ip - 2 },
	};

	CHECK_OK(sud_regions_add(sud_fd, ranges, 2));
}

TEST(first_exclusive, "exclusive, with a region set: of fork, vfork, thread")
{
	static const uint64_t numbers[] = { SYS_fork, SYS_vfork };
	struct sud_config c = spawn_config(BOTH | SUD_FLAG_REGIONS);
	struct spawn_call call;
	long pid;

	spawn_init();
	add_all_but_first();
	c.mode = SUD_MODE_EXCLUSIVE;
	c.offset = 0;
	c.len = 0;
	for (int i = 0; i < 2; i++)
		CHECK_OK(try_number(&c, BY_CLONE, numbers[i]));
	spawn_reset();
	call = child_call(BY_CLONE, CLONE_A_THREAD);
	pid = spawn(&call);
	CHECK_OK(pid);
	end_child(pid, CLONE_THREAD);
	check_found(&c, "thread", CLONE_A_THREAD);
}

#ifdef __i386__

TEST(vdso_fork, "a child of fork by the vDSO, sysenter or not, is armed")
{
	vsyscall_address = getauxval(AT_SYSINFO);
	if (!vsyscall_address)
		SKIP("no AT_SYSINFO");
	handle_sigsys();
	arm_a(BOTH);
	for (int i = 0; i < 10; i++) {
		int status;
		pid_t pid = site_vsyscall(SYS_fork);

		CHECK_OK(pid);
		if (!pid) {
			check_armed_a(BOTH);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
}
#endif
