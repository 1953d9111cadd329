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
 * Threads that are made meanwhile by one that is armed are armed. Others are found as
 * the list of threads is read again, until it holds none that has to change.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "internal.h"
#include "lock.h"

/* musl: SIGCANCEL; glibc: SIGSETXID */
#define SIGNAL 33
/* Of the kernel, which has other names for them. */
#define SA_RESTORER_FLAG 0x04000000UL
#define MOST_THREADS (4 << 20) /* PID_MAX_LIMIT */
/* How long a thread may take, which may be in an uninterruptible sleep. */
#define LIMIT_MS 5000
#define STEP_MS 10
/* Where threads end before they answer, so many lists without one that is wrong. */
#define QUIET 20

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
	long result; /* or 1: the thread was not so already */
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

static long set(int fd, const struct sud_config *config)
{
	struct sud_config old = { .size = sizeof(old) };
	long err;

	sud_raw_call(SYS_ioctl, fd, SUD_IOC_GET, (long)&old, 0, 0, 0);
	err = sud_device_set(fd, config);
	if (err)
		return err;
	return old.mode != config->mode || old.offset != config->offset ||
	       old.len != config->len || old.flags != config->flags ||
	       old.upcall_entry != config->upcall_entry;
}

static void answer(uint32_t number)
{
	uint32_t asked = STATE(number, ASKED);

	if (!__atomic_compare_exchange_n(&request.state, &asked,
					 STATE(number, TAKEN), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	request.result = set(request.fd, request.config);
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

/* "/proc/self/task/TID/stat": is the thread past its exit, or not there? */
static bool gone(int tid)
{
	char path[48] = "/proc/self/task/", text[256], *p = path + 16;
	long fd, n;

	for (int digit = 1000000000; digit; digit /= 10)
		if (tid >= digit)
			*p++ = '0' + tid / digit % 10;
	for (const char *stat = "/stat"; (*p = *stat); stat++)
		p++;
	fd = sud_raw_call(SYS_open, (long)path, O_RDONLY | SUD_O_CLOEXEC, 0, 0,
			  0, 0);
	if (fd < 0)
		return fd == -ENOENT;
	n = sud_raw_call(SYS_read, fd, (long)text, sizeof(text), 0, 0, 0);
	sud_device_close(fd);
	/* The name, in parentheses, may hold parentheses; no more of them follow. */
	while (n > 2 && text[n - 1] != ')')
		n--;
	return n <= 0 || text[n + 1] == 'Z' || text[n + 1] == 'X';
}

/* A thread has ended before it answered, and may have made others. */
static bool missed;

static long miss(void)
{
	missed = true;
	return 0;
}

/* Return: 1, 0 when it was so already or the thread has exited, or -errno. */
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
		return err == -ESRCH ? miss() : err;
	for (int ms = 0;; ms += STEP_MS) {
		state = __atomic_load_n(&request.state, __ATOMIC_ACQUIRE);
		if (state == STATE(number, DONE))
			return request.result;
		if (state == asked && (ms >= LIMIT_MS || gone(tid)) &&
		    __atomic_compare_exchange_n(
			    &request.state, &state, STATE(number, GIVEN_UP),
			    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return ms >= LIMIT_MS ? -ETIMEDOUT : miss();
		futex(FUTEX_WAIT_PRIVATE, state, &step);
	}
}

struct entry {
	uint64_t ino, off;
	uint16_t len;
	unsigned char type;
	char name[];
};

static int number_of(const char *name)
{
	int n = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		n = n * 10 + *name - '0';
	return n;
}

/* Asks those that are not in @asked yet. Return: how many had to change, or -errno. */
static long ask_new(unsigned char *asked, int fd,
		    const struct sud_config *config)
{
	char buffer[1024] __attribute__((aligned(8)));
	long dir, n, did = 0, count = 0, pid = get_pid();

	dir = sud_raw_call(SYS_open, (long)"/proc/self/task",
			   O_RDONLY | O_DIRECTORY | SUD_O_CLOEXEC, 0, 0, 0, 0);
	if (dir < 0)
		return dir;
	while (did >= 0 && (n = sud_raw_call(SYS_getdents64, dir, (long)buffer,
					     sizeof(buffer), 0, 0, 0)) > 0) {
		for (long at = 0; at < n && did >= 0;) {
			struct entry *e = (struct entry *)(buffer + at);
			int tid = number_of(e->name);

			at += e->len;
			if (!tid || tid >= MOST_THREADS ||
			    asked[tid / 8] & 1 << tid % 8)
				continue;
			asked[tid / 8] |= 1 << tid % 8;
			did = ask(pid, tid, fd, config);
			count += did;
		}
	}
	sud_device_close(dir);
	return did < 0 ? did : n < 0 ? n : count;
}

static long ask_all(int fd, const struct sud_config *config)
{
	long tid = sud_raw_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
	long map = sud_raw_call(SYS_mmap, 0, MOST_THREADS / 8,
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
				0);
	unsigned char *asked = (unsigned char *)map;
	int quiet = 0;
	long n;

	if (map < 0 && map > -4096)
		return map;
	asked[tid / 8] |= 1 << tid % 8;
	do {
		missed = false;
		n = ask_new(asked, fd, config);
		quiet = n ? 0 : quiet + 1;
	} while (n > 0 || (!n && missed && quiet < QUIET));
	sud_raw_call(SYS_munmap, map, MOST_THREADS / 8, 0, 0, 0, 0);
	return n;
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
