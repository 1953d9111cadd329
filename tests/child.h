/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Children made by raw system calls, whose very first instruction is a system
 * call itself. They report through memory that they share with the parent, use
 * no thread-local storage, and may run on the parent's.
 *
 * For one program each: it defines what the assembly below refers to.
 */
#ifndef SUD_CHILD_H
#define SUD_CHILD_H

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>

#include "sud_test.h"

/* One call's number and arguments. */
struct spawn_call {
	uint64_t nr;
	uint64_t arg[5];
};

/* The child's first instruction. */
#define FIRST_NONE 0 /* was not a system call */
#define FIRST_DISPATCHED 1
#define FIRST_RAN 2

/*
 * Make the call, and another one at once: its number is what the first gave, so
 * 0 in a child. It must be dispatched in the parent. spawn_plain() leaves it
 * out. All return the first call's result, in the parent only.
 */
long spawn(const struct spawn_call *call);
long spawn_plain(const struct spawn_call *call);
/* The address after each one's first call, and after the second. */
extern char spawn_ip[], spawn_first_ip[];
/* Where the handler of a dispatched second call goes on. */
extern char spawn_parent[], spawn_dispatched[];

#ifdef __x86_64__
/* The first call by int $0x80, and the second by SYSCALL. */
long spawn_int80(const struct spawn_call *call);
extern char spawn_int80_first_ip[];
/* An upcall in registers: rax tells parent and child apart. */
void spawn_upcall(void);

asm(".text\n"
    ".macro spawn_enter\n\t"
    "pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n\t"
    "movq %rdi, %r9\n\t"
    "movq (%r9), %rax\n\t"
    ".endm\n"
    ".macro spawn_load\n\t"
    "spawn_enter\n\t"
    "movq 8(%r9), %rdi; movq 16(%r9), %rsi; movq 24(%r9), %rdx\n\t"
    "movq 32(%r9), %r10; movq 40(%r9), %r8\n\t"
    ".endm\n"
    ".globl spawn, spawn_ip, spawn_first_ip, spawn_parent, spawn_dispatched\n"
    "spawn:\n\t"
    "spawn_load\n\t"
    "syscall\n"
    "spawn_ip:\n\t"
    "syscall\n"
    "spawn_first_ip:\n\t"
    "movl $2, %edi\n\t"
    "jmp 1f\n"
    "spawn_dispatched:\n\t"
    "movl $1, %edi\n\t"
    "jmp 1f\n"
    ".globl spawn_plain\n"
    "spawn_plain:\n\t"
    "spawn_load\n\t"
    "syscall\n\t"
    "xorl %edi, %edi\n\t"
    "testq %rax, %rax\n\t"
    "jnz spawn_parent\n"
    ".globl spawn_go\n"
    "spawn_go:\n"
    "1: andq $-16, %rsp\n\t"
    "xorl %ebp, %ebp\n\t"
    "call spawn_child\n\t"
    "ud2\n"
    "spawn_parent:\n\t"
    "popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n\t"
    "ret\n"
    ".globl spawn_int80, spawn_int80_first_ip, spawn_upcall\n"
    "spawn_int80:\n\t"
    "spawn_enter\n\t"
    "movq 8(%r9), %rbx; movq 16(%r9), %rcx; movq 24(%r9), %rdx\n\t"
    "movq 32(%r9), %rsi; movq 40(%r9), %rdi\n\t"
    "int $0x80\n\t"
    "syscall\n"
    "spawn_int80_first_ip:\n\t"
    "movl $2, %edi\n\t"
    "jmp 1b\n"
    "spawn_upcall:\n\t"
    "testq %rax, %rax\n\t"
    "jz spawn_dispatched\n\t"
    "jmp spawn_parent\n");

