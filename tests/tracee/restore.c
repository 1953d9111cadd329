// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checkpoint and restore: a tracer reads an armed program's configuration, the
 * program is killed, and a fresh copy, which does not arm itself, gets it. Both
 * then make the same calls, and their logs of what became of them are compared.
 *
 * The program is this one, executed again. Without address randomization the
 * copy has everything where the first had it; what was in memory is for others
 * to restore, so here both have just started.
 */
#include <sys/personality.h>
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/new_image.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tls.h"
#include "lib/tracer.h"
#include "lib/upcalls.h"

/* One call of the script. */
struct call {
	uint64_t ip; /* by its signal or upcall */
	int64_t result;
	uint32_t nr, arch;
	/* The selector in the handler, and after the call. */
	uint8_t in_handler, after;
	/* As in tracer.h. */
	char verdict;
	char reserved[5];
};

#define CALLS 16

/* The program's log, and its addresses. */
static struct journal {
	uint64_t selector, stack;
	int32_t count, reserved;
	struct call calls[CALLS];
} *journal;

static int journal_fd;

static void map_journal(void)
{
	journal = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		       journal_fd, 0);
	CHECK(journal != MAP_FAILED);
}

/* How the program arms itself. */
static struct way {
	const char *name;
	/* What its test shows. */
	const char *what;
	uint32_t flags;
	bool inclusive, region, no_selector;
	enum { BY_SIGSYS, BY_REGS, BY_FRAMES } delivery;
	/* The ranges of a set: bits for site_a, site_b, site_int80. */
	unsigned int set;
	/* The handler leaves the selector at BLOCK. */
	bool leaves_blocked;
	/*
	 * The verdicts: site_a at BLOCK and at ALLOW, site_b and site_int80
	 * likewise; the three at BLOCK in a child; site_a at BLOCK in its child.
	 */
	const char *want;
} ways[] = {
	{ "inclusive", "a restored copy behaves the same: an inclusive region",
	  .inclusive = true, .region = true, .no_selector = true,
	  .want = "--ss------" },
	{ "inclusive_selector", "an inclusive region with a selector",
	  .inclusive = true, .region = true, .want = "--s-------" },
	{ "exclusive", "an exclusive region and a selector", .region = true,
	  .want = "s---s-----" },
	{ "frames", "upcalls with a stack of frames", .region = true,
	  .delivery = BY_FRAMES, .want = "u---u-----" },
	{ "quiet", "AUTO_ALLOW and SIGRETURN",
	  SUD_FLAG_AUTO_ALLOW | SUD_FLAG_SIGRETURN, .leaves_blocked = true,
	  .want = "s-s-s-----" },
	{ "set_exclusive", "a region set of exempt ranges", SUD_FLAG_REGIONS,
	  .set = 2 | 4, .want = "s---------" },
	{ "set_inclusive", "a region set of judged ranges", SUD_FLAG_REGIONS,
	  .inclusive = true, .no_selector = true, .set = 1 | 4,
	  .want = "ss--ss----" },
	{ "inherit", "a child inherits", SUD_FLAG_INHERIT_FORK, .region = true,
	  .want = "s---s-s-ss" },
	{ "inherit_set", "a child inherits a region set",
	  SUD_FLAG_INHERIT_FORK | SUD_FLAG_REGIONS, .inclusive = true,
	  .no_selector = true, .set = 1, .want = "ss----s--s" },
	{ "inherit_thread",
	  "a child process does not inherit what is for threads",
	  SUD_FLAG_INHERIT_THREAD, .region = true, .want = "s---s-----" },
#ifdef __x86_64__
	{ "regs", "upcalls in registers", .region = true, .delivery = BY_REGS,
	  .want = "u---s-----" },
	{ "int80_only", "a rule for int $0x80 alone", SUD_FLAG_ENTRY_INT80,
	  .want = "----s-----" },
	{ "syscall_only", "a rule for SYSCALL alone", SUD_FLAG_ENTRY_SYSCALL,
	  .want = "s-s-------" },
#else
	{ "compat_only", "a rule for calls from 32-bit code",
	  SUD_FLAG_ENTRY_COMPAT, .want = "s-s-s-----" },
#endif
#ifdef __LP64__
	{ "fs", "a selector in thread-local storage", SUD_FLAG_SELECTOR_FS,
	  .want = "s-s-s-----" },
	{ "fs_all", "all of it at once",
	  SUD_FLAG_SELECTOR_FS | SUD_FLAG_AUTO_ALLOW | SUD_FLAG_SIGRETURN |
		  SUD_FLAG_INHERIT_FORK | SUD_FLAG_ENTRY_SYSCALL |
		  SUD_FLAG_REGIONS,
	  .set = 2, .leaves_blocked = true, .want = "s-----s--s" },
#endif
};

enum { WAYS = sizeof(ways) / sizeof(*ways) };

