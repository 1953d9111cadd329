// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_UPCALL_INHERIT: threads and children of a guest are armed from their first
 * instruction, whatever they have of their own by then.
 */
#include <asm/prctl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <spawn.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

/* How often the handler was entered, by all who share it. */
static int *handled;

/* Uses neither FS nor the C library: for guests that have none. */
static long tell(struct sud_call *call)
{
	__atomic_add_fetch(handled, 1, __ATOMIC_RELAXED);
	if (call->rax == MAGIC_NR)
		return call->rdi + 1;
	return sud_call_native(call);
}

static struct sud_options inheriting(unsigned int flags)
{
	return (struct sud_options){
		.mode = SUD_MODE_EXCLUSIVE,
		.flags = SUD_UPCALL_INHERIT | flags,
	};
}

static void install_inheriting(sud_handler handler, unsigned int flags)
{
	struct sud_options o = inheriting(flags);

	handled = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(handled != MAP_FAILED);
	CHECK_OK(sud_upcall_install(handler, &o));
}

static bool is_armed(void)
{
	return site_a(MAGIC_NR, 41, 0, 0) == 42;
}

TEST(whole, "every call of the program is blocked, the C library's included")
{
	install_inheriting(tell, 0);
	int before = *handled;

	CHECK(is_armed());
	CHECK_EQ(*handled, before + 1);
	CHECK(getppid() > 0);
	CHECK_EQ(*handled, before + 2);
	CHECK_ERR(close(12345), EBADF);
	CHECK_EQ(*handled, before + 3);
	CHECK_OK(sud_upcall_remove());
	CHECK_EQ(site_a(MAGIC_NR, 41, 0, 0), -ENOSYS);
	CHECK_EQ(*handled, before + 3);
}

TEST(raw_call, "the handler's own calls run, with all six arguments")
{
	install_inheriting(tell, 0);
	int before = *handled;
	char *p = (char *)sud_raw_call(SYS_mmap, 0, 8192, PROT_READ,
				       MAP_PRIVATE, sud_fd, 1L << 40);

	CHECK_EQ((long)p, -EINVAL);
	p = (char *)sud_raw_call(SYS_mmap, 0x10000000, 8192,
				 PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				 0);
	CHECK_EQ((long)p, 0x10000000);
	p[8191] = 1;
	CHECK_EQ(sud_raw_call(MAGIC_NR, 41, 0, 0, 0, 0, 0), -ENOSYS);
	CHECK_EQ(*handled, before);
}

static void *grandchild(void *arg)
{
	return is_armed() ? arg : NULL;
}

static void *child(void *arg)
{
	pthread_t t;
	void *r = NULL;

	if (!is_armed() || pthread_create(&t, NULL, grandchild, arg) ||
	    pthread_join(t, &r))
		return NULL;
	return r;
}

static void check_threads(unsigned int flags)
{
	pthread_t t[8];
	void *r;

	install_inheriting(tell, flags);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 8; i++)
			CHECK_EQ(pthread_create(&t[i], NULL, child, t), 0);
		for (int i = 0; i < 8; i++) {
			CHECK_EQ(pthread_join(t[i], &r), 0);
			CHECK(r == t);
		}
	}
}

TEST_LIMIT(threads, "threads, and their threads", false, 60)
{
	check_threads(0);
}

TEST_LIMIT(threads_no_vectors, "the same without vector state", false, 60)
{
	check_threads(SUD_UPCALL_NO_VECTORS);
}

static void check_exit(pid_t pid, int code)
{
	int status = -1;

	CHECK_OK(pid);
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	CHECK_EQ(status, code << 8);
}

TEST(forks, "fork, its child's fork, vfork, posix_spawn, system")
{
	char *const argv[] = { "sh", "-c", "exit 8", NULL };
	pid_t pid;

	install_inheriting(tell, 0);
	for (int i = 0; i < 10; i++) {
		pid = fork();
		if (!pid) {
			pid = fork();
			if (!pid)
				_exit(is_armed() ? 5 : 1);
			check_exit(pid, 5);
			_exit(is_armed() ? 6 : 1);
		}
		check_exit(pid, 6);
		pid = vfork();
		if (!pid)
			_exit(is_armed() ? 7 : 1);
		check_exit(pid, 7);
		CHECK_EQ(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv,
				     environ),
			 0);
		check_exit(pid, 8);
		CHECK_EQ(system("exit 9"), 9 << 8);
		CHECK(is_armed());
	}
}

