// SPDX-License-Identifier: GPL-2.0-only
/*
 * A child's calls are judged as its parent's, with every flag and delivery.
 */
#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/int80.h"
#include "lib/raw_prctl.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/spawn.h"
#include "lib/upcalls.h"

/* The child runs fn, then the parent goes on, whichever memory it uses. */
static const struct {
	const char *name;
	uint64_t flags;
} kinds[] = {
	{ "fork", SIGCHLD },
	{ "vfork", CLONE_VM | CLONE_VFORK | SIGCHLD },
	{ "thread", CLONE_A_THREAD | CLONE_FS | CLONE_FILES | CLONE_VFORK },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static void run_as(unsigned int kind, void (*fn)(void))
{
	struct spawn_call call = spawn_clone(kinds[kind].flags);
	long pid;

	spawn_fn = fn;
	spawn_reset();
	pid = spawn_plain(&call);
	CHECK_OK(pid);
	end_child(pid, kinds[kind].flags);
	spawn_fn = NULL;
}

/* Not touched by any handler: AUTO_ALLOW's doing shows here. */
static volatile unsigned char own_selector;
static volatile int left_blocked;

static void leave_blocked(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
	left_blocked++;
}

static struct variation {
	const char *name;
	struct sud_config c;
	bool keeps_blocked;
} now;

/* What a child that inherits must do, by its configuration. */
static void behave(void)
{
	const struct sud_config *c = &now.c;
	struct sud_config got;
	int sigs = seen.count + left_blocked;
	uint64_t ups = up_count;
	long r;

	CHECK_OK(sud_get(sud_fd, &got));
	if (!same(&got, c))
		FAIL("%s: another configuration", now.name);
	selector = SUD_SELECTOR_BLOCK;
	own_selector = SUD_SELECTOR_BLOCK;
	r = site_a(MAGIC_NR, 1, 2, 3);
	int after = own_selector, other = selector;

	selector = SUD_SELECTOR_ALLOW;
	own_selector = SUD_SELECTOR_ALLOW;
	if (c->delivery == SUD_DELIVER_UPCALL) {
		CHECK_EQ(r, 4711);
		CHECK_EQ(up_count, ups + 1);
		CHECK_EQ(seen.count + left_blocked, sigs);
	} else {
		CHECK_EQ(r, MAGIC_NR);
		CHECK_EQ(up_count, ups);
		CHECK_EQ(seen.count + left_blocked, sigs + 1);
	}
	if (c->flags & SUD_FLAG_AUTO_ALLOW)
		CHECK_EQ(after, SUD_SELECTOR_ALLOW);
	else
		CHECK_EQ(after, SUD_SELECTOR_BLOCK);
	if (now.keeps_blocked)
		CHECK_EQ(other, SUD_SELECTOR_BLOCK);
	/* In the region it runs; inclusive, outside of it. */
	selector = SUD_SELECTOR_BLOCK;
	own_selector = SUD_SELECTOR_BLOCK;
	r = site_b(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	own_selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(r, -ENOSYS);
	CHECK_EQ(up_count + seen.count + left_blocked, ups + sigs + 1);
	found->extra[0]++;
}

static void check_variation(void)
{
	reset_frames();
	now.c.size = sizeof(now.c);
	now.c.flags |= BOTH;
	/* site_b is let run, site_a is not. */
	if (!(now.c.flags & SUD_FLAG_REGIONS)) {
		bool exclusive = now.c.mode == SUD_MODE_EXCLUSIVE;

		now.c.offset = (uintptr_t)(exclusive ? site_b : site_a);
		now.c.len = exclusive ? site_b_end - (char *)site_b
				      : site_a_end - (char *)site_a;
	}
	selector = SUD_SELECTOR_ALLOW;
	own_selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &now.c));
	for (unsigned int i = 0; i < KINDS; i++) {
		run_as(i, behave);
		if (found->extra[0] != 1)
			FAIL("%s, %s: the child did not end well", now.name,
			     kinds[i].name);
	}
	/* And the parent is as it was. */
	spawn_reset();
	behave();
	CHECK_OK(sud_disarm(sud_fd));
}

