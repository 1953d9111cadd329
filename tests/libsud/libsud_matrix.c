// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfork, clone and clone3 in all combinations of flags: made through libsud they must
 * give parent and child what they give without it. Each call is made by a process of
 * its own, once bare and once in each way that libsud has, and what both sides saw is
 * compared.
 *
 * The child is assembly that needs no stack, because it may have to live on its
 * parent's; and so is the parent until the child is gone. Both leave their registers
 * in memory that is shared whatever the flags.
 */
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/stat.h>

#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/sites.h"

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* In the order in which the assembly stores them. */
struct registers {
	uint64_t rax, rdi, rsi, rdx, r10, r8, r9;
	uint64_t rbx, rbp, r12, r13, r14, r15;
	uint64_t rsp, rcx, r11, xmm9, mxcsr;
};

/* What the child's calls gave, in their order. */
struct answers {
	uint64_t pid, ppid, tid, fs_call, fs, close, umask, sigaction, magic;
};

struct report {
	struct registers parent, child;
	struct answers answers;
	uint64_t done; /* the child makes no more than its exit */
	uint64_t use_stack; /* the child pushes and pops */
	uint64_t fd; /* which the child closes */
	uint32_t ptid, ctid;
	uint64_t handled; /* the children's calls that came to the handler */
	/* What the parent sees in the end, put so that two runs may agree. */
	struct {
		uint64_t result; /* 1 for a child, or -errno */
		uint64_t same_pid, ppid_is_parent, tid_is_result;
		uint64_t ptid, ctid; /* 1 for the child's number */
		uint64_t memory, fd_open, umask, sigaction;
		uint64_t status;
	} end;
};

_Static_assert(sizeof(struct registers) == 144, "CHILD of the assembly");

/* Shared by mapping over it. */
char matrix_report[4096] __attribute__((aligned(4096)));
volatile long matrix_private;
static struct report *const report = (struct report *)matrix_report;

struct ksigaction {
	void (*handler)(int sig);
	unsigned long flags, restorer, mask;
};

const struct ksigaction matrix_ignore = { .handler = SIG_IGN };

/* Loads what is in @regs, rax to r15, makes the call, and waits for the child. */
void matrix_call(const struct registers *regs);

