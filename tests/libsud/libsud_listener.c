// SPDX-License-Identifier: GPL-2.0-only
/* tools/libsud: a supervisor's loop, and the memory of those that it answers. */
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <libsud.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/notify.h"
#include "lib/sites.h"

/* The callers have their own /dev/sud. Without this one, the loop ends with them. */
static void run_to_end(sud_listener_handler handler)
{
	close(sud_fd);
	CHECK_OK(sud_listener_run(listener, handler, NULL));
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

static int handled;

static void sum(void *arg, const struct sud_notification *call,
		struct sud_answer *answer)
{
	(void)arg;
	handled++;
	answer->result = call->regs.di + call->regs.si + call->regs.dx;
}

#define CALLERS 20
#define ROUNDS 200

static void many_calls(void)
{
	for (int i = 0; i < ROUNDS; i++)
		CHECK_EQ(site_a(MAGIC_NR, i, getpid(), 1), i + getpid() + 1);
}

TEST(run, "20 processes get their own answers until the last one has ended")
{
	pid_t pids[CALLERS];

	start_listener(0);
	for (int i = 0; i < CALLERS; i++)
		pids[i] = start_caller(many_calls);
	run_to_end(sum);
	CHECK_EQ(handled, CALLERS * ROUNDS);
	for (int i = 0; i < CALLERS; i++)
		end_caller(pids[i]);
}

static void one_call(void)
{
	CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), 6);
}

#define BATCH 16

static uint64_t ids[BATCH];

static uint64_t notifications(void)
{
	struct sud_status status;

	CHECK_OK(sud_status(sud_fd, &status));
	return status.notifies;
}

/* At the last of them, all others are taken and not answered. */
static void check_together(void *arg, const struct sud_notification *call,
			   struct sud_answer *answer)
{
	sum(arg, call, answer);
	ids[handled - 1] = call->id;
	if (handled == BATCH)
		for (int i = 0; i < handled; i++)
			CHECK_OK(sud_call_valid(listener, ids[i]));
}

TEST(together, "16 calls that wait are taken at once, and answered at once")
{
	uint64_t counted = notifications();
	pid_t pids[BATCH];

	start_listener(0);
	for (int i = 0; i < BATCH; i++)
		pids[i] = start_caller(one_call);
	while (notifications() < counted + BATCH)
		sleep_ms(1);
	for (int i = 0; i < BATCH; i++)
		wait_asleep(pids[i]);
	run_to_end(check_together);
	CHECK_EQ(handled, BATCH);
	for (int i = 0; i < BATCH; i++)
		end_caller(pids[i]);
}

static volatile int ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void slow_calls(void)
{
	for (int i = 0; i < 20; i++) {
		sleep_ms(10);
		CHECK_EQ(site_a(MAGIC_NR, i, 0, 0), i);
	}
}

TEST(interrupted, "signals to the supervisor lose no answer, and do not end it")
{
	struct itimerval each = { { 0, 3000 }, { 0, 3000 } };
	struct sigaction sa = { .sa_handler = on_tick };
	pid_t pid;

	start_listener(0);
	pid = start_caller(slow_calls);
	CHECK_OK(sigaction(SIGALRM, &sa, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &each, NULL));
	run_to_end(sum);
	memset(&each, 0, sizeof(each));
	CHECK_OK(setitimer(ITIMER_REAL, &each, NULL));
	CHECK(ticks > 10);
	CHECK_EQ(handled, 20);
	end_caller(pid);
}

static pid_t victim;

/* The first of the batch dies before the answers are given. */
static void kill_victim(void *arg, const struct sud_notification *call,
			struct sud_answer *answer)
{
	sum(arg, call, answer);
	if (call->pid != victim)
		return;
	CHECK_OK(kill(victim, SIGKILL));
	caller_died(victim, SIGKILL);
}

TEST(died, "a caller that dies while its call is handled is no other's affair")
{
	pid_t other;

	start_listener(0);
	victim = start_caller(many_calls);
	other = start_caller(many_calls);
	run_to_end(kill_victim);
	CHECK_EQ(handled, ROUNDS + 1);
	end_caller(other);
}

static void default_calls(void)
{
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(site_a(SYS_getppid, 1, 0, 0), getppid());
	CHECK_EQ(site_a(MAGIC_NR, 2, 0, 0), 4711);
	CHECK_EQ(site_a(MAGIC_NR, 3, 0, 0), -EINVAL);
	CHECK_EQ(site_a(MAGIC_NR, 4, 0, 0), -EINVAL);
	CHECK_EQ(site_a(MAGIC_NR, 5, 0, 0), 5);
}