TEST(exec, "a new image is off")
{
	pid_t pid;
	int before, after;

	install_inheriting(tell, 0);
	pid = vfork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "exit 4", NULL);
		_exit(9);
	}
	before = *handled;
	check_exit(pid, 4);
	after = *handled;
	/* The parent's wait, and nothing of the shell's. */
	CHECK_EQ(after - before, 1);
}

/* A thread on the bare kernel: what FS it has is up to the test. */
static volatile long bare_result;
static volatile int bare_tid;
static char bare_stack[65536] __attribute__((aligned(64)));

static void bare_main(void)
{
	bare_result =
		site_a(MAGIC_NR, 41, 0, 0) * 100 + site_a(MAGIC_NR, 6, 0, 0);
	site_a(SYS_exit, 0, 0, 0);
}

static long bare_clone(uint64_t flags, uint64_t tls)
{
	register uint64_t r10 asm("r10") = (uintptr_t)&bare_tid;
	register uint64_t r8 asm("r8") = tls;
	long ret;

	asm volatile("syscall\n\t"
		     "testq %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "call *%%r9\n\t"
		     "ud2\n"
		     "1:"
		     : "=a"(ret)
		     : "0"(SYS_clone), "D"(flags),
		       "S"(bare_stack + sizeof(bare_stack)), "d"(0), "r"(r10),
		       "r"(r8), "r"((void (*)(void))bare_main)
		     : "rcx", "r11", "cc", "memory");
	return ret;
}

static void check_bare(uint64_t flags, uint64_t tls)
{
	bare_result = 0;
	bare_tid = 1;
	long tid = bare_clone(flags | CLONE_VM | CLONE_FS | CLONE_FILES |
				      CLONE_SIGHAND | CLONE_THREAD |
				      CLONE_CHILD_CLEARTID,
			      tls);
	if (tid <= 0)
		FAIL("clone: %ld", tid);
	while (bare_tid)
		syscall(SYS_futex, &bare_tid, FUTEX_WAIT, 1, NULL);
	CHECK_EQ(bare_result, 42 * 100 + 7);
}

TEST(bare, "a thread with its parent's FS, with none, or with a bad one")
{
	static char page[4096];

	install_inheriting(tell, 0);
	for (int i = 0; i < 20; i++) {
		check_bare(0, 0);
		check_bare(CLONE_SETTLS, 0);
		check_bare(CLONE_SETTLS, 0x7fffffff0000);
		check_bare(CLONE_SETTLS, (uintptr_t)page);
	}
}

TEST(fs_moved, "a guest that moves FS while it is armed")
{
	unsigned long fs = 0;
	long with_none;

	install_inheriting(tell, 0);
	CHECK_EQ(site_a(SYS_arch_prctl, ARCH_GET_FS, (long)&fs, 0), 0);
	CHECK_EQ(site_a(SYS_arch_prctl, ARCH_SET_FS, 0, 0), 0);
	with_none = site_a(MAGIC_NR, 41, 0, 0);
	site_a(SYS_arch_prctl, ARCH_SET_FS, fs, 0);
	CHECK_EQ(with_none, 42);
}

/* A signal handler of the guest's runs in the midst of the library's handler. */
static volatile int usr1, usr1_wrong;

static void on_usr1(int sig)
{
	(void)sig;
	usr1++;
	if (!is_armed())
		usr1_wrong++;
}

static long raise_within(struct sud_call *call)
{
	__atomic_add_fetch(handled, 1, __ATOMIC_RELAXED);
	if (call->rax == MAGIC_NR && call->rdi == 1000) {
		long pid = sud_raw_call(SYS_getpid, 0, 0, 0, 0, 0, 0);

		sud_raw_call(SYS_tgkill, pid,
			     sud_raw_call(SYS_gettid, 0, 0, 0, 0, 0, 0),
			     SIGUSR1, 0, 0, 0);
	}
	return tell(call);
}

TEST(signals, "a signal interrupts the handler, and its handler's calls nest")
{
	install_inheriting(raise_within, 0);
	signal(SIGUSR1, on_usr1);
	for (int i = 1; i <= 1000; i++) {
		CHECK_EQ(site_a(MAGIC_NR, 1000, 0, 0), 1001);
		CHECK_EQ(usr1, i);
		CHECK_OK(raise(SIGUSR1));
		CHECK_EQ(usr1, ++i);
	}
	CHECK_EQ(usr1_wrong, 0);
}