asm(".macro store at\n\t"
    "movq %rax, matrix_report+\\at(%rip)\n\t"
    "movq %rdi, matrix_report+\\at+8(%rip)\n\t"
    "movq %rsi, matrix_report+\\at+16(%rip)\n\t"
    "movq %rdx, matrix_report+\\at+24(%rip)\n\t"
    "movq %r10, matrix_report+\\at+32(%rip)\n\t"
    "movq %r8, matrix_report+\\at+40(%rip)\n\t"
    "movq %r9, matrix_report+\\at+48(%rip)\n\t"
    "movq %rbx, matrix_report+\\at+56(%rip)\n\t"
    "movq %rbp, matrix_report+\\at+64(%rip)\n\t"
    "movq %r12, matrix_report+\\at+72(%rip)\n\t"
    "movq %r13, matrix_report+\\at+80(%rip)\n\t"
    "movq %r14, matrix_report+\\at+88(%rip)\n\t"
    "movq %r15, matrix_report+\\at+96(%rip)\n\t"
    "movq %rsp, matrix_report+\\at+104(%rip)\n\t"
    "movq %rcx, matrix_report+\\at+112(%rip)\n\t"
    "movq %r11, matrix_report+\\at+120(%rip)\n\t"
    "movq %xmm9, matrix_report+\\at+128(%rip)\n\t"
    "stmxcsr matrix_report+\\at+136(%rip)\n"
    ".endm\n"
    /* The child's n-th answer. */
    ".macro ask n, nr\n\t"
    "movl $\\nr, %eax\n\t"
    "syscall\n\t"
    "movq %rax, matrix_report+288+8*\\n(%rip)\n"
    ".endm\n"
    ".text\n"
    ".globl matrix_call\n"
    "matrix_call:\n\t"
    "pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n\t"
    "ldmxcsr matrix_mxcsr(%rip)\n\t"
    "movq matrix_xmm9(%rip), %xmm9\n\t"
    /* The same flags each time. */
    "xorl %eax, %eax\n\t"
    "stc\n\t"
    "movq (%rdi), %rax\n\t"
    "movq 16(%rdi), %rsi\n\t"
    "movq 24(%rdi), %rdx\n\t"
    "movq 32(%rdi), %r10\n\t"
    "movq 40(%rdi), %r8\n\t"
    "movq 48(%rdi), %r9\n\t"
    "movq 56(%rdi), %rbx\n\t"
    "movq 64(%rdi), %rbp\n\t"
    "movq 72(%rdi), %r12\n\t"
    "movq 80(%rdi), %r13\n\t"
    "movq 88(%rdi), %r14\n\t"
    "movq 96(%rdi), %r15\n\t"
    "movq 8(%rdi), %rdi\n\t"
    "syscall\n\t"
    "testq %rax, %rax\n\t"
    "jz 3f\n\t"
    "store 0\n\t"
    "ldmxcsr matrix_usual(%rip)\n\t"
    "js 2f\n"
    "1:\n\t"
    "pause\n\t"
    "cmpq $0, matrix_report+360(%rip)\n\t"
    "je 1b\n"
    "2:\n\t"
    "popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n\t"
    "ret\n"
    "3:\n\t"
    "store 144\n\t"
    "cmpq $0, matrix_report+368(%rip)\n\t"
    "je 4f\n\t"
    "pushq %rax\n\t"
    "popq %rax\n"
    "4:\n\t"
    "movq $1, matrix_private(%rip)\n\t"
    "ask 0, 39\n\t" /* getpid */
    "ask 1, 110\n\t" /* getppid */
    "ask 2, 186\n\t" /* gettid */
    "movl $0x1003, %edi\n\t" /* ARCH_GET_FS */
    "leaq matrix_report+288+8*4(%rip), %rsi\n\t"
    "ask 3, 158\n\t" /* arch_prctl */
    "movq matrix_report+376(%rip), %rdi\n\t"
    "ask 5, 3\n\t" /* close */
    "movl $0111, %edi\n\t"
    "ask 6, 95\n\t" /* umask */
    "movl $12, %edi\n\t" /* SIGUSR2 */
    "leaq matrix_ignore(%rip), %rsi\n\t"
    "xorl %edx, %edx\n\t"
    "movl $8, %r10d\n\t"
    "ask 7, 13\n\t" /* rt_sigaction */
    "ask 8, " TEXT(MAGIC_NR) "\n\t"
			     "movq $1, matrix_report+360(%rip)\n\t"
			     "movl $7, %edi\n\t"
			     "movl $60, %eax\n\t" /* exit */
			     "syscall\n\t"
			     "ud2\n"
			     ".balign 8\n"
			     "matrix_xmm9: .quad 0x9999888877776666\n"
			     "matrix_mxcsr: .long 0x3f80\n" /* rounds down */
			     "matrix_usual: .long 0x1f80\n");

_Static_assert(offsetof(struct report, child) == 144, "child");
_Static_assert(offsetof(struct report, answers) == 288, "answers");
_Static_assert(offsetof(struct report, done) == 360, "done");
_Static_assert(offsetof(struct report, use_stack) == 368, "use_stack");
_Static_assert(offsetof(struct report, fd) == 376, "fd");

/* The child is to die before it is done: do not wait for that. */
static bool lost;

static char stack[65536] __attribute__((aligned(64)));
static char tls[4096] __attribute__((aligned(64)));

/* The first version, and what 5.10 has. */
struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

struct call {
	long nr;
	uint64_t flags;
	bool has_stack;
	/* For what is not usual: clone's stack; clone3's pointer and size. */
	uint64_t bad_stack, bad_args, args_size;
};

/* The ways in which a call may be made. */
enum { BARE, THREAD, INHERIT, OWN_STACK, INHERIT_NO_VECTORS, WAYS };
static const char *const ways[] = { "bare", "by a thread's own handler",
				    "inheriting", "on an own stack",
				    "inheriting, without vectors" };

