// SPDX-License-Identifier: GPL-2.0-only
/* tools/libsud: channels, by which a supervisor answers without a system call. */
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>

#include <libsud.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/notify.h"
#include "lib/sites.h"

/* Fewer than there are threads that call. */
#define PLACES 4
#define THREADS 16
#define CALLS 100
#define SPINS 100

static struct sud_channel channel;

static void map_channel(void)
{
	CHECK_OK(sud_channel_map(&channel, sud_fd, PLACES, SPINS));
}

static long ask(struct sud_call *call)
{
	return sud_channel_ask(&channel, call, 77);
}

static unsigned int flags = SUD_UPCALL_NO_SELECTOR;

/* A child that is armed so, calls @fn, closes the channel and exits. */
static pid_t start_program(void (*fn)(void))
{
	pid_t pid = fork();

	CHECK_OK(pid);
	if (pid)
		return pid;
	map_channel();
	install_at(ask, flags, false);
	fn();
	sud_channel_close(&channel);
	_exit(0);
}

static void supervise(void (*fn)(void), sud_listener_handler handler)
{
	pid_t pid = start_program(fn);

	map_channel();
	sud_channel_run(&channel, handler, NULL);
	end_caller(pid);
}

static int handled;

static void sum(void *arg, const struct sud_notification *call,
		struct sud_answer *answer)
{
	(void)arg;
	__atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
	answer->result = call->regs.di + call->regs.si + call->regs.dx;
}

static void many_calls(void)
{
	for (int i = 0; i < CALLS; i++)
		CHECK_EQ(site_a(MAGIC_NR, i, getpid(), 1), i + getpid() + 1);
}

TEST(run, "calls are answered in another process")
{
	supervise(many_calls, sum);
	CHECK_EQ(handled, CALLS);
}

static void *thread_calls(void *arg)
{
	/* Each for itself: SUD_UPCALL_NO_SELECTOR is not inherited. */
	install_at(ask, flags, false);
	for (int i = 0; i < CALLS; i++)
		CHECK_EQ(site_a(MAGIC_NR, i, (long)arg, 0), i + (long)arg);
	return NULL;
}

static void call_in_threads(void)
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, thread_calls,
				      (void *)(i * 1000)));
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

TEST_LIMIT(threads, "16 threads share 4 places, and each gets its own answers",
	   false, 120)
{
	supervise(call_in_threads, sum);
	CHECK_EQ(handled, THREADS * CALLS);
}

static void *answer_calls(void *arg)
{
	sud_channel_run(&channel, sum, NULL);
	return arg;
}

TEST_LIMIT(supervisors, "two threads answer, and no call comes to both", false,
	   120)
{
	pid_t pid = start_program(call_in_threads);
	pthread_t thread;

	map_channel();
	CHECK(!pthread_create(&thread, NULL, answer_calls, NULL));
	sud_channel_run(&channel, sum, NULL);
	CHECK(!pthread_join(thread, NULL));
	end_caller(pid);
	CHECK_EQ(handled, THREADS * CALLS);
}

static struct sud_notification seen;

static void look(void *arg, const struct sud_notification *call,
		 struct sud_answer *answer)
{
	sum(arg, call, answer);
	seen = *call;
}

static void one_call(void)
{
	CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), 6);
}

TEST(call, "the supervisor finds what the call is")
{
	supervise(one_call, look);
	CHECK_EQ(seen.nr, MAGIC_NR);
	CHECK_EQ(seen.regs.ax, MAGIC_NR);
	CHECK_EQ(seen.regs.di, 1);
	CHECK_EQ(seen.regs.si, 2);
	CHECK_EQ(seen.regs.dx, 3);
	/* The program is a fork of this one. */
	CHECK_EQ(seen.regs.ip, (uintptr_t)site_a_ip);
	CHECK_EQ(seen.regs.cx, (uintptr_t)site_a_ip);
	CHECK_EQ(seen.regs.r11, seen.regs.flags);
	CHECK_EQ(seen.tid, 77);
	CHECK_EQ(seen.pid, 0);
	CHECK_EQ(seen.arch, 0xc000003e);
	CHECK_EQ(seen.cs, 0x33);
	CHECK(seen.id);
}

static void run_it(void *arg, const struct sud_notification *call,
		   struct sud_answer *answer)
{
	(void)arg;
	answer->flags = SUD_ANSWER_RUN;
	if (call->regs.si) {
		answer->flags |= SUD_ANSWER_REGS;
		answer->regs.ax = call->regs.si;
	}
}