TEST(mask, "the guest's signal mask is what it sets")
{
	sigset_t set, now;

	install_inheriting(tell, 0);
	signal(SIGUSR1, on_usr1);
	sigfillset(&set);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(usr1, 0);
	CHECK(is_armed());
	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGSYS));
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(usr1, 1);
	signal(SIGSYS, SIG_IGN);
	CHECK(is_armed());
}

/* The host's code beside the guest's: only the guest's is blocked. */
TEST(inclusive, "with a region that is blocked the C library's calls run")
{
	struct sud_options o = at_site_a(SUD_UPCALL_INHERIT, false);
	pid_t pid;

	CHECK_OK(sud_upcall_install(pass_or_note, &o));
	CHECK(getppid() > 0);
	CHECK_EQ(note_calls, 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	CHECK_EQ(note_calls, 1);
	pid = fork();
	if (!pid)
		_exit(site_a(MAGIC_NR, 0, 0, 0) == RESULT ? 5 : 1);
	check_exit(pid, 5);
}

/* And the other way round: site_b is the host's. */
TEST(exclusive, "with a region that is exempt its calls run, and the library's")
{
	struct sud_options o = inheriting(0);
	pid_t pid;

	install_inheriting(tell, 0);
	o.offset = (uintptr_t)site_b;
	o.len = site_b_end - (char *)site_b;
	CHECK_OK(sud_upcall_install(tell, &o));
	for (int i = 0; i < 2; i++) {
		int before = *handled;

		CHECK_EQ(site_b(MAGIC_NR, 41, 0, 0), -ENOSYS);
		CHECK_EQ(*handled, before);
		CHECK(is_armed());
		CHECK_EQ(sud_raw_call(MAGIC_NR, 41, 0, 0, 0, 0, 0), -ENOSYS);
		CHECK_EQ(*handled, before + 1);
	}
	pid = fork();
	if (!pid)
		_exit(is_armed() && site_b(MAGIC_NR, 41, 0, 0) == -ENOSYS ? 5
									  : 1);
	check_exit(pid, 5);
}

TEST(vectors, "the guest keeps its vector registers")
{
	uint64_t in = 0x123456789abcdef0, out = 0;

	install_inheriting(pass_or_note, 0);
	asm volatile("movq %1, %%xmm5\n\t"
		     "syscall\n\t"
		     "movq %%xmm5, %0"
		     : "=r"(out)
		     : "r"(in), "a"(SYS_getppid)
		     : "rcx", "r11", "xmm5", "memory");
	CHECK_EQ(out, in);
}

/* Each is a good one with one thing wrong. */
TEST(errors, "each bad option has its errno, and changes nothing")
{
	static char stack[SUD_UPCALL_STACK_MIN];
	struct sud_config before, after;
	struct sud_options o;

	install_inheriting(tell, 0);
	CHECK_OK(sud_get(sud_fd, &before));
#define BAD(field, value)                                        \
	do {                                                     \
		o = inheriting(0);                               \
		o.field = value;                                 \
		CHECK_ERR(sud_upcall_install(tell, &o), EINVAL); \
		CHECK(is_armed());                               \
	} while (0)
	BAD(flags, SUD_UPCALL_ALL_THREADS);
	BAD(flags, SUD_UPCALL_INHERIT | 1U << 4);
	BAD(mode, SUD_MODE_OFF);
	BAD(mode, SUD_MODE_INCLUSIVE);
	BAD(stack_size, sizeof(stack));
	o = inheriting(0);
	o.stack = stack;
	o.stack_size = sizeof(stack);
	CHECK_ERR(sud_upcall_install(tell, &o), EINVAL);
	/* The library's own calls in what is blocked: no handler could make one. */
	o = inheriting(0);
	o.mode = SUD_MODE_INCLUSIVE;
	o.offset = (uintptr_t)sud_raw_call;
	o.len = 1;
	CHECK_ERR(sud_upcall_install(tell, &o), EINVAL);
	CHECK_ERR(sud_upcall_install(NULL, &o), EINVAL);
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK(is_armed());
}

TEST(both, "from a handler of the thread's own to the process's, and back")
{
	install(note);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	sud_call_allow();
	install_inheriting(tell, 0);
	CHECK(is_armed());
	install(note);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	sud_call_allow();
	CHECK_OK(sud_upcall_remove());
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}