/* For guests without FS, and with no vectors saved. */
__attribute__((target("general-regs-only"))) static long
count(struct sud_call *call)
{
	if (call->rax == MAGIC_NR)
		report->handled++;
	return sud_call_native(call);
}

static void go(int way)
{
	struct sud_options o = { .mode = SUD_MODE_EXCLUSIVE };

	if (way == OWN_STACK) {
		o.stack = guest_stack;
		o.stack_size = sizeof(guest_stack);
	}
	if (way == INHERIT || way == INHERIT_NO_VECTORS)
		o.flags |= SUD_UPCALL_INHERIT;
	if (way == INHERIT_NO_VECTORS)
		o.flags |= SUD_UPCALL_NO_VECTORS;
	if (way == BARE)
		return;
	CHECK_OK(sud_upcall_install(count, &o));
	if (way == THREAD || way == OWN_STACK)
		sud_call_block();
}

/* Waits until nothing of the child is left, and says how it ended. */
static uint64_t wait_for(long child, uint64_t flags)
{
	int status = 0;

	if (!(flags & (CLONE_THREAD | CLONE_PARENT))) {
		CHECK_EQ(waitpid(child, &status, __WALL), child);
		return status;
	}
	while (!syscall(SYS_tgkill, flags & CLONE_THREAD ? getpid() : child,
			child, 0)) {
		/* A zombie is there until its parent, ours, waits for it. */
		if (flags & CLONE_PARENT && !(flags & CLONE_THREAD))
			break;
		sched_yield();
	}
	return -1;
}

static void make_call(const struct call *c, int way)
{
	struct args args = { c->flags, 0, 0, 0, SIGCHLD };
	struct registers regs = { .rax = c->nr, .r9 = 0x99 };
	bool is_child;
	long r;

	args.child_tid = (uintptr_t)&report->ctid;
	args.parent_tid = (uintptr_t)&report->ptid;
	args.pidfd = (uintptr_t)&report->ptid;
	args.tls = (uintptr_t)tls;
	/* clone3 takes no signal for these. */
	if (c->flags & (CLONE_THREAD | CLONE_PARENT))
		args.exit_signal = 0;
	if (c->has_stack) {
		args.stack = (uintptr_t)stack;
		args.stack_size = sizeof(stack);
	}
	for (uint64_t *r = &regs.rbx, n = 0; n < 6; n++)
		r[n] = 0xb000 + n;
	if (c->nr == SYS_clone) {
		regs.rdi = (uint32_t)c->flags | SIGCHLD;
		regs.rsi = c->has_stack ? args.stack + args.stack_size
					: c->bad_stack;
		regs.rdx = args.parent_tid;
		regs.r10 = args.child_tid;
		regs.r8 = args.tls;
	} else if (c->nr == SYS_clone3) {
		regs.rdi = c->bad_args ? c->bad_args : (uintptr_t)&args;
		regs.rsi = c->args_size;
		regs.rdx = 0xd;
		regs.r10 = 0x10;
		regs.r8 = 0x88;
	} else {
		regs.rdi = 0xd1;
		regs.rsi = 0x51;
		regs.rdx = 0xd;
		regs.r10 = 0x10;
		regs.r8 = 0x88;
	}
	report->ptid = 1000000001;
	report->ctid = 1000000002;
	report->use_stack = c->has_stack || c->bad_stack;
	report->done = lost;
	/* A core dump ends all who share the memory, up to 5.15. */
	if (lost)
		CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
	report->fd = open("/dev/null", O_RDONLY);
	umask(022);
	signal(SIGUSR2, SIG_DFL);
	fflush(stdout);

	go(way);
	matrix_call(&regs);
	sud_call_allow();
	if (way != BARE)
		CHECK_OK(sud_upcall_remove());

	r = report->parent.rax;
	is_child = r > 0;
	report->end.result = is_child ? 1 : r;
	if (is_child)
		report->end.status = wait_for(r, c->flags);
	report->end.same_pid = (long)report->answers.pid == getpid();
	report->end.ppid_is_parent = (long)report->answers.ppid == getpid();
	report->end.tid_is_result = (long)report->answers.tid == r;
	/* It may hold a pidfd. */
	report->end.ptid = report->ptid == r ? 1 : report->ptid;
	report->end.ctid = report->ctid == r ? 1 : report->ctid;
	report->end.memory = matrix_private;
	report->end.fd_open = fcntl(report->fd, F_GETFD) >= 0;
	report->end.umask = umask(0);
	struct sigaction sa;

	CHECK_OK(sigaction(SIGUSR2, NULL, &sa));
	report->end.sigaction = sa.sa_handler == SIG_IGN;
	/* Numbers that differ from run to run are compared above. */
	report->parent.rax = 0;
	memset(&report->answers.pid, 0, 3 * sizeof(uint64_t));
	report->ptid = 0;
	report->ctid = 0;
	/* Here it dies on its way to the guest, and bare a little later. */
	if (lost)
		memset(&report->child, 0, sizeof(report->child));
}