/* In the program. */
static const struct way *way;
static volatile unsigned char *sel;
static volatile int signals;
static siginfo_t last;
static volatile unsigned char in_handler;

static void on_blocked(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)uc;
	in_handler = *sel;
	*sel = way->leaves_blocked ? SUD_SELECTOR_BLOCK : SUD_SELECTOR_ALLOW;
	memcpy(&last, info, sizeof(last));
	signals++;
}

static void find_selector(void)
{
	if (way->flags & SUD_FLAG_SELECTOR_FS) {
		sel = &tls_selector;
		return;
	}
	if (way->delivery != BY_SIGSYS) {
		/* The one that upcall_entry.S knows. */
		sel = &selector;
		return;
	}
	sel = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(sel != MAP_FAILED);
}

static uint64_t selector_address(void)
{
	uintptr_t base = 0;

	if (way->no_selector)
		return 0;
#ifdef __LP64__
	if (way->flags & SUD_FLAG_SELECTOR_FS)
		asm("mov %%fs:0, %0" : "=r"(base));
#endif
	return (uintptr_t)sel - base;
}

static void arm_so(void)
{
	int fd = sud_open();
	struct sud_config c = { .size = sizeof(c) };

	CHECK_OK(fd);
	if (way->delivery)
		c = config_but_b_upcall(way->delivery == BY_FRAMES);
	c.mode = way->inclusive ? SUD_MODE_INCLUSIVE : SUD_MODE_EXCLUSIVE;
	c.flags = way->flags;
	c.selector = selector_address();
	if (way->region) {
		c.offset = (uintptr_t)site_b;
		c.len = site_b_end - (char *)site_b;
	}
	if (way->set & 1)
		add_range(fd, site_a, site_a_end);
	if (way->set & 2)
		add_range(fd, site_b, site_b_end);
	if (way->set & 4)
		add_range(fd, site_int80, site_int80_ip + 1);
	CHECK_OK(sud_set(fd, &c));
	/* A set has no descriptor any more. */
	CHECK_OK(close(fd));
}

static void call(long (*site)(long, long, long, long), long nr, int value)
{
	struct call *c = &journal->calls[journal->count];
	int signals_before = signals;
	uint64_t upcalls_before = up_count;

	*sel = value;
	long r = site(nr, 0, 0, 0);

	c->after = *sel;
	*sel = SUD_SELECTOR_ALLOW;
	c->result = r;
	c->verdict = '-';
	if (signals == signals_before + 1) {
		c->verdict = 's';
		c->ip = (uintptr_t)last.si_call_addr;
		c->nr = last.si_syscall;
		c->arch = last.si_arch;
		c->in_handler = in_handler;
	}
	if (up_count == upcalls_before + 1) {
		c->verdict = c->verdict == '-' ? 'u' : '?';
		c->nr = up_ax;
		c->ip = way->delivery == BY_FRAMES ? up_frame.ip : up_cx;
		c->arch = way->delivery == BY_FRAMES ? up_frame.arch : 0;
	}
	journal->count++;
}

static void in_new_process(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	CHECK_OK(pid);
	if (!pid) {
		fn();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static void script_of_grandchild(void)
{
	call(site_a, MAGIC_NR + 6, SUD_SELECTOR_BLOCK);
}

static void script_of_child(void)
{
	call(site_a, MAGIC_NR + 3, SUD_SELECTOR_BLOCK);
	call(site_b, MAGIC_NR + 4, SUD_SELECTOR_BLOCK);
	call(site_int80, MAGIC_NR + 5, SUD_SELECTOR_BLOCK);
	in_new_process(script_of_grandchild);
}

/* A number that is nobody's, or one that says who the tracer is. */
static void script(void)
{
	call(site_a, MAGIC_NR, SUD_SELECTOR_BLOCK);
	call(site_a, SYS_getppid, SUD_SELECTOR_ALLOW);
	call(site_b, SYS_getppid, SUD_SELECTOR_BLOCK);
	call(site_b, MAGIC_NR + 1, SUD_SELECTOR_ALLOW);
	call(site_int80, 64, SUD_SELECTOR_BLOCK);
	call(site_int80, MAGIC_NR + 2, SUD_SELECTOR_ALLOW);
	in_new_process(script_of_child);
}

__attribute__((constructor)) static void program(void)
{
	struct sigaction sa = { .sa_sigaction = on_blocked,
				.sa_flags = SA_SIGINFO };
	const char *env = getenv("SUD_RESTORE");
	int n, arms;

	if (!env)
		return;
	if (sscanf(env, "%d %d %d", &n, &arms, &journal_fd) != 3)
		_exit(40);
	way = &ways[n];
	map_journal();
	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	find_selector();
	reset_frames();
	journal->selector = (uintptr_t)sel;
	journal->stack = (uintptr_t)&sa;
	if (arms)
		arm_so();
	raise(SIGSTOP);
	script();
	raise(SIGSTOP);
	_exit(41);
}

/* In the tracer. */
static pid_t start(int n, bool arms)
{
	char *args[2] = { "program", NULL };
	char text[64];
	char *env[2] = { text, NULL };
	pid_t pid;

	if (!journal) {
		journal_fd = syscall(SYS_memfd_create, "journal", 0);
		CHECK_OK(journal_fd);
		CHECK_OK(ftruncate(journal_fd, 4096));
		map_journal();
	}
	memset(journal, 0, sizeof(*journal));
	snprintf(text, sizeof(text), "SUD_RESTORE=%d %d %d", n, arms,
		 journal_fd);
	pid = fork();
	if (!pid) {
		CHECK_OK(personality(ADDR_NO_RANDOMIZE));
		CHECK_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		execve("/proc/self/exe", args, env);
		FAIL("exec: %s", strerror(errno));
	}
	CHECK_OK(pid);
	CHECK_EQ(wait_stop(pid), SIGTRAP);
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL));
	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), SIGSTOP);
	return pid;
}

