// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_FLAG_SELECTOR_FS: selector and frame top in the thread's own thread-local
 * storage. The FS base counts as it is at the call, and may point anywhere.
 */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "child.h"

#ifdef __LP64__
/* entry_regs gives this, and knows the plain selector only. */
#define RESULT 4711
void entry_regs(void);

/* Not static: the handler for frames below is assembly. */
__thread volatile unsigned char tls_selector;
__thread volatile uint64_t tls_top, tls_ups;
static __thread volatile int tls_seen;

/* Gives the frame back, counts, and lets further calls run. */
void entry_tls(void);

asm(".globl entry_tls\n"
    "entry_tls:\n\t"
    "movq %fs:tls_top@tpoff, %rcx\n\t"
    "movq (%rcx), %r11\n\t"
    "addq $32, %rcx\n\t"
    "movq %rcx, %fs:tls_top@tpoff\n\t"
    "incq %fs:tls_ups@tpoff\n\t"
    "movb $0, %fs:tls_selector@tpoff\n\t"
    "movl $4711, %eax\n\t"
    "jmp *%r11\n");

static uint64_t fs_base(void)
{
	uint64_t base;

	CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
	return base;
}

static uint64_t from_fs(const volatile void *p)
{
	return (uintptr_t)p - fs_base();
}

static void on_sigsys(int sig)
{
	(void)sig;
	tls_selector = SUD_SELECTOR_ALLOW;
	tls_seen++;
}

/* Calls by site_b always run. */
static struct sud_config config_fs(unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.offset = (uintptr_t)site_b,
		.len = site_b_end - (char *)site_b,
		.selector = from_fs(&tls_selector),
		.flags = SUD_FLAG_SELECTOR_FS | flags,
	};
}

static void set(const struct sud_config *c)
{
	CHECK_OK(sud_set(sud_fd, c));
}

