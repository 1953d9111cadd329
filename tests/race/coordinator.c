// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts everybody and starts them again, kills, stops, watches that all get on;
 * and in rounds, when all workers are gone, unloads the module and loads it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "race.h"

/* How long a thread may take for one step, on a slow machine. */
#define PATIENCE_MS 90000
#define TICK_US 4000
#define DEBUGFS "/sys/kernel/debug/"

static u64 rng;

static u32 choose(u32 n)
{
	rng += 0x9e3779b97f4a7c15;
	return (mix(rng) >> 32) % n;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

long module_load(const char *params)
{
	int fd = open("/lib/sud.ko", O_RDONLY | O_CLOEXEC);
	long err = sys(SYS_finit_module, fd, params, 0);

	close(fd);
	return err;
}

long module_unload(void)
{
	return sys(SYS_delete_module, "sud", O_NONBLOCK);
}

static const char *load_params(void)
{
	return sh->prctl ? "prctl=1" : "";
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		printf("# %s: %s\n", path, strerror(errno));
	close(fd);
}

/*
 * A debug kernel's fault injection: by fail-nth, silently, for all of ours. But not
 * for pages of user memory, which fault.c may have asked for: the kernel kills a
 * thread by SIGSEGV when it cannot write its struct rseq on the way back to it.
 */
static void faults_init(void)
{
	/* fail_futex: a thread that is killed wakes its waiters as it exits. */
	static const char *const kinds[] = { "failslab", "fail_page_alloc",
					     "fail_usercopy", "fail_futex" };
	char path[100];

	sh->nth = !access("/proc/self/fail-nth", W_OK);
	if (!sh->nth)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s/verbose", kinds[i]);
		write_file(path, "0");
		snprintf(path, sizeof(path), DEBUGFS "%s/ignore-gfp-wait",
			 kinds[i]);
		write_file(path, "N");
	}
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "Y");
	write_file(DEBUGFS "fail_page_alloc/min-order", "0");
}

static void start(struct slot *slot)
{
	pid_t pid;

	slot->gen++;
	slot->killable = 0;
	slot->stepped = false;
	memset((void *)slot->beat, 0, sizeof(slot->beat));
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		failure("fork", errno, 0, slot);
		return;
	}
	/* Whoever is first. The child's 0 must not be seen: a free slot. */
	slot->pid = pid ?: getpid();
	if (pid)
		return;
	switch (slot->role) {
	case R_WORKER:
		worker(slot);
	case R_TRACER:
		tracer(slot);
	case R_FTRACE:
		ftrace(slot);
	default:
		bystander(slot);
	}
}

/* What may be left of a slot's process group goes, too. */
static void ended(struct slot *slot, int status)
{
	kill(-slot->pid, SIGKILL);
	slot->pid = 0;
	if (slot->role == R_WORKER)
		count(life);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99 && failed())
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP && slot->stepped)
		return;
	failure("a process has a wait status that it may not have", status, 0,
		slot);
}

/* Return: is anybody left? */
static bool reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		for (int i = 0; i < SLOTS; i++)
			if (sh->slots[i].pid == pid)
				ended(&sh->slots[i], status);
	return pid == 0;
}

static bool permanent(const struct slot *slot)
{
	return slot->role == R_FTRACE || slot->role == R_BYSTANDER;
}

static bool quiet(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (sh->slots[i].pid && !permanent(&sh->slots[i]))
			return false;
	return true;
}

/* Does every thread get on? */
static void watch(long now)
{
	static struct {
		u64 moves;
		long since;
		int pid;
	} last[SLOTS][MAX_THREADS];

	for (int i = 0; i < SLOTS; i++) {
		struct slot *slot = &sh->slots[i];

		for (int t = 0; t < MAX_THREADS; t++) {
			struct beat *b = &slot->beat[t];
			typeof(&last[0][0]) l = &last[i][t];

			if (l->pid != slot->pid || l->moves != b->moves ||
			    !slot->pid || !b->tid) {
				l->pid = slot->pid;
				l->moves = b->moves;
				l->since = now;
			} else if (now - l->since > PATIENCE_MS &&
				   !(slot->role == R_TRACER && t) &&
				   b->op != op_find("end")) {
				failure("a thread does not get on",
					now - l->since, PATIENCE_MS, slot);
				sh->failure.thread = t;
			}
		}
	}
}