#define SELECTOR ((uintptr_t)&selector)
#define OWN ((uintptr_t)&own_selector)

TEST_LIMIT(behaviour,
	   "modes, deliveries and flags work in a child as in its parent",
	   false, 60)
{
	const struct variation list[] = {
		{ "exclusive",
		  { .mode = SUD_MODE_EXCLUSIVE, .selector = SELECTOR } },
		{ "inclusive", { .mode = SUD_MODE_INCLUSIVE } },
		{ "inclusive, selector",
		  { .mode = SUD_MODE_INCLUSIVE, .selector = SELECTOR } },
		{ "auto allow",
		  { .mode = SUD_MODE_EXCLUSIVE,
		    .selector = OWN,
		    .flags = SUD_FLAG_AUTO_ALLOW } },
		{ "frames",
		  { .mode = SUD_MODE_EXCLUSIVE,
		    .selector = SELECTOR,
		    .delivery = SUD_DELIVER_UPCALL,
		    .upcall_entry = (uintptr_t)entry_frames,
		    .upcall_frame = (uintptr_t)&up_top } },
		{ "frames, auto allow, inclusive",
		  { .mode = SUD_MODE_INCLUSIVE,
		    .selector = OWN,
		    .delivery = SUD_DELIVER_UPCALL,
		    .flags = SUD_FLAG_AUTO_ALLOW,
		    .upcall_entry = (uintptr_t)entry_frames,
		    .upcall_frame = (uintptr_t)&up_top } },
#ifdef __LP64__
		{ "registers",
		  { .mode = SUD_MODE_EXCLUSIVE,
		    .selector = SELECTOR,
		    .delivery = SUD_DELIVER_UPCALL,
		    .upcall_entry = (uintptr_t)entry_regs } },
		{ "registers, auto allow",
		  { .mode = SUD_MODE_EXCLUSIVE,
		    .selector = OWN,
		    .delivery = SUD_DELIVER_UPCALL,
		    .flags = SUD_FLAG_AUTO_ALLOW,
		    .upcall_entry = (uintptr_t)entry_regs } },
		{ "registers, inclusive",
		  { .mode = SUD_MODE_INCLUSIVE,
		    .delivery = SUD_DELIVER_UPCALL,
		    .upcall_entry = (uintptr_t)entry_regs } },
#endif
	};

	spawn_init();
	handle_sigsys();
	for (unsigned int i = 0; i < sizeof(list) / sizeof(*list); i++) {
		now = list[i];
		check_variation();
	}
}

TEST(behaviour_sigreturn, "SIGRETURN works in a child as in its parent")
{
	struct sigaction sa = { .sa_sigaction = leave_blocked,
				.sa_flags = SA_SIGINFO };

	spawn_init();
	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	now = (struct variation){
		"sigreturn",
		{ .mode = SUD_MODE_EXCLUSIVE,
		  .selector = SELECTOR,
		  .flags = SUD_FLAG_SIGRETURN },
		.keeps_blocked = true,
	};
	check_variation();
}

TEST(behaviour_regions, "a region set works in a child as in its parent")
{
	struct sud_range a = { (uintptr_t)site_a, site_a_end - (char *)site_a };
	struct sud_range b = { (uintptr_t)site_b, site_b_end - (char *)site_b };

	spawn_init();
	handle_sigsys();
	CHECK_OK(sud_regions_add(sud_fd, &b, 1));
	now = (struct variation){
		"set, exclusive",
		{ .mode = SUD_MODE_EXCLUSIVE,
		  .selector = SELECTOR,
		  .flags = SUD_FLAG_REGIONS },
	};
	check_variation();
	CHECK_OK(sud_regions_remove(sud_fd, &b, 1));
	CHECK_OK(sud_regions_add(sud_fd, &a, 1));
	now.name = "set, inclusive";
	now.c.mode = SUD_MODE_INCLUSIVE;
	now.c.selector = 0;
	check_variation();
}