static void arm_fs(unsigned int flags)
{
	struct sud_config c = config_fs(flags);

	signal(SIGSYS, on_sigsys);
	set(&c);
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
	set(&c);
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
	set(&c);
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

static bool has_wrfsbase(void)
{
	return getauxval(AT_HWCAP2) & 2;
}

static inline void set_fs_base(uint64_t base)
{
	asm volatile("wrfsbase %0" : : "r"(base) : "memory");
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
	set(&c);
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
		set(&c);
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
	set(&c);
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
	set(&c);
	own_frames();
}

/* The selector among bytes that must stay. */
static __thread volatile unsigned char tls_row[64];

static void check_row(const struct sud_config *c, long result)
{
	set(c);
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

/* Addresses that no program has, and edges. */
static uint64_t bad_addresses[] = {
	0, /* to become one of the kernel's that can be read */
	0x0000000000000001,
	0x0000000000001008,
	0x00007fffffffeffc,
	0x00007fffffffefff,
	0x00007ffffffff000,
	0x00007fffffffffff,
	0x0000800000000000,
	0x0000900000000000,
	0x00fffffffffff000,
	0x0100000000000000,
	0x4000000000000000,
	0x7fffffffffffffff,
	0x8000000000000000,
	0xff00000000000000,
	0xffff7fffffffffff,
	0xffff800000000000,
	0xffff888000000000,
	0xffffffff81000000,
	0xffffffffff600000,
	0xfffffffffffffff0,
	0xffffffffffffffff,
};

#define BAD (sizeof(bad_addresses) / sizeof(*bad_addresses))

/* Mapped, of letters: were it read, the death would be by SIGSYS. */
static void find_banner(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char line[512], name[256];

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %255s", &address, name) == 2 &&
		    !strcmp(name, "linux_banner"))
			bad_addresses[0] = address;
	fclose(f);
	CHECK(bad_addresses[0] >> 63);
}

static void exit_42(int sig)
{
	(void)sig;
	site_b(SYS_exit_group, 42, 0, 0);
}

static uint64_t target;
static bool by_frame, by_base;

static void call_bad(void)
{
	struct sud_config c = config_fs(0);
	/* By the base, or else by an offset that may wrap. */
	uint64_t from = by_base ? 0x1000 : target - fs_base();

	signal(SIGSEGV, exit_42);
	signal(SIGBUS, exit_42);
	signal(SIGSYS, exit_42);
	c.selector = by_frame ? 0 : from;
	if (by_frame) {
		c.delivery = SUD_DELIVER_UPCALL;
		c.upcall_entry = (uintptr_t)entry_tls;
		c.upcall_frame = from;
	}
	set(&c);
	if (by_base)
		set_fs_base(target - 0x1000);
	site_a(SYS_getpid, 0, 0, 0);
	site_b(SYS_exit_group, 43, 0, 0);
}

static void check_bad(void)
{
	find_banner();
	for (unsigned int i = 0; i < BAD; i++) {
		target = bad_addresses[i];
		int status = in_child(call_bad);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
			FAIL("%#llx: wait status %#x, not death by SIGSEGV",
			     (unsigned long long)target, status);
	}
}

TEST_LIMIT(
	bad_offset,
	"a sum that is no address of the program's kills by SIGSEGV, past the handler",
	false, 60)
{
	check_bad();
}

TEST_LIMIT(bad_base, "so does a base that the program set itself", false, 60)
{
	if (!has_wrfsbase())
		SKIP("no wrfsbase in user mode");
	by_base = true;
	check_bad();
}

TEST_LIMIT(bad_frame_offset, "and a sum that is to be the frame top", false, 60)
{
	by_frame = true;
	check_bad();
}

TEST_LIMIT(bad_frame_base, "and a base that the frame top is relative to",
	   false, 60)
{
	if (!has_wrfsbase())
		SKIP("no wrfsbase in user mode");
	by_frame = true;
	by_base = true;
	check_bad();
}

/* Every call runs that is not to be judged, wherever FS points. */
static void calls_with_bad_base(void)
{
	struct sud_config c = config_fs(BOTH);
	uint64_t own = fs_base();
	int pid = getpid();

	for (int i = 0; i < 2; i++) {
		set(&c);
		for (unsigned int k = 0; k < BAD; k++) {
			set_fs_base(bad_addresses[k] - c.selector);
			if (site_b(SYS_getpid, 0, 0, 0) != pid)
				site_b(SYS_exit_group, 44, 0, 0);
		}
		site_b(SYS_arch_prctl, ARCH_SET_FS, own, 0);
		/* site_b is outside of this one. */
		c = config_a(SUD_FLAG_SELECTOR_FS | BOTH);
		c.selector = from_fs(&tls_selector);
	}
	site_b(SYS_exit_group, 43, 0, 0);
}

TEST(not_read, "a call that the region lets run does not read the selector")
{
	if (!has_wrfsbase())
		SKIP("no wrfsbase in user mode");
	find_banner();
	int status = in_child(calls_with_bad_base);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
}

/* The selector on a page of its own. */
static unsigned char *page;

static void arm_page(unsigned int flags)
{
	struct sud_config c = config_fs(flags);

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	signal(SIGSEGV, exit_42);
	signal(SIGSYS, exit_42);
	c.selector = from_fs(page + 100);
	set(&c);
}

TEST(fresh_page, "a selector whose page is not there yet is waited for: ALLOW")
{
	arm_page(0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

static void without_page(void)
{
	arm_page(0);
	site_b(SYS_munmap, (long)page, 4096, 0);
	site_a(SYS_getpid, 0, 0, 0);
	site_b(SYS_exit_group, 43, 0, 0);
}

TEST(unmapped, "one that vanished kills by SIGSEGV, past the handler")
{
	expect_death(without_page, SIGSEGV);
}

static void unreadable(void)
{
	arm_page(0);
	site_b(SYS_mprotect, (long)page, 4096, PROT_NONE);
	site_a(SYS_getpid, 0, 0, 0);
	site_b(SYS_exit_group, 43, 0, 0);
}

TEST(no_access, "so does one without read permission")
{
	expect_death(unreadable, SIGSEGV);
}

static volatile int gone;

static void *unmap(void *unused)
{
	(void)unused;
	munmap(page, 4096);
	gone = 1;
	return NULL;
}

static void unmapped_by_thread(void)
{
	pthread_t thread;

	arm_page(0);
	CHECK_EQ(pthread_create(&thread, NULL, unmap, NULL), 0);
	while (!gone)
		site_b(SYS_sched_yield, 0, 0, 0);
	site_a(SYS_getpid, 0, 0, 0);
	site_b(SYS_exit_group, 43, 0, 0);
}

TEST(unmapped_by_another, "also when another thread took it away, and all die")
{
	expect_death(unmapped_by_thread, SIGSEGV);
}

static void read_only(void)
{
	arm_page(SUD_FLAG_AUTO_ALLOW);
	page[100] = SUD_SELECTOR_BLOCK;
	site_b(SYS_mprotect, (long)page, 4096, PROT_READ);
	site_a(SYS_getpid, 0, 0, 0);
	site_b(SYS_exit_group, 43, 0, 0);
}

TEST(auto_allow_read_only, "one that AUTO_ALLOW cannot write kills by SIGSEGV")
{
	expect_death(read_only, SIGSEGV);
}

static void read_only_blocks(void)
{
	arm_page(0);
	page[100] = SUD_SELECTOR_BLOCK;
	site_b(SYS_mprotect, (long)page, 4096, PROT_READ);
	site_a(SYS_getpid, 0, 0, 0);
	site_b(SYS_exit_group, 43, 0, 0);
}

TEST(reads_only, "without AUTO_ALLOW it is only read")
{
	int status = in_child(read_only_blocks);

	/* By the handler of SIGSYS. */
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
}

static void bad_value(void)
{
	arm_page(0);
	page[100] = 2;
	site_a(SYS_getpid, 0, 0, 0);
	site_b(SYS_exit_group, 43, 0, 0);
}

TEST(value, "a byte of neither 0 nor 1 kills by SIGSYS, past the handler")
{
	expect_death(bad_value, SIGSYS);
}

TEST(inclusive, "inclusive: only what the region holds asks for the byte")
{
	struct sud_config c = config_a(SUD_FLAG_SELECTOR_FS);

	signal(SIGSYS, on_sigsys);
	c.selector = from_fs(&tls_selector);
	set(&c);
	check_blocked();
	check_allowed();
	tls_selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	tls_selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(tls_seen, 1);
}

TEST(region_set, "with a region set")
{
	struct sud_config c = config_fs(SUD_FLAG_REGIONS);
	struct sud_range b = { c.offset, c.len };

	CHECK_OK(sud_regions_add(sud_fd, &b, 1));
	c.offset = 0;
	c.len = 0;
	signal(SIGSYS, on_sigsys);
	set(&c);
	check_blocked();
	check_allowed();
	tls_selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	tls_selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(tls_seen, 1);
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
		set(&c);
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(same(&c, &got));
		c.delivery = SUD_DELIVER_UPCALL;
		c.upcall_entry = (uintptr_t)entry_tls;
		c.upcall_frame = offsets[i];
		set(&c);
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(same(&c, &got));
		c.selector = 0;
		set(&c);
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
	set(&good);
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
	set(&low_config);
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