static void call_natively(void)
{
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), getpid());
	CHECK_EQ(site_a(SYS_getpid, 0, SYS_getppid, 0), getppid());
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

TEST(native, "a call runs natively, or another one in its place")
{
	supervise(call_natively, run_it);
}

static void change_registers(void *arg, const struct sud_notification *call,
			     struct sud_answer *answer)
{
	(void)arg;
	(void)call;
	answer->flags = SUD_ANSWER_REGS;
	answer->regs.ax = 11;
	answer->regs.di += 22;
	answer->regs.r8 = 33;
	answer->regs.ip = (uintptr_t)site_b_ip;
}

static void look_at_registers(void)
{
	register long r8 asm("r8") = 3;
	long ax = MAGIC_NR, di = 20, bx = 5;

	/* The instruction of site_a; a return follows it, as it follows site_b's. */
	asm volatile("lea -128(%%rsp), %%rsp\n\t"
		     "call *%[instruction]\n\t"
		     "lea 128(%%rsp), %%rsp"
		     : "+a"(ax), "+D"(di), "+b"(bx), "+r"(r8)
		     : [instruction] "r"((uintptr_t)site_a_ip - 2)
		     : "rcx", "r11", "memory");
	CHECK_EQ(ax, 11);
	CHECK_EQ(di, 42);
	CHECK_EQ(bx, 5);
	CHECK_EQ(r8, 33);
}

TEST(registers, "the registers are the answer's, and the others as they were")
{
	supervise(look_at_registers, change_registers);
}

static void answer_nonsense(void *arg, const struct sud_notification *call,
			    struct sud_answer *answer)
{
	(void)arg;
	(void)call;
	answer->flags = 1U << 31 | SUD_ANSWER_RUN;
}

static void call_refused(void)
{
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), -EINVAL);
}

TEST(unknown_flag, "an answer with an unknown flag fails the call")
{
	supervise(call_refused, answer_nonsense);
}

static void vectors_stay(void)
{
	uint64_t in[2] = { 0x1122334455667788, 0x99aabbccddeeff00 }, out[4];

	asm volatile(
		"movups %[in], %%xmm0\n\t"
		"movups %[in], %%xmm15\n\t"
		"lea -128(%%rsp), %%rsp\n\t"
		"call *%[instruction]\n\t"
		"lea 128(%%rsp), %%rsp\n\t"
		"movups %%xmm0, %[out0]\n\t"
		"movups %%xmm15, %[out15]"
		: [out0] "=m"(out[0]), [out15] "=m"(out[2])
		: [in] "m"(in), [instruction] "r"((uintptr_t)site_a_ip - 2),
		  "a"(MAGIC_NR), "D"(1), "S"(2), "d"(3)
		: "rcx", "r11", "memory", "xmm0", "xmm15");
	CHECK_EQ(out[0], in[0]);
	CHECK_EQ(out[1], in[1]);
	CHECK_EQ(out[2], in[0]);
	CHECK_EQ(out[3], in[1]);
}

TEST(no_vectors, "the program's vector registers stay, without being saved")
{
	flags |= SUD_UPCALL_NO_VECTORS;
	supervise(vectors_stay, sum);
	CHECK_EQ(handled, 1);
}

static uint64_t ids[2];

/* The first call waits for the second one. */
static void answer_later(void *arg, const struct sud_notification *call,
			 struct sud_answer *answer)
{
	struct sud_answer first = { .id = ids[0], .result = 1 };

	(void)arg;
	ids[handled++] = call->id;
	answer->result = 2;
	if (handled == 1) {
		answer->id = 0;
		return;
	}
	CHECK(ids[0] != ids[1]);
	CHECK_OK(sud_channel_answer(&channel, &first));
	CHECK_ERR(sud_channel_answer(&channel, &first), ENOENT);
}

static void *first_thread(void *arg)
{
	install_at(ask, flags, false);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), 1);
	return arg;
}

static void call_twice(void)
{
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, first_thread, NULL));
	/* Until the first call is there. */
	usleep(200000);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), 2);
	CHECK(!pthread_join(thread, NULL));
}

TEST(later, "a call is answered later than one that came after it")
{
	supervise(call_twice, answer_later);
	CHECK_EQ(handled, 2);
}