/* Runs one call in a process of its own, whose report is left in @to. */
static void run(const struct call *c, int way, struct report *to)
{
	static bool is_shared;
	int status;
	pid_t pid;

	if (!is_shared)
		CHECK(mmap(report, sizeof(matrix_report),
			   PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
			   0) == report);
	is_shared = true;
	memset(report, 0, sizeof(*report));
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		alarm(5);
		make_call(c, way);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (status)
		FAIL("%s: call %ld, flags %#llx, %s stack: status %#x",
		     ways[way], c->nr, (unsigned long long)c->flags,
		     c->has_stack ? "a" : "no", status);
	/* CLONE_PARENT's. */
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	*to = *report;
}

static const char *difference(const struct report *a, const struct report *b)
{
	static char what[80];
	const uint64_t *x = (const uint64_t *)a, *y = (const uint64_t *)b;

	for (size_t i = 0; i < sizeof(*a) / 8; i++) {
		if (i == offsetof(struct report, handled) / 8 || x[i] == y[i])
			continue;
		snprintf(what, sizeof(what), "word %zu: bare %#llx, here %#llx",
			 i, (unsigned long long)x[i], (unsigned long long)y[i]);
		return what;
	}
	return NULL;
}

/* In the first of the ways. Return: whether there was a child. */
static bool compare_in(const struct call *c, int count)
{
	struct report bare, other;

	run(c, BARE, &bare);
	for (int way = BARE + 1; way < count; way++) {
		run(c, way, &other);
		const char *what = difference(&bare, &other);

		if (what)
			FAIL("%s: call %ld, flags %#llx, %s stack: %s",
			     ways[way], c->nr, (unsigned long long)c->flags,
			     c->has_stack ? "a" : "no", what);
		/* Who inherits has its calls handled, and nobody else. */
		CHECK_EQ(other.handled,
			 bare.end.result == 1 && !lost &&
				 (way == INHERIT || way == INHERIT_NO_VECTORS));
	}
	return bare.end.result == 1;
}

static bool compare(const struct call *c)
{
	return compare_in(c, WAYS);
}

static int children, errors;

static void with_stacks(struct call c, int count, int first)
{
	for (int has_stack = first; has_stack < 2; has_stack++) {
		c.has_stack = has_stack;
		if (compare_in(&c, count))
			children++;
		else
			errors++;
	}
}

/* All subsets of these, also those that the kernel refuses. */
static const uint64_t main_flags[] = {
	CLONE_VM, CLONE_VFORK, CLONE_SIGHAND, CLONE_THREAD, CLONE_SETTLS,
};

static void subsets(long nr)
{
	for (int set = 0; set < 1 << COUNT(main_flags); set++) {
		struct call c = { .nr = nr, .args_size = sizeof(struct args) };

		for (size_t i = 0; i < COUNT(main_flags); i++)
			if (set & 1 << i)
				c.flags |= main_flags[i];
		with_stacks(c, nr == SYS_clone ? WAYS : INHERIT + 1, 0);
	}
	CHECK(children > 0 && errors > 0);
}

TEST_LIMIT(clone, "clone in all combinations of its main flags", false, 150)
{
	subsets(SYS_clone);
}

TEST_LIMIT(clone3, "clone3 likewise", false, 150)
{
	subsets(SYS_clone3);
}