static void run_script(pid_t pid)
{
	int stop, sig = 0;

	for (;;) {
		cont(pid, sig);
		stop = wait_stop(pid);
		if (stop == SIGSTOP)
			return;
		CHECK(stop == SIGSYS || stop == SIGCHLD);
		sig = stop;
	}
}

static void end(pid_t pid)
{
	int status;

	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_log(const struct journal *log, const char *want)
{
	char got[CALLS + 1] = "";

	CHECK_EQ(log->count, strlen(want));
	for (int i = 0; i < log->count; i++)
		got[i] = log->calls[i].verdict;
	check_verdicts(got, want);
}

/* What a checkpoint of it holds. */
struct image {
	struct sud_task_config task;
	struct sud_config config;
	struct sud_range ranges[4];
	__u64 count;
};

static void dump(int fd, pid_t pid, struct image *image)
{
	image->task = (struct sud_task_config){
		.tid = pid,
		.flags = SUD_TASK_TAKE_REGIONS,
	};
	CHECK_OK(sud_get_task(fd, &image->task, &image->config));
	CHECK(image->config.mode != SUD_MODE_OFF);
	CHECK_EQ(!!image->task.set, !!(image->config.flags & SUD_FLAG_REGIONS));
	image->count = 4;
	CHECK_OK(sud_regions_list(fd, image->ranges, &image->count));
}

/* @elsewhere: the set is made anew from the list. */
static void restore(int fd, pid_t pid, struct image *image, bool elsewhere)
{
	image->task.tid = pid;
	if (elsewhere) {
		fd = sud_open();
		CHECK_OK(fd);
		CHECK_OK(sud_regions_add(fd, image->ranges, image->count));
		image->task.set = 0;
	}
	CHECK_OK(sud_set_task(fd, &image->task, &image->config));
	if (elsewhere)
		CHECK_OK(close(fd));
}

static void check_same(int n, bool elsewhere)
{
	struct journal first, second;
	struct image image, again;
	int fd = sud_open();
	pid_t pid;

	CHECK_OK(fd);
	pid = start(n, true);
	dump(fd, pid, &image);
	run_script(pid);
	first = *journal;
	check_log(&first, ways[n].want);
	/* The calls have not changed it. */
	dump(sud_fd, pid, &again);
	CHECK(!memcmp(&again.config, &image.config, sizeof(again.config)));
	CHECK_EQ(again.task.set, image.task.set);
	end(pid);

	pid = start(n, false);
	check_get(pid, &config_off);
	restore(fd, pid, &image, elsewhere);
	CHECK_OK(close(fd));
	dump(sud_fd, pid, &again);
	CHECK(!memcmp(&again.config, &image.config, sizeof(again.config)));
	CHECK_EQ(again.task.flags, image.task.flags);
	CHECK_EQ(again.count, image.count);
	CHECK(!memcmp(again.ranges, image.ranges,
		      image.count * sizeof(*image.ranges)));
	run_script(pid);
	second = *journal;
	end(pid);
	CHECK_EQ(second.selector, first.selector);
	CHECK_EQ(second.stack, first.stack);
	check_log(&second, ways[n].want);
	CHECK(!memcmp(&second, &first, sizeof(second)));
}

/* Otherwise the comparison would show nothing. */
static void check_differs(int n)
{
	pid_t pid = start(n, false);

	run_script(pid);
	check_log(journal, "----------");
	end(pid);
}

static void check_way(int n)
{
	check_differs(n);
	check_same(n, false);
	if (ways[n].set)
		check_same(n, true);
}

__attribute__((constructor)) static void add_ways(void)
{
	for (int n = 0; n < WAYS; n++)
		test_add_case(ways[n].name, ways[n].what, check_way, n, 60);
}
