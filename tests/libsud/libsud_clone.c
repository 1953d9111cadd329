// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/libsud and the guest's threads and processes.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>

#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

static __thread long mine;

static long add_mine(struct sud_call *call)
{
	spoil();
	return call->rdi + mine;
}

static void *worker(void *arg)
{
	char *stack = NULL;
	struct sud_options o = at_site_a(0, false);

	mine = (long)arg;
	/* A new thread is off. */
	sud_call_block();
	if (site_a(MAGIC_NR, 1, 0, 0) != -ENOSYS)
		return "armed at birth";
	sud_call_allow();
	if (mine & 1) {
		stack = malloc(65536);
		o.stack = stack;
		o.stack_size = 65536;
	}
	if (sud_upcall_install(add_mine, &o))
		return "no install";
	sud_call_block();
	for (int i = 0; i < 20000; i++) {
		if (site_a(MAGIC_NR, i, 0, 0) != i + mine)
			return "wrong result";
		if (i % 1000 == 0)
			sched_yield();
	}
	sud_call_allow();
	if (sud_upcall_remove())
		return "no remove";
	if (site_a(MAGIC_NR, 1, 0, 0) != -ENOSYS)
		return "still armed";
	free(stack);
	return NULL;
}

TEST_LIMIT(threads, "eight threads, each with its own", false, 60)
{
	pthread_t t[8];

	install(add_mine);
	for (long i = 0; i < 8; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, worker,
					(void *)((i + 1) * 1000001)),
			 0);
	for (int i = 0; i < 8; i++) {
		void *why;

		CHECK_EQ(pthread_join(t[i], &why), 0);
		if (why)
			FAIL("thread %d: %s", i, (char *)why);
	}
	mine = 5;
	CHECK_EQ(site_a(MAGIC_NR, 1, 0, 0), 6);
}

/* The whole program's calls, those of pthread_create and fork included. */
static void *thread_of_guest(void *arg)
{
	/* Off, so this is native although the selector may say BLOCK. */
	return site_a(MAGIC_NR, 0, 0, 0) == -ENOSYS ? arg : NULL;
}

static void check_clone(const struct sud_options *o)
{
	CHECK_OK(sud_upcall_install(pass_or_note, o));
	for (int i = 0; i < 50; i++) {
		pthread_t t;
		void *r;

		sud_call_block();
		int err =
			pthread_create(&t, NULL, thread_of_guest, guest_stack);

		err = err ? err : pthread_join(t, &r);
		CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
		CHECK_EQ(err, 0);
		CHECK(r == guest_stack);
	}
	for (int i = 0; i < 10; i++) {
		int status = -1;

		sud_call_block();
		pid_t pid = fork();

		if (!pid)
			_exit(site_a(MAGIC_NR, 0, 0, 0) == -ENOSYS ? 3 : 4);
		waitpid(pid, &status, 0);
		sud_call_allow();
		CHECK_EQ(status, 3 << 8);
		sud_call_block();
		pid = vfork();
		if (!pid)
			_exit(5);
		waitpid(pid, &status, 0);
		sud_call_allow();
		CHECK_EQ(status, 5 << 8);
		sud_call_block();
		/* clone() with a stack and shared memory, and vfork's wait. */
		status = system("exit 6");
		sud_call_allow();
		CHECK(status == 6 << 8 || status == 127 << 8);
	}
	sud_call_block();
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	sud_call_allow();
}

TEST_LIMIT(clone, "the guest makes threads and processes, which are off", false,
	   60)
{
	struct sud_options o = { .mode = SUD_MODE_EXCLUSIVE };

	check_clone(NULL);
	o.stack = guest_stack;
	o.stack_size = sizeof(guest_stack);
	check_clone(&o);
}

/* Clones by hand: the child must find its registers, and its own stack. */
static char child_stack[65536] __attribute__((aligned(64)));
static volatile uint64_t child_regs[5];
static volatile int child_done;

static void child_main(void)
{
	child_done = 1;
	syscall(SYS_exit, 0);
}

static long guest_clone(long nr, uint64_t *a, uint64_t *b)
{
	register uint64_t r10 asm("r10") = 0;
	register uint64_t r8 asm("r8") = 0;
	register uint64_t r12 asm("r12") = (uintptr_t)child_regs;
	register uint64_t r13 asm("r13") = (uintptr_t)child_main;
	long ret;

	asm volatile("movq $0x7777, %%rbx\n\t"
		     "movq %%rbx, %%xmm9\n\t"
		     "syscall\n\t"
		     "testq %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "movq %%rsp, (%%r12)\n\t"
		     "movq %%rbx, 8(%%r12)\n\t"
		     "movq %%rdi, 16(%%r12)\n\t"
		     "movq %%rsi, 24(%%r12)\n\t"
		     "movq %%xmm9, 32(%%r12)\n\t"
		     "call *%%r13\n\t"
		     "ud2\n"
		     "1:"
		     : "=a"(ret), "+D"(*a), "+S"(*b)
		     : "0"(nr), "d"(0L), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
		     : "rbx", "rcx", "r11", "xmm9", "cc", "memory");
	return ret;
}

static void clone_by_hand(long nr, uint64_t a, uint64_t b)
{
	uint64_t top = (uintptr_t)child_stack + sizeof(child_stack);
	long ret;

	child_done = 0;
	sud_call_block();
	ret = guest_clone(nr, &a, &b);
	CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
	if (ret <= 0)
		FAIL("clone: %ld", ret);
	CHECK_EQ(waitpid(ret, NULL, 0), ret);
	CHECK_EQ(child_done, 1);
	CHECK_EQ(child_regs[0], top);
	CHECK_EQ(child_regs[1], 0x7777);
	CHECK_EQ(child_regs[2], a);
	CHECK_EQ(child_regs[3], b);
	CHECK_EQ(child_regs[4], 0x7777);
}

TEST(clone_raw, "clone and clone3 with a stack: the child has its registers")
{
	uint64_t args[11] = {
		CLONE_VM,	    0, 0, 0, SIGCHLD, (uintptr_t)child_stack,
		sizeof(child_stack)
	};

	CHECK_OK(sud_upcall_install(pass_or_note, NULL));
	for (int i = 0; i < 20; i++) {
		clone_by_hand(SYS_clone, CLONE_VM | SIGCHLD, args[5] + args[6]);
		clone_by_hand(SYS_clone3, (uintptr_t)args, sizeof(args));
	}
	CHECK_EQ(args[6], sizeof(child_stack));
}

TEST(fork_again, "a forked child installs for itself")
{
	int status;

	install(note);
	pid_t pid = fork();

	if (!pid) {
		install(note);
		_exit(site_a(MAGIC_NR, 0, 0, 0) == RESULT ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
}