/* Signals for anybody, and death. */
static void disturb(void)
{
	struct slot *slot = &sh->slots[choose(sh->workers)];
	struct beat *b = &slot->beat[choose(sh->threads)];
	static struct slot *stopped;
	int killable = 1;

	if (stopped && choose(4) == 0) {
		if (stopped->pid)
			kill(stopped->pid, SIGCONT);
		stopped = NULL;
	}
	if (slot->pid && b->tid && choose(2)) {
		sys(SYS_tgkill, slot->pid, b->tid, SIGUSR1);
		count(usr1);
	}
	if (slot->pid && choose(200) == 0) {
		kill(slot->pid, SIGKILL);
		count(kill_worker);
	}
	if (slot->pid && choose(150) == 0 && !stopped) {
		kill(slot->pid, SIGSTOP);
		stopped = slot;
		count(stop);
	}
	slot = &sh->slots[MAX_WORKERS + choose(TRACERS)];
	if (choose(10) == 0 && slot->pid &&
	    __atomic_compare_exchange_n(&slot->killable, &killable, 2, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		kill(slot->pid, SIGKILL);
		count(kill_tracer);
	}
}

static void try_unload(void)
{
	long err = module_unload();

	if (err == -EWOULDBLOCK || err == -EBUSY) {
		count(refused_unload);
		return;
	}
	if (err) {
		failure("delete_module", err, -EWOULDBLOCK, NULL);
		return;
	}
	/* Nobody had it open. */
	err = module_load(load_params());
	if (err)
		failure("finit_module", err, 0, NULL);
	count(load);
}

/* A thread that is armed, with no descriptor open, holds the module. */
static void pinned(void)
{
	int status, fds[2];
	char c;
	pid_t pid;

	if (pipe(fds))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		static volatile u8 selector;
		int fd = sud_open();

		if (fd < 0 || sud_arm(fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector))
			_exit(1);
		close(fd);
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	if (read(fds[0], &c, 1) != 1) {
		failure("arming", 0, 0, NULL);
	} else {
		long err = module_unload();

		if (err != -EWOULDBLOCK)
			failure("delete_module with an armed thread", err,
				-EWOULDBLOCK, NULL);
		count(refused_unload);
	}
	close(fds[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static int references(void)
{
	char refs[16];

	read_file("/sys/module/sud/refcnt", refs, sizeof(refs));
	return atoi(refs);
}

/* All workers are gone: nothing may hold the module any more. */
static void reload(bool with_prctl)
{
	long err;

	/* Orphans of those that were killed go in a moment. */
	for (int ms = 0; references() && ms < 20000; ms += 5) {
		reap();
		usleep(5000);
	}
	if (!references())
		pinned();
	if (references()) {
		failure("references to the module without a user", references(),
			0, NULL);
		return;
	}
	err = module_unload();
	if (err) {
		failure("delete_module", err, 0, NULL);
		return;
	}
	usleep(choose(20000));
	sh->prctl = with_prctl;
	err = module_load(load_params());
	if (err)
		failure("finit_module", err, 0, NULL);
	count(load);
}

/* Everybody ends by himself, or not at all. */
static bool wait_for_all(bool (*done)(void))
{
	long from = now_ms();

	while (reap(), !done()) {
		if (now_ms() - from > PATIENCE_MS) {
			for (int i = 0; i < SLOTS; i++)
				if (sh->slots[i].pid && !failed()) {
					failure("the end of a round is not reached",
						0, 0, &sh->slots[i]);
				}
			return false;
		}
		/* A stopped worker ends no more, nor does its tracer. */
		for (int i = 0; i < MAX_WORKERS; i++)
			if (sh->slots[i].pid)
				kill(sh->slots[i].pid, SIGCONT);
		if (!failed())
			watch(now_ms());
		usleep(TICK_US);
	}
	return true;
}

static bool all_gone(void)
{
	return !reap();
}

static void round_of(long until)
{
	long now;

	sh->quiesce = 0;
	while ((now = now_ms()) < until && !sh->stop) {
		reap();
		for (int i = 0; i < SLOTS && !sh->stop; i++)
			if (sh->slots[i].role && !sh->slots[i].pid)
				start(&sh->slots[i]);
		disturb();
		parent_asks(&sh->slots[choose(sh->workers)],
			    choose(sh->threads));
		if (choose(100) == 0)
			try_unload();
		watch(now);
		usleep(TICK_US);
	}
	sh->quiesce = 1;
	if (sh->stop)
		return;
	if (wait_for_all(quiet))
		reload(choose(3) == 0);
}

int coordinate(long seconds)
{
	long end = now_ms() + seconds * 1000;
	struct rlimit no_core = { 0, 0 };
	char prctl_was[4];
	bool first_prctl;

	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	faults_init();
	rng = mix(sh->seed);
	read_file("/sys/module/sud/parameters/prctl", prctl_was,
		  sizeof(prctl_was));
	first_prctl = prctl_was[0] == '1';
	sh->prctl = first_prctl;
	for (int i = 0; i < sh->workers; i++)
		sh->slots[i].role = R_WORKER;
	for (int i = 0; i < TRACERS; i++)
		sh->slots[MAX_WORKERS + i].role = R_TRACER;
	sh->slots[SLOTS - 1].role = R_FTRACE;
	sh->slots[SLOTS - 2].role = R_BYSTANDER;
	sh->slots[SLOTS - 3].role = R_BYSTANDER;

	while (!sh->stop && now_ms() < end)
		round_of(now_ms() + 2000 + choose(6000));
	sh->stop = 1;
	if (!failed())
		wait_for_all(all_gone);
	if (failed()) {
		print_failure();
		/* One of them has tracers to switch off. */
		for (int ms = 0; sh->slots[SLOTS - 1].pid && ms < 10000; ms++) {
			reap();
			usleep(1000);
		}
		for (int i = 0; i < SLOTS; i++)
			if (sh->slots[i].pid)
				kill(-sh->slots[i].pid, SIGKILL);
	}
	/* Who comes next expects it so, also after a failure. */
	if (sh->prctl != first_prctl)
		reload(first_prctl);
	report();
	printf("%sok 1 - race: every verdict was right, seed %#llx\n",
	       failed() ? "not " : "", (unsigned long long)sh->seed);
	return failed();
}