#define SPAWN_IP REG_RIP
#define SPAWN_AX REG_RAX
#else
asm(".text\n"
    ".macro spawn_load\n\t"
    "pushl %ebx; pushl %esi; pushl %edi; pushl %ebp\n\t"
    "movl 20(%esp), %ebp\n\t"
    "movl (%ebp), %eax\n\t"
    "movl 8(%ebp), %ebx; movl 16(%ebp), %ecx; movl 24(%ebp), %edx\n\t"
    "movl 32(%ebp), %esi; movl 40(%ebp), %edi\n\t"
    ".endm\n"
    ".globl spawn, spawn_ip, spawn_first_ip, spawn_parent, spawn_dispatched\n"
    "spawn:\n\t"
    "spawn_load\n\t"
    "int $0x80\n"
    "spawn_ip:\n\t"
    "int $0x80\n"
    "spawn_first_ip:\n\t"
    "movl $2, %edi\n\t"
    "jmp 1f\n"
    "spawn_dispatched:\n\t"
    "movl $1, %edi\n\t"
    "jmp 1f\n"
    ".globl spawn_plain\n"
    "spawn_plain:\n\t"
    "spawn_load\n\t"
    "int $0x80\n\t"
    "xorl %edi, %edi\n\t"
    "testl %eax, %eax\n\t"
    "jnz spawn_parent\n"
    ".globl spawn_go\n"
    "spawn_go:\n"
    "1: andl $-16, %esp\n\t"
    "subl $12, %esp\n\t"
    "pushl %edi\n\t"
    "xorl %ebp, %ebp\n\t"
    "call spawn_child\n\t"
    "ud2\n"
    "spawn_parent:\n\t"
    "popl %ebp; popl %edi; popl %esi; popl %ebx\n\t"
    "ret\n");

#define SPAWN_IP REG_EIP
#define SPAWN_AX REG_EAX
#endif

/* What the child found, in shared memory. */
struct spawn_found {
	volatile int done; /* it uses no memory any more */
	volatile int first; /* FIRST_* */
	volatile int parent; /* the parent's thread id */
	volatile long get; /* what SUD_IOC_GET said, or -errno */
	struct sud_config config; /* and brought */
	volatile long extra[4]; /* the test's own */
};

static struct spawn_found *found;
/* What else the child does, with calls that are let run. */
static void (*spawn_fn)(void);
static char spawn_stack[65536] __attribute__((aligned(64)));

/* Says that it is done, and exits without touching its stack. */
__attribute__((noreturn)) static inline void spawn_exit(void)
{
#ifdef __x86_64__
	asm volatile("movl $1, (%%rdi)\n\t"
		     "syscall\n\t"
		     "movl %[exit], %%eax\n\t"
		     "xorl %%edi, %%edi\n\t"
		     "syscall\n\t"
		     "ud2"
		     :
		     : "a"(SYS_futex), "D"(&found->done), "S"(FUTEX_WAKE),
		       "d"(INT_MAX), [exit] "i"(SYS_exit)
		     : "rcx", "r11", "memory");
#else
	asm volatile("movl $1, (%%ebx)\n\t"
		     "int $0x80\n\t"
		     "movl %[exit], %%eax\n\t"
		     "xorl %%ebx, %%ebx\n\t"
		     "int $0x80\n\t"
		     "ud2"
		     :
		     : "a"(SYS_futex), "b"(&found->done), "c"(FUTEX_WAKE),
		       "d"(INT_MAX), [exit] "i"(SYS_exit)
		     : "memory");
#endif
	__builtin_unreachable();
}

__attribute__((noreturn, used)) void spawn_child(int first)
{
	if (site_b(SYS_gettid, 0, 0, 0) == found->parent)
		FAIL("the parent's call was not dispatched");
	found->first = first;
	found->get =
		site_b(SYS_ioctl, sud_fd, SUD_IOC_GET, (long)&found->config);
	if (spawn_fn)
		spawn_fn();
	spawn_exit();
}

/* For SIGSYS: the second call of spawn(), or any other blocked call. */
static void spawn_on_sigsys(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	char *ip = info->si_call_addr;
	bool first = ip == spawn_first_ip;

	(void)sig;
#ifdef __x86_64__
	first = first || ip == spawn_int80_first_ip;
#endif
	if (first) {
		ip = regs[SPAWN_AX] ? spawn_parent : spawn_dispatched;
		regs[SPAWN_IP] = (uintptr_t)ip;
		return;
	}
	selector = SUD_SELECTOR_ALLOW;
	seen.count++;
}

static inline void spawn_init(void)
{
	struct sigaction sa = { .sa_sigaction = spawn_on_sigsys,
				.sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	found = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(found != MAP_FAILED);
}

/* Before each child. */
static inline void spawn_reset(void)
{
	memset(found, 0, sizeof(*found));
	found->config.size = sizeof(found->config);
	found->get = -1;
	found->parent = syscall(SYS_gettid);
}

static inline void spawn_wait(void)
{
	struct timespec second = { 1, 0 };
	int seconds = 0;

	while (!found->done) {
		if (seconds == 60)
			FAIL("the child has not reported");
		/* Signals wake it, too, and there may be storms of them. */
		if (syscall(SYS_futex, &found->done, FUTEX_WAIT, 0, &second,
			    NULL, 0) &&
		    errno == ETIMEDOUT)
			seconds++;
	}
}

/* Only the call that ends at @ip, spawn()'s second, is dispatched. */
static inline struct sud_config spawn_config_at(const char *ip,
						unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)ip,
		.len = 1,
		.flags = flags,
	};
}