static void each_default(void *arg, const struct sud_notification *call,
			 struct sud_answer *answer)
{
	(void)arg;
	CHECK_EQ(answer->id, call->id);
	switch (call->regs.di) {
	case 1:
		answer->flags = SUD_ANSWER_RUN;
		break;
	case 2:
		answer->flags = SUD_ANSWER_REGS;
		answer->regs.ax = 4711;
		break;
	case 3:
		answer->flags = SUD_ANSWER_REGS;
		answer->regs.ip = 1ULL << 63;
		break;
	case 4:
		answer->flags = 1U << 31;
		break;
	case 5:
		answer->result = 5;
		break;
	}
}

TEST(defaults,
     "unless told otherwise it is ENOSYS, with the call's registers; refused, EINVAL")
{
	pid_t pid;

	start_listener(0);
	pid = start_caller(default_calls);
	run_to_end(each_default);
	end_caller(pid);
}

static struct sud_notification kept;

/* The first call is answered as the second one comes. */
static void keep_first(void *arg, const struct sud_notification *call,
		       struct sud_answer *answer)
{
	sum(arg, call, answer);
	if (handled == 1) {
		kept = *call;
		answer->id = 0;
		return;
	}
	CHECK(call->pid != kept.pid);
	CHECK_OK(sud_call_valid(listener, kept.id));
	answer_by(&kept, SUD_ANSWER_RUN);
}

static void none_then_late(void)
{
	CHECK_EQ(site_a(SYS_getppid, 0, 0, 0), getppid());
}

static void after_the_first(void)
{
	sleep_ms(200);
	one_call();
}

TEST(later, "a call whose handler gives no answer waits until somebody does")
{
	pid_t first, second;

	start_listener(0);
	first = start_caller(none_then_late);
	second = start_caller(after_the_first);
	run_to_end(keep_first);
	CHECK_EQ(handled, 2);
	end_caller(first);
	end_caller(second);
}

TEST(nonblock, "with O_NONBLOCK it answers what is there, and says EAGAIN")
{
	pid_t pid;

	start_listener(0);
	CHECK_OK(fcntl(listener, F_SETFL, O_NONBLOCK));
	CHECK_ERR(sud_listener_run(listener, sum, NULL), EAGAIN);
	pid = start_caller(one_call);
	wait_asleep(pid);
	CHECK_ERR(sud_listener_run(listener, sum, NULL), EAGAIN);
	CHECK_EQ(handled, 1);
	end_caller(pid);
	CHECK_ERR(sud_listener_run(sud_fd, sum, NULL), ENOTTY);
	CHECK_ERR(sud_listener_run(-1, sum, NULL), EBADF);
}

/* Two pages, of which the second one is not there; the caller has the same. */
static char *pages;

static void map_pages(void)
{
	pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(pages != MAP_FAILED);
	CHECK_OK(munmap(pages + 4096, 4096));
	memset(pages, 'p', 4096);
}

static void give_memory(void)
{
	memset(pages, 'c', 4096);
	strcpy(pages + 100, "a string");
	strcpy(pages + 4096 - 4, "end");
	CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), 6);
	CHECK(!memcmp(pages + 200, "cwrittenc", 9));
}

