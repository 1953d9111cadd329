// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a child that inherits has from its parent, and for how long: its calls
 * are judged as the parent's, it shares the region set, its entry is its own,
 * and exec ends it.
 */
#include <pthread.h>
#include <spawn.h>

#include "child.h"

extern volatile uint64_t up_count, up_top;
void entry_regs(void);
void entry_frames(void);

static char frames[4096] __attribute__((aligned(64)));

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
	up_top = (uintptr_t)frames + sizeof(frames);
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
	up_top = (uintptr_t)frames + sizeof(frames);
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

/* Parent and child take turns. */
static int to_child[2], to_parent[2];

static void open_turns(void)
{
	CHECK_OK(pipe(to_child));
	CHECK_OK(pipe(to_parent));
}

static void pass(int *to)
{
	CHECK_EQ(write(to[1], "x", 1), 1);
}

static void await(int *from)
{
	char c;

	CHECK_EQ(read(from[0], &c, 1), 1);
}

static void others_change(void)
{
	check_armed_a(BOTH);
	CHECK_OK(sud_disarm(sud_fd));
	check_off();
	pass(to_parent);
	/* The parent is off, and arms itself differently. */
	await(to_child);
	check_off();
	arm_a(SUD_FLAG_INHERIT_FORK);
	pass(to_parent);
	await(to_child);
	check_armed_a(SUD_FLAG_INHERIT_FORK);
}

static void I_change(void)
{
	await(to_parent);
	check_armed_a(BOTH);
	CHECK_OK(sud_disarm(sud_fd));
	pass(to_child);
	await(to_parent);
	check_off();
	arm_a(0);
	pass(to_child);
}

TEST(own_entry, "parent and forked child do not notice each other's changes")
{
	int status;
	pid_t pid;

	handle_sigsys();
	open_turns();
	arm_a(BOTH);
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		others_change();
		_exit(0);
	}
	I_change();
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	check_armed_a(0);
}

TEST(own_entry_thread, "nor do a thread and its child")
{
	pthread_t thread;

	handle_sigsys();
	open_turns();
	arm_a(BOTH);
	CHECK_EQ(pthread_create(&thread, NULL, call_it, others_change), 0);
	I_change();
	CHECK_EQ(pthread_join(thread, NULL), 0);
	check_armed_a(0);
}

static void parent_is_gone(void)
{
	/* Until its parent, and with it the first descriptor, is gone. */
	while (getppid() == found->extra[0])
		sleep_ms(5);
	check_armed_a(BOTH);
	in_process(all_are_armed);
	found->extra[1] = 1;
}

static void leave_child(void)
{
	found->extra[0] = getpid();
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		parent_is_gone();
		found->done = 1;
		_exit(0);
	}
}

TEST(orphan, "a child stays armed when its parent has gone")
{
	spawn_init();
	handle_sigsys();
	spawn_reset();
	arm_a(BOTH);
	depth = 3;
	in_process(leave_child);
	spawn_wait();
	CHECK_EQ(found->extra[1], 1);
}

TEST(shared_set,
     "a child shares the region set, also when all descriptors went")
{
	struct sud_config c = config_a(BOTH | SUD_FLAG_REGIONS);
	struct sud_range b = { (uintptr_t)site_b, site_b_end - (char *)site_b };
	int status;
	pid_t pid;

	handle_sigsys();
	open_turns();
	c.mode = SUD_MODE_EXCLUSIVE;
	c.offset = 0;
	c.len = 0;
	c.selector = SELECTOR;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		close(sud_fd);
		/* Not in it yet. */
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(seen.count, 1);
		pass(to_parent);
		await(to_child);
		/* The parent has added it. */
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(seen.count, 2);
		pass(to_parent);
		await(to_child);
		/* And closed the last descriptor. */
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(seen.count, 3);
		_exit(0);
	}
	await(to_parent);
	CHECK_OK(sud_regions_add(sud_fd, &b, 1));
	pass(to_child);
	await(to_parent);
	CHECK_OK(sud_disarm(sud_fd));
	close(sud_fd);
	pass(to_child);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

/* A handler that makes the blocked call itself, natively. */
static volatile int emulated;

static void emulate(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	emulated++;
	if (info->si_syscall == SYS_fork)
		regs[SPAWN_AX] = site_b(SYS_fork, 0, 0, 0);
}