/* Each of the others, with those that say what is shared. */
static const uint64_t more_flags[] = {
	CLONE_FS,	    CLONE_FILES,
	CLONE_PARENT,	    CLONE_PARENT_SETTID,
	CLONE_CHILD_SETTID, CLONE_SYSVSEM,
	CLONE_IO,	    CLONE_UNTRACED,
	CLONE_PIDFD,	    CLONE_NEWNS,
	CLONE_NEWUTS,	    CLONE_NEWPID,
	CLONE_PTRACE,	    CLONE_CLEAR_SIGHAND,
	CLONE_DETACHED,	    CLONE_CHILD_CLEARTID,
};

static const uint64_t sharing[] = {
	0,
	CLONE_VM,
	CLONE_VM | CLONE_VFORK,
	CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
};

static void each_flag(long nr)
{
	for (size_t i = 0; i < COUNT(more_flags); i++) {
		for (size_t j = 0; j < COUNT(sharing); j++) {
			struct call c = { .nr = nr,
					  .flags = more_flags[i] | sharing[j],
					  .args_size = sizeof(struct args) };

			with_stacks(c, INHERIT + 1, nr == SYS_clone3);
		}
	}
	CHECK(children > 0 && errors > 0);
}

TEST_LIMIT(clone_more, "clone with each of its other flags", false, 150)
{
	each_flag(SYS_clone);
}

TEST_LIMIT(clone3_more, "clone3 likewise", false, 150)
{
	each_flag(SYS_clone3);
}

TEST(vfork, "fork and vfork, whose child shares its parent's stack")
{
	const struct call fork = { .nr = SYS_fork };
	const struct call vfork = { .nr = SYS_vfork };

	for (int i = 0; i < 10; i++) {
		CHECK(compare(&fork));
		CHECK(compare(&vfork));
	}
}

TEST(errors, "arguments of clone and clone3 that the kernel refuses")
{
	static char large[8192] __attribute__((aligned(4096)));
	struct call c = { .nr = SYS_clone3 };
	struct args *args = (struct args *)large;

	args->exit_signal = SIGCHLD;
	/* Sizes: too small, each version, a larger one with and without zeroes. */
	static const int sizes[] = { 0,	 8,  63,  64,	65,   72,  80,
				     88, 96, 256, 1024, 4096, 4097 };
	c.bad_args = (uintptr_t)large;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		c.args_size = sizes[i];
		compare(&c);
	}
	large[200] = 1;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		c.args_size = sizes[i];
		compare(&c);
	}
	large[200] = 0;
	c.args_size = 64;
	/* Half of a stack, and one that wraps or is the kernel's. */
	args->stack = (uintptr_t)stack;
	CHECK(!compare(&c));
	args->stack_size = -1;
	CHECK(!compare(&c));
	args->stack_size = 1ULL << 63;
	CHECK(!compare(&c));
	args->stack = 0;
	args->stack_size = 4096;
	CHECK(!compare(&c));
	args->stack_size = 0;
	/* Arguments that end where memory does, and beyond that. */
	CHECK_OK(mprotect(large + 4096, 4096, PROT_NONE));
	memmove(large + 4096 - 64, large, 64);
	c.bad_args = (uintptr_t)large + 4096 - 64;
	CHECK(compare(&c));
	c.args_size = 72;
	CHECK(!compare(&c));
	c.bad_args = 8;
	CHECK(!compare(&c));
	c.bad_args = 0xffff800000000000;
	CHECK(!compare(&c));
	CHECK_OK(mprotect(large, 4096, PROT_READ));
	c.bad_args = (uintptr_t)large + 4096 - 64;
	c.args_size = 64;
	CHECK(compare(&c));
}

TEST(no_memory, "a stack that is not there: the error, or the child's death")
{
	/* Flags that are refused come first. */
	struct call c = { .nr = SYS_clone, .bad_stack = 4096 };

	c.flags = CLONE_SIGHAND;
	CHECK(!compare(&c));
	c.flags = CLONE_THREAD | CLONE_VM;
	CHECK(!compare(&c));
	/* The parent goes on, and the child dies of its first push. */
	c.flags = CLONE_VM | CLONE_VFORK;
	lost = true;
	CHECK(compare(&c));
}
