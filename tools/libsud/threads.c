// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Arming and disarming all threads of a process from inside. A thread can be armed by
 * itself and by its tracer. Its own process cannot trace it, so each thread gets a
 * signal, in whose handler it calls SET itself.
 *
 * The signal is one that C libraries keep for themselves: programs do not use it, and
 * sigprocmask() of the C library does not block it. What comes of it that is not from
 * here goes on to the handler that was there.
 *
 * The module says which threads differ from the caller. Threads that are made meanwhile
 * by one that is in step are so, too; others are found as the module is asked again,
 * until it finds none.
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <time.h>

#include "internal.h"
#include "lock.h"

/* musl: SIGCANCEL; glibc: SIGSETXID */
#define SIGNAL 33
/* Of the kernel, which has other names for them. */
#define SA_RESTORER_FLAG 0x04000000UL
/* How long a thread may take, which may be in an uninterruptible sleep. */
#define LIMIT_MS 5000
#define STEP_MS 10
/* Threads that the module is asked for at a time. */
#define AT_ONCE 64
/*
 * How often the module is asked: threads may end before they answer and leave others, or
 * call SET with a configuration of their own.
 */
#define ROUNDS 10000

struct kernel_sigaction {
	void (*handler)(int sig, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/*
 * What one thread is asked for at a time. @state is the request's number above, and
 * one of these below, so that a signal that comes late finds another request.
 */
enum { ASKED, TAKEN, DONE, GIVEN_UP };
#define STATE(number, phase) ((number) << 2 | (phase))

static struct {
	uint32_t state;
	int fd;
	const struct sud_config *config;
	long result;
} request;

static struct kernel_sigaction before;
static int locked_by;

static long get_pid(void)
{
	return sud_raw_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static long futex(int op, uint32_t value, const struct timespec *timeout)
{
	return sud_raw_call(SYS_futex, (long)&request.state, op, value,
			    (long)timeout, 0, 0);
}

static long action(const struct kernel_sigaction *new,
		   struct kernel_sigaction *old)
{
	return sud_raw_call(SYS_rt_sigaction, SIGNAL, (long)new, (long)old, 8,
			    0, 0);
}

static void answer(uint32_t number)
{
	uint32_t asked = STATE(number, ASKED);

	if (!__atomic_compare_exchange_n(&request.state, &asked,
					 STATE(number, TAKEN), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	request.result = sud_device_set(request.fd, request.config);
	__atomic_store_n(&request.state, STATE(number, DONE), __ATOMIC_RELEASE);
	futex(FUTEX_WAKE_PRIVATE, 1, NULL);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	/* SIG_DFL and SIG_IGN are 0 and 1. */
	if (info->si_code == SI_QUEUE && info->si_pid == get_pid())
		answer(info->si_value.sival_int);
	else if ((uintptr_t)before.handler > 1)
		before.handler(sig, info, context);
}

/* Return: how many threads are to change, of which @tids holds some; or -errno. */
static long unsynced(int fd, int *tids)
{
	struct sud_unsynced args = {
		.size = sizeof(args),
		.tids = (uintptr_t)tids,
		.count = AT_ONCE,
	};
	long err = sud_raw_call(SYS_ioctl, fd, SUD_IOC_UNSYNCED, (long)&args, 0,
				0, 0);

	return err ? err : (long)args.count;
}

/* Has the thread ended? Or has it called SET itself? */
static bool no_more(int fd, int tid)
{
	int tids[AT_ONCE];
	long n = unsynced(fd, tids);

	while (n > 0)
		if (tids[--n] == tid)
			return false;
	return true;
}

/* Return: 0 when it has changed or ended, or -errno. */
static long ask(long pid, int tid, int fd, const struct sud_config *config)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };
	uint32_t number = (request.state >> 2) + 1;
	uint32_t asked = STATE(number, ASKED), state;
	siginfo_t info = { .si_code = SI_QUEUE };
	long err;

	info.si_pid = pid;
	info.si_value.sival_int = number;
	request.fd = fd;
	request.config = config;
	__atomic_store_n(&request.state, asked, __ATOMIC_RELEASE);
	for (int ms = 0;; ms += STEP_MS) {
		err = sud_raw_call(SYS_rt_tgsigqueueinfo, pid, tid, SIGNAL,
				   (long)&info, 0, 0);
		if (err != -EAGAIN || ms >= LIMIT_MS)
			break;
		futex(FUTEX_WAIT_PRIVATE, asked, &step);
	}
	if (err)
		return err == -ESRCH ? 0 : err;
	for (int ms = 0;; ms += STEP_MS) {
		state = __atomic_load_n(&request.state, __ATOMIC_ACQUIRE);
		if (state == STATE(number, DONE))
			return request.result;
		if (state == asked && ms &&
		    (ms >= LIMIT_MS || no_more(fd, tid)) &&
		    __atomic_compare_exchange_n(
			    &request.state, &state, STATE(number, GIVEN_UP),
			    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return ms >= LIMIT_MS ? -ETIMEDOUT : 0;
		futex(FUTEX_WAIT_PRIVATE, state, &step);
	}
}

static long ask_all(int fd, const struct sud_config *config)
{
	long pid = get_pid(), n, err;
	int tids[AT_ONCE];

	for (int round = 0; round < ROUNDS; round++) {
		n = unsynced(fd, tids);
		if (n <= 0)
			return n;
		for (int i = 0; i < n; i++) {
			err = ask(pid, tids[i], fd, config);
			if (err)
				return err;
		}
	}
	return -ETIMEDOUT;
}

long sud_threads_set(int fd, const struct sud_config *config)
{
	const struct kernel_sigaction ours = {
		.handler = on_signal,
		.flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK |
			 SA_RESTORER_FLAG,
		.restorer = sud_restorer,
	};
	struct kernel_sigaction now;
	long err;

	sud_lock(&locked_by, get_pid());
	err = sud_device_set(fd, config);
	if (!err)
		err = action(&ours, &before);
	if (!err) {
		err = ask_all(fd, config);
		/* Unless the C library has set its own meanwhile. */
		if (!action(NULL, &now) && now.handler == on_signal)
			action(&before, NULL);
	}
	sud_unlock(&locked_by);
	return err;
}