TEST(no_such_call, "an answer for no call, or for an earlier one of its place")
{
	struct sud_answer answer = { .id = 0 };

	map_channel();
	CHECK_ERR(sud_channel_answer(&channel, &answer), ENOENT);
	answer.id = 1;
	CHECK_ERR(sud_channel_answer(&channel, &answer), ENOENT);
	answer.id = PLACES + 1;
	CHECK_ERR(sud_channel_answer(&channel, &answer), ENOENT);
	answer.id = -1;
	CHECK_ERR(sud_channel_answer(&channel, &answer), ENOENT);
}

static void never_answer(void *arg, const struct sud_notification *call,
			 struct sud_answer *answer)
{
	(void)arg;
	ids[0] = call->id;
	answer->id = 0;
	handled++;
}

static void call_for_nothing(void)
{
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), -ENOSYS);
	/* Later ones, too. */
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), -ENOSYS);
}

TEST(close,
     "a call that waits fails when the channel is closed, and later ones")
{
	pid_t pid = start_program(call_for_nothing);
	struct sud_answer late = { .result = 1 };

	map_channel();
	while (!handled)
		sud_channel_serve(&channel, never_answer, NULL);
	sud_channel_close(&channel);
	late.id = ids[0];
	CHECK_ERR(sud_channel_answer(&channel, &late), ENOENT);
	end_caller(pid);
}

static void call_in_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		install_at(ask, flags, false);
		CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), -ENOSYS);
		map_channel();
		one_call();
		_exit(0);
	}
	end_caller(pid);
	one_call();
}

TEST(fork, "a child has no channel until it maps it")
{
	supervise(call_in_child, sum);
	CHECK_EQ(handled, 2);
}

static volatile pid_t forked;

static void fork_once(int sig)
{
	(void)sig;
	forked = fork();
	CHECK_OK(forked);
}

static void call_beside_fork(void)
{
	struct itimerval soon = { .it_value = { 0, 100000 } };
	long result;

	signal(SIGALRM, fork_once);
	setitimer(ITIMER_REAL, &soon, NULL);
	result = site_a(MAGIC_NR, 1, 2, 3);
	if (!forked) {
		CHECK_EQ(result, -ENOSYS);
		_exit(0);
	}
	CHECK_EQ(result, 6);
	end_caller(forked);
}

static void sum_after_fork(void *arg, const struct sud_notification *call,
			   struct sud_answer *answer)
{
	usleep(500000);
	sum(arg, call, answer);
}

TEST(fork_meanwhile,
     "a call fails in the child of a signal handler that interrupted it")
{
	supervise(call_beside_fork, sum_after_fork);
	CHECK_EQ(handled, 1);
}

static volatile sig_atomic_t interruptions;

static void count_and_call(int sig)
{
	(void)sig;
	CHECK_EQ(site_a(MAGIC_NR, 100, 0, 0), 100);
	interruptions++;
}

static void call_beside_signals(void)
{
	struct itimerval often = { { 0, 3000 }, { 0, 3000 } }, never = {};
	double end = seconds() + 10;
	int i;

	signal(SIGALRM, count_and_call);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; interruptions < 50 && seconds() < end; i++)
		CHECK_EQ(site_a(MAGIC_NR, i, 0, 0), i);
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK(interruptions > 5);
}

TEST_LIMIT(signals,
	   "a signal handler calls while its thread waits for an answer", false,
	   60)
{
	supervise(call_beside_signals, sum);
}

TEST(arguments, "what cannot be mapped")
{
	struct sud_channel other;

	CHECK_ERR(sud_channel_map(&other, sud_fd, 0, 0), EINVAL);
	CHECK_ERR(sud_channel_map(&other, sud_fd, SUD_CHANNEL_PLACES_MAX + 1,
				  0),
		  EINVAL);
	CHECK_ERR(sud_channel_map(&other, -1, 1, 0), EBADF);
	map_channel();
	/* The same size, and another one. */
	CHECK_ERR(sud_channel_map(&other, sud_fd, PLACES - 1, 0), EINVAL);
	CHECK_ERR(sud_channel_map(&other, sud_fd, SUD_CHANNEL_PLACES_MAX, 0),
		  EINVAL);
	CHECK_OK(sud_channel_map(&other, sud_fd, PLACES, 0));
	CHECK_OK(sud_channel_unmap(&other));
	CHECK_OK(sud_channel_unmap(&channel));

	CHECK_OK(close(sud_fd));
	sud_fd = sud_open();
	CHECK_OK(sud_channel_map(&other, sud_fd, SUD_CHANNEL_PLACES_MAX, 0));
	CHECK_OK(sud_channel_unmap(&other));
}