TEST(memory, "the caller's memory is read and written, and ends where it ends")
{
	struct sud_notification call;
	char buffer[64];
	uint64_t at;
	pid_t pid;

	start_listener(0);
	map_pages();
	pid = start_caller(give_memory);
	call = take_call();
	at = (uintptr_t)pages;

	CHECK_OK(sud_listener_read(listener, &call, at + 98, buffer, 6));
	CHECK(!memcmp(buffer, "cca st", 6));
	CHECK_OK(sud_listener_read(listener, &call, at + 4092, buffer, 4));
	CHECK(!memcmp(buffer, "end", 4));
	CHECK_ERR(sud_listener_read(listener, &call, at + 4092, buffer, 5),
		  EFAULT);
	CHECK_ERR(sud_listener_read(listener, &call, 0, buffer, 1), EFAULT);
	CHECK_ERR(sud_listener_read(listener, &call, ~0ULL, buffer, 8), EFAULT);
	CHECK_OK(sud_listener_read(listener, &call, 0, buffer, 0));

	CHECK_EQ(sud_listener_read_string(listener, &call, at + 100, buffer, 9),
		 8);
	CHECK(!strcmp(buffer, "a string"));
	CHECK_ERR(sud_listener_read_string(listener, &call, at + 100, buffer,
					   8),
		  ENAMETOOLONG);
	CHECK_ERR(sud_listener_read_string(listener, &call, at, buffer, 0),
		  ENAMETOOLONG);
	CHECK_EQ(sud_listener_read_string(listener, &call, at + 4092, buffer,
					  sizeof(buffer)),
		 3);
	CHECK(!strcmp(buffer, "end"));
	CHECK_ERR(sud_listener_read_string(listener, &call, at + 4096, buffer,
					   sizeof(buffer)),
		  EFAULT);

	CHECK_OK(sud_listener_write(listener, &call, at + 201, "written", 7));
	CHECK_ERR(sud_listener_write(listener, &call, at + 4096, "w", 1),
		  EFAULT);
	CHECK_ERR(sud_listener_write(listener, &call, ~0ULL - 4, "w", 1),
		  EFAULT);
	/* Ours is not theirs. */
	CHECK_EQ(pages[201], 'p');
	answer(&call, 6);
	end_caller(pid);
}

static void check_gone(const struct sud_notification *call)
{
	char buffer[8];

	CHECK_ERR(sud_listener_read(listener, call, (uintptr_t)pages, buffer,
				    8),
		  ENOENT);
	CHECK_ERR(sud_listener_read_string(listener, call, (uintptr_t)pages,
					   buffer, 8),
		  ENOENT);
	CHECK_ERR(sud_listener_write(listener, call, (uintptr_t)pages, "w", 1),
		  ENOENT);
}

static void two_calls(void)
{
	pages[0] = 'c';
	one_call();
	one_call();
	CHECK_EQ(pages[0], 'c');
}

TEST(gone, "of a call that waits no more nothing is read or written: ENOENT")
{
	struct sud_notification call, second;
	pid_t pid;

	start_listener(0);
	map_pages();
	pid = start_caller(two_calls);
	call = take_call();
	answer(&call, 6);
	/* The thread is there, its memory too, and another call of it waits. */
	second = take_call();
	check_gone(&call);
	answer(&second, 6);
	end_caller(pid);
	check_gone(&second);

	pid = start_caller(two_calls);
	call = take_call();
	CHECK_OK(kill(pid, SIGKILL));
	caller_died(pid, SIGKILL);
	check_gone(&call);
}

/* Another process, with the same memory at the same place and that number. */
static pid_t take_number(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&pid,
				   .set_tid_size = 1 };
	pid_t other = syscall(SYS_clone3, &args, sizeof(args));

	CHECK_OK(other);
	if (other)
		return other;
	for (;;)
		pause();
}

TEST(number,
     "nothing of a process that took over the number is read or written")
{
	struct sud_notification call;
	struct iovec to, from;
	pid_t pid, other;
	char byte;

	start_listener(0);
	map_pages();
	pid = start_caller(two_calls);
	call = take_call();
	CHECK_OK(kill(pid, SIGKILL));
	caller_died(pid, SIGKILL);
	other = take_number(pid);
	CHECK_EQ(other, pid);
	check_gone(&call);

	/* Its memory could have been had. */
	to = (struct iovec){ &byte, 1 };
	from = (struct iovec){ pages, 1 };
	CHECK_EQ(process_vm_readv(call.tid, &to, 1, &from, 1, 0), 1);
	CHECK_EQ(byte, 'p');
	CHECK_OK(kill(other, SIGKILL));
	caller_died(other, SIGKILL);
}

static void as_nobody(void)
{
	struct sud_notification call;
	char buffer[8];

	CHECK_OK(setuid(65534));
	call = take_call();
	CHECK_ERR(sud_listener_read(listener, &call, (uintptr_t)pages, buffer,
				    8),
		  EPERM);
	CHECK_ERR(sud_listener_read_string(listener, &call, (uintptr_t)pages,
					   buffer, 8),
		  EPERM);
	CHECK_ERR(sud_listener_write(listener, &call, (uintptr_t)pages, "w", 1),
		  EACCES);
	answer(&call, 6);
}

TEST(other_user,
     "another user's supervisor answers, but has none of the memory")
{
	pid_t pid;

	start_listener(0);
	map_pages();
	pid = start_caller(one_call);
	CHECK_EQ(in_child(as_nobody), 0);
	end_caller(pid);
}