TEST(emulated_clone,
     "a blocked fork that the handler makes natively gives an armed child")
{
	struct sigaction sa = { .sa_sigaction = emulate,
				.sa_flags = SA_SIGINFO };
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.selector = SELECTOR,
				.flags = BOTH },
			  got;
	int status;
	long pid;

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	pid = blocked(SYS_fork, 0, 0, 0);
	CHECK_EQ(emulated, 1);
	CHECK_OK(pid);
	if (!pid) {
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(same(&got, &c));
		CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(emulated, 2);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST(blocked_clone, "a blocked clone makes no child and holds nothing")
{
	int before = module_refs();
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.selector = SELECTOR,
				.flags = BOTH };

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 1; i <= often(1000); i++) {
		CHECK_EQ(blocked(SYS_fork, 0, 0, 0), SYS_fork);
		CHECK_EQ(blocked(SYS_vfork, 0, 0, 0), SYS_vfork);
		CHECK_EQ(blocked(SYS_clone, SIGCHLD, 0, 0), SYS_clone);
		CHECK_EQ(seen.count, 3 * i);
	}
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
	CHECK_EQ(module_refs(), before + 1);
	CHECK_OK(sud_disarm(sud_fd));
	check_refs(before);
}

/*
 * exec. In the new image the selector's page is not mapped, so that its first
 * call would kill it, were it armed.
 */
static bool image;

__attribute__((constructor)) static void new_image(void)
{
	if (!getenv("SUD_TEST_IMAGE"))
		return;
	image = true;
	sud_fd = sud_open();
	depth = 0;
	child_is_off();
	_exit(43);
}

static char *image_args[] = { "image", NULL };
static char *image_env[] = { "SUD_TEST_IMAGE=1", NULL };

static void arm_far_selector(unsigned int flags)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sud_config c = {
		.size = sizeof(c),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)page,
		.flags = flags,
	};

	CHECK(page != MAP_FAILED);
	CHECK_OK(sud_set(sud_fd, &c));
}

static void exec_here(void)
{
	execve("/proc/self/exe", image_args, image_env);
	_exit(44);
}

static void exec_in_thread(void)
{
	in_thread(exec_here);
}

/* The leader is armed, too, and so are threads that exec ends. */
static void exec_among_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&thread, NULL, call_it, pause), 0);
	in_thread(exec_here);
}

static void exec_armed(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		arm_far_selector(BOTH);
		/* A child of one that inherits, which is one itself. */
		status = in_child(fn);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 45);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
}

TEST(exec_off, "exec disarms a child that inherited, and its children are off")
{
	exec_armed(exec_here);
}

TEST(exec_thread_off, "so does exec from an inheriting thread")
{
	exec_armed(exec_in_thread);
}

TEST(exec_threads_off, "and from one among others")
{
	exec_armed(exec_among_threads);
}

static void vfork_and_exec(void)
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		execve("/proc/self/exe", image_args, image_env);
		_exit(44);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
}

TEST(vfork_exec_off, "and from a child of vfork, whose parent stays armed")
{
	struct sud_config before, after;

	arm_far_selector(BOTH);
	CHECK_OK(sud_get(sud_fd, &before));
	vfork_and_exec();
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(same(&before, &after));
}

static void check_status(int status, int code)
{
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), code);
}

TEST_LIMIT(other_programs,
	   "system(), popen() and posix_spawn() of real programs work", false,
	   60)
{
	char *const args[] = { "sh", "-c", "exit 9", NULL };
	char *const env[] = { "PATH=/bin", NULL };
	char line[64] = "";
	int status;
	pid_t pid;

	setenv("PATH", "/bin", 1);
	arm_far_selector(BOTH);
	for (int i = 0; i < often(5); i++) {
		check_status(
			system("(exit 3); (echo x | cat >/dev/null); exit 7"),
			7);
		FILE *f = popen("echo a | tr a b", "r");

		CHECK(f);
		CHECK(fgets(line, sizeof(line), f));
		CHECK(!strcmp(line, "b\n"));
		check_status(pclose(f), 0);
		CHECK_EQ(posix_spawn(&pid, "/bin/sh", NULL, NULL, args, env),
			 0);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		check_status(status, 9);
		CHECK_EQ(posix_spawn(&pid, "/nonexistent", NULL, NULL, args,
				     env),
			 ENOENT);
	}
}

static void exit_now(void)
{
}

TEST_LIMIT(refs,
	   "each child holds the module once, and no more when it is gone",
	   false, 60)
{
	int before = module_refs();
	pid_t pids[10];

	handle_sigsys();
	open_turns();
	arm_a(BOTH);
	in_process(exit_now);
	in_thread(exit_now);
	check_refs(before + 1);
	for (int i = 0; i < 10; i++) {
		pids[i] = fork();
		CHECK_OK(pids[i]);
		if (pids[i])
			continue;
		await(to_child);
		_exit(0);
	}
	check_refs(before + 11);
	for (int i = 0; i < 10; i++)
		pass(to_child);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(waitpid(pids[i], NULL, 0), pids[i]);
	check_refs(before + 1);
	CHECK_OK(sud_disarm(sud_fd));
	check_refs(before);
}