static inline struct sud_config spawn_config(unsigned int flags)
{
	return spawn_config_at(spawn_first_ip, flags);
}

#ifdef __x86_64__
#define SPAWN_TLS 4
#define SPAWN_CTID 3
#else
#define SPAWN_TLS 3
#define SPAWN_CTID 4
#endif

/* clone() on a stack of its own, in its order of arguments. */
static inline struct spawn_call spawn_clone(uint64_t flags)
{
	return (struct spawn_call){
		SYS_clone,
		{ flags, (uintptr_t)(spawn_stack + sizeof(spawn_stack)), -1, -1,
		  -1 },
	};
}

/* Waits for the child's end; with CLONE_PARENT, another has to take it. */
static inline void end_child(long pid, uint64_t flags)
{
	int status;

	spawn_wait();
	if (flags & (CLONE_THREAD | CLONE_PARENT))
		return;
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	CHECK_EQ(status, 0);
}

#define CLONE_A_THREAD (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)

#define BOTH (SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK)

/* Calls by site_a are blocked, and no others. */
static inline struct sud_config config_a(unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - (char *)site_a,
		.flags = flags,
	};
}

static inline void arm_a(unsigned int flags)
{
	struct sud_config c = config_a(flags);

	CHECK_OK(sud_set(sud_fd, &c));
}

static inline bool same(const struct sud_config *a, const struct sud_config *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline void check_armed(const struct sud_config *want)
{
	struct sud_config c;
	int before = seen.count;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, want));
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(seen.count, before + 1);
}

static inline void check_armed_a(unsigned int flags)
{
	struct sud_config c = config_a(flags);

	check_armed(&c);
}

static inline void check_off(void)
{
	static const struct sud_config zero = { .size = sizeof(zero) };
	struct sud_config c;
	int before = seen.count;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, &zero));
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(seen.count, before);
}

static inline void in_process(void (*fn)(void))
{
	CHECK_EQ(in_child(fn), 0);
}

static inline void *call_it(void *fn)
{
	((void (*)(void))fn)();
	return NULL;
}

static inline void in_thread(void (*fn)(void))
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, call_it, fn), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

static int depth;

static inline void child_is_off(void)
{
	check_off();
	if (depth++)
		return;
	in_thread(child_is_off);
	in_process(child_is_off);
}

static inline void all_are_armed(void)
{
	check_armed_a(BOTH);
	if (++depth >= 4)
		return;
	in_thread(all_are_armed);
	depth--;
	in_process(all_are_armed);
}

/* What the child found must be this configuration, or none. */
static inline void check_report(const struct sud_config *want, int first,
				const char *what, uint64_t flags)
{
	static const struct sud_config zero = { .size = sizeof(zero) };

	if (found->first != first || found->get ||
	    !same(&found->config, want ? want : &zero))
		FAIL("%s, flags %#llx: should be %s; first %d, GET %ld, mode %u, flags %#x",
		     what, (unsigned long long)flags, want ? "armed" : "off",
		     found->first, found->get, found->config.mode,
		     found->config.flags);
}

/* After spawn() and spawn_plain(). */
static inline void check_found(const struct sud_config *want, const char *what,
			       uint64_t flags)
{
	check_report(want, want ? FIRST_DISPATCHED : FIRST_RAN, what, flags);
}

static inline void check_plain(const struct sud_config *want, const char *what)
{
	check_report(want, FIRST_NONE, what, 0);
}

/* A child of fork by spawn(), which must be armed as the parent is. */
static inline void check_fork(unsigned int flags)
{
	struct sud_config c = spawn_config(flags);
	struct spawn_call call = { SYS_fork, { -1, -1, -1, -1, -1 } };
	long pid;

	CHECK_OK(sud_set(sud_fd, &c));
	spawn_reset();
	pid = spawn(&call);
	CHECK_OK(pid);
	end_child(pid, 0);
	check_found(flags & SUD_FLAG_INHERIT_FORK ? &c : NULL, "fork", flags);
}

static inline void do_nothing(void)
{
}

static inline void check_refs(int wanted)
{
	check_refs_within(wanted, 20000);
}

#endif /* SUD_CHILD_H */