#ifdef __LP64__
/* The other ways run natively, without the selector being read. */
static void behave_entry(void)
{
	int sigs = seen.count;
	long by_syscall, by_int80;

	own_selector = SUD_SELECTOR_BLOCK;
	by_syscall = site_a(MAGIC_NR, 0, 0, 0);
	own_selector = SUD_SELECTOR_BLOCK;
	by_int80 = site_int80(MAGIC_NR, 0, 0, 0);
	own_selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(seen.count, sigs + 1);
	if (now.c.flags & SUD_FLAG_ENTRY_SYSCALL) {
		CHECK_EQ(by_syscall, MAGIC_NR);
		CHECK_EQ(by_int80, -ENOSYS);
	} else {
		CHECK_EQ(by_syscall, -ENOSYS);
		CHECK_EQ(by_int80, MAGIC_NR);
	}
	found->extra[0]++;
}

static void allow_own(int sig)
{
	(void)sig;
	own_selector = SUD_SELECTOR_ALLOW;
	seen.count++;
}

TEST(behaviour_entry, "rules by way of entry work in a child as in its parent")
{
	need_int80();
	static const unsigned int ways[] = { SUD_FLAG_ENTRY_SYSCALL,
					     SUD_FLAG_ENTRY_INT80 };

	spawn_init();
	signal(SIGSYS, allow_own);
	for (int w = 0; w < 2; w++) {
		own_selector = SUD_SELECTOR_ALLOW;
		now.c = (struct sud_config){
			.size = sizeof(now.c),
			.mode = SUD_MODE_EXCLUSIVE,
			.selector = OWN,
			.flags = BOTH | ways[w],
		};
		CHECK_OK(sud_set(sud_fd, &now.c));
		for (unsigned int i = 0; i < KINDS; i++) {
			run_as(i, behave_entry);
			CHECK_EQ(found->extra[0], 1);
		}
	}
}

/* A fork by 32-bit code in this 64-bit program; rax tells parent and child. */
extern char fork32[], fork32_end[], fork32_back[];

asm(".text\n"
    "fork32:\n\t"
    ".code32\n\t"
    "movl $2, %eax\n\t"
    "int $0x80\n\t"
    "ljmp $0x33, $fork32_back\n"
    "fork32_end:\n\t"
    ".code64\n");

static long call_fork32(char *code, char *stack)
{
	struct {
		uint32_t ip;
		uint16_t cs;
	} __attribute__((packed)) far = { (uintptr_t)code, 0x23 };
	long ret;

	asm volatile("movq %%rsp, %%r12\n\t"
		     "movq %[stack], %%rsp\n\t"
		     "ljmpl *(%[far])\n"
		     "fork32_back:\n\t"
		     "movq %%r12, %%rsp\n\t"
		     : "=a"(ret)
		     : [far] "r"(&far), [stack] "r"(stack)
		     : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "memory",
		       "cc");
	return (int)ret;
}

TEST(fork_32bit_code,
     "a child made by 32-bit code of a 64-bit program has 64-bit upcalls")
{
	need_int80();
	char *low = mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct sud_config c = config_a(BOTH), got;
	int status;
	long pid;

	CHECK(low != MAP_FAILED);
	memcpy(low, fork32, fork32_end - fork32);
	/* SIGSYS is what a call of the wrong bitness would get. */
	signal(SIGSYS, SIG_DFL);
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_frames;
	c.upcall_frame = (uintptr_t)&up_top;
	reset_frames();
	CHECK_OK(sud_set(sud_fd, &c));
	pid = call_fork32(low, low + 65536);
	CHECK_OK(pid);
	if (!pid) {
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), 4711);
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(same(&got, &c));
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}
#endif
