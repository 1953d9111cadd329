// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory: what threads and region sets take is charged to the memory cgroup and
 * comes back, and when the cgroup is full, SET, a clone or REGIONS_ADD fails
 * with ENOMEM and has changed nothing. Stock kernels have no fault injection;
 * this is the next best.
 *
 * In a full cgroup nothing may fault in a page: the kernel would try for ever.
 * So all memory is locked, and calls that are blocked come by upcall, as a
 * signal's siginfo needs memory. There is nobody for the OOM killer to take.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/stat.h>
#include <sys/user.h>

#include "sud_test.h"

/* The pipe that a verdict goes through needs memory. */
static void before_verdict(void);
#undef FAIL
#define FAIL(...) (before_verdict(), sud_fail(__FILE__, __LINE__, __VA_ARGS__))

#include "child.h"

#ifdef __LP64__
#define ROOT "/sys/fs/cgroup/"
#define PAGE 4096

extern volatile uint64_t up_count;
void entry_regs(void);
#define RESULT 4711

static char group[64];
static int max_fd = -1, current_fd;

static void lift(void)
{
	if (max_fd >= 0)
		(void)!pwrite(max_fd, "max", 3, 0);
}

/* A process that waits for this one, or 0. */
static pid_t served;

static void before_verdict(void)
{
	lift();
	if (served)
		kill(served, SIGKILL);
}

/* For the whole machine: put back when the test is through. */
static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK_OK(fd);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int open_in(const char *file, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	fd = open(path, flags | O_CLOEXEC);
	CHECK_OK(fd);
	return fd;
}

/* In bytes, and in whole pages. */
static long usage(void)
{
	char text[32] = "";

	CHECK_OK(pread(current_fd, text, sizeof(text) - 1, 0));
	return atol(text);
}

static void limit(long bytes)
{
	char text[32];
	int n = sprintf(text, "%ld", bytes);

	CHECK_EQ(pwrite(max_fd, text, n, 0), n);
}

/*
 * A limit that is far exceeded makes the kernel give up what CPUs have charged
 * in advance: on the others a moment later.
 */
static long exact_usage(void)
{
	long before, after;

	limit(0);
	after = usage();
	for (int i = 0; i < 100; i++) {
		before = after;
		sleep_ms(2);
		after = usage();
		if (after == before && i > 4)
			break;
	}
	return after;
}

/* So many pages are left. */
static void fill(int pages)
{
	long used = exact_usage();

	limit(used + (long)pages * PAGE);
}

static long measure(void)
{
	long used = exact_usage();

	lift();
	return used;
}

static void enter(void)
{
	char text[16];
	int fd = open_in("cgroup.procs", O_WRONLY);

	sprintf(text, "%d", getpid());
	CHECK_OK(write(fd, text, strlen(text)));
	close(fd);
	write_file("/proc/self/oom_score_adj", "-1000");
	max_fd = open_in("memory.max", O_WRONLY);
	current_fd = open_in("memory.current", O_RDONLY);
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	spawn_init();
	/* What reading needs is there from the first time on. */
	usage();
}

/* fn runs in a cgroup of its own. */
static void in_group(void (*fn)(void))
{
	char before[64] = "";
	int fd, status;
	pid_t pid;

	if (!file_contains(ROOT "cgroup.controllers", "memory"))
		SKIP("no memory controller in cgroup2");
	write_file(ROOT "cgroup.subtree_control", "+memory");
	snprintf(group, sizeof(group), ROOT "sud-%d", getpid());
	CHECK_OK(mkdir(group, 0755));
	fd = open("/proc/sys/kernel/printk", O_RDONLY | O_CLOEXEC);
	CHECK_OK(read(fd, before, sizeof(before) - 1));
	close(fd);
	/*
	 * The kernel reports that there is nobody to kill, with a call trace
	 * that looks like a bug. A real one still panics, and that shows.
	 */
	CHECK_OK(klogctl(8, NULL, 1));
	write_file("/proc/sys/vm/oom_dump_tasks", "0");
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		enter();
		fn();
		lift();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	/* Another CPU may be about to print what is in the log. */
	sleep_ms(1000);
	write_file("/proc/sys/vm/oom_dump_tasks", "1");
	CHECK_OK(klogctl(8, NULL, atoi(before)));
	for (int i = 0; rmdir(group) && i < 1000; i++)
		sleep_ms(5);
	CHECK_EQ(status, 0);
}

static struct sud_config config_up(unsigned int flags)
{
	struct sud_config c = config_a(flags);

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_regs;
	return c;
}

static const struct sud_config off = { .size = sizeof(off) };

/* Armed just so, or off: by what GET says and by what happens. */
static void check_is(const struct sud_config *want)
{
	struct sud_config c;
	uint64_t before = up_count;
	long r;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, want));
	r = site_a(MAGIC_NR, 0, 0, 0);
	if (want->mode == SUD_MODE_OFF) {
		CHECK_EQ(r, -ENOSYS);
		CHECK_EQ(up_count, before);
	} else {
		CHECK_EQ(r, RESULT);
		CHECK_EQ(up_count, before + 1);
	}
}

/* Threads that wait for their turns, one at a time or all at once. */
#define MOST 1500

static struct worker {
	pthread_t thread;
	volatile int turn, done;
	int err;
} workers[MOST];
static int n_workers;
static void (*volatile work)(struct worker *w);

/* Not private to the process: those need memory, from 6.16 on. */
static void futex_wait(volatile int *word, int value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void futex_wake(volatile int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		while (w->turn == w->done)
			futex_wait(&w->turn, w->done);
		work(w);
		w->done++;
		futex_wake(&w->done);
	}
	return NULL;
}

static void start_workers(int n)
{
	pthread_attr_t attr;

	n_workers = n;
	CHECK_EQ(pthread_attr_init(&attr), 0);
	CHECK_EQ(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN), 0);
	for (int i = 0; i < n; i++)
		CHECK_EQ(pthread_create(&workers[i].thread, &attr, worker_main,
					&workers[i]),
			 0);
}

static void take_turn(struct worker *w, void (*fn)(struct worker *w))
{
	work = fn;
	w->turn++;
	futex_wake(&w->turn);
	while (w->done != w->turn)
		futex_wait(&w->done, w->turn - 1);
}

static void all_take_turns(void (*fn)(struct worker *w))
{
	for (int i = 0; i < n_workers; i++)
		take_turn(&workers[i], fn);
}

static struct sud_config arm_with, armed_with;

/* SET works, or says ENOMEM and the thread is as it was. */
static void try_arm(struct worker *w)
{
	check_is(&armed_with);
	w->err = sud_set(sud_fd, &arm_with) ? errno : 0;
	if (w->err)
		CHECK_EQ(w->err, ENOMEM);
	check_is(w->err ? &armed_with : &arm_with);
}

static void must_arm(struct worker *w)
{
	CHECK_OK(sud_set(sud_fd, &arm_with));
	check_is(&arm_with);
	w->err = 0;
}

static void must_be_armed(struct worker *w)
{
	(void)w;
	check_is(&arm_with);
}

static void must_disarm(struct worker *w)
{
	(void)w;
	CHECK_OK(sud_disarm(sud_fd));
	check_is(&off);
}

static int count_errors(void)
{
	int n = 0;

	for (int i = 0; i < n_workers; i++)
		n += !!workers[i].err;
	return n;
}

/* Where a kernel is slow, fewer sizes: each failure takes it long. */
static int more_pages(void)
{
	return 3 - often(2);
}

static void set_when_full(void)
{
	/* More than there is room for in two pages. */
	start_workers(60 + often(60));
	arm_with = config_up(0);
	for (int pages = 0; pages < 3; pages += more_pages()) {
		armed_with = off;
		fill(pages);
		all_take_turns(try_arm);
		/* There is room for a few, at a page of them each. */
		CHECK(count_errors() > 0);
		CHECK(pages < 2 || count_errors() < n_workers);
		/* Disarming takes no memory. */
		for (int i = 0; i < n_workers; i++)
			if (!workers[i].err)
				take_turn(&workers[i], must_disarm);
		lift();
	}
	all_take_turns(must_arm);
	/* Inheritance needs more; without it, all stays as it was. */
	armed_with = arm_with;
	arm_with = config_up(BOTH);
	fill(0);
	all_take_turns(try_arm);
	CHECK(count_errors() > 0);
	lift();
	all_take_turns(must_arm);
	arm_with = config_up(0);
	all_take_turns(must_arm);
	all_take_turns(must_disarm);
}

TEST_LIMIT(set, "SET in a full cgroup: fine, or ENOMEM and nothing has changed",
	   false, 120)
{
	int before = module_refs();

	in_group(set_when_full);
	check_refs(before);
}

static int made, refused;

/* An armed child, or ENOMEM or EAGAIN. */
static void try_clone(uint64_t flags, const struct sud_config *c)
{
	struct spawn_call call = spawn_clone(flags | CLONE_VFORK);
	struct sud_config now;
	long pid;

	spawn_reset();
	pid = spawn(&call);
	CHECK_OK(sud_get(sud_fd, &now));
	CHECK(same(&now, c));
	if (pid < 0) {
		CHECK(pid == -ENOMEM || pid == -EAGAIN);
		refused++;
		return;
	}
	made++;
	end_child(pid, flags);
	check_found(c, "full", flags);
}

static void clone_when_full(void)
{
	struct sud_config c = spawn_config(BOTH);

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall;
	CHECK_OK(sud_set(sud_fd, &c));
	/* Until nothing is missing. */
	for (int pages = 0; pages < 30; pages += more_pages()) {
		fill(pages);
		for (int i = 0; i < 2; i++) {
			try_clone(CLONE_A_THREAD, &c);
			try_clone(CLONE_VM | SIGCHLD, &c);
		}
	}
	CHECK(refused > 0);
	CHECK(made > 0);
	lift();
	made = 0;
	refused = 0;
	for (int i = 0; i < 10; i++) {
		try_clone(CLONE_A_THREAD, &c);
		try_clone(CLONE_VM | SIGCHLD, &c);
	}
	CHECK_EQ(refused, 0);
	CHECK_EQ(made, 20);
}

TEST_LIMIT(
	clone,
	"clone in a full cgroup: an armed child, or ENOMEM or EAGAIN, and no other",
	false, 180)
{
	int before = module_refs();

	in_group(clone_when_full);
	check_refs(before);
}

/* As spawn_reset(), without a system call. */
static void reset_quietly(void)
{
	found->done = 0;
	found->first = FIRST_NONE;
	found->get = -1;
	memset(&found->config, 0, sizeof(found->config));
	found->config.size = sizeof(found->config);
}

/*
 * Memory that is short when a call is judged may be there when the call makes
 * its child. A filter holds all calls that make children in between, until the
 * keeper of the cgroup has lifted the limit. It fills the cgroup on demand, since
 * each call of the thread's own would try to prepare for the next child.
 */
static volatile struct {
	int wait; /* for this process's end */
	int fill;
	int filter; /* the filter's descriptor */
} *ask;

/* Fills what is left of a page, too, by arming threads until one cannot be. */
static void fill_up(void)
{
	static int next;

	fill(0);
	for (;;) {
		for (; next < n_workers; next++) {
			take_turn(&workers[next], try_arm);
			if (workers[next].err)
				return;
		}
		/* All are armed. What they give back comes with a delay. */
		lift();
		all_take_turns(must_disarm);
		next = 0;
		sleep_ms(200);
		fill(0);
	}
}

static void start_hoarders(void)
{
	armed_with = off;
	arm_with = config_up(0);
	start_workers(100);
}

static void wait_for_end(pid_t pid)
{
	struct pollfd p = { syscall(SYS_pidfd_open, pid, 0), POLLIN };

	CHECK_OK(p.fd);
	CHECK_EQ(poll(&p, 1, -1), 1);
	close(p.fd);
}

static void keep(pid_t pid)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
	struct pollfd filter;

	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	served = pid;
	start_hoarders();
	while (!ask->filter)
		sleep_ms(2);
	filter.fd = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0),
			    ask->filter, 0);
	CHECK_OK(filter.fd);
	filter.events = POLLIN;
	for (;;) {
		if (poll(&filter, 1, 2) == 1) {
			memset(&call, 0, sizeof(call));
			CHECK_OK(ioctl(filter.fd, SECCOMP_IOCTL_NOTIF_RECV,
				       &call));
			lift();
			answer = (struct seccomp_notif_resp){
				.id = call.id,
				.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
			};
			CHECK_OK(ioctl(filter.fd, SECCOMP_IOCTL_NOTIF_SEND,
				       &answer));
		}
		if (ask->wait) {
			wait_for_end(ask->wait);
			ask->wait = 0;
		}
		if (ask->fill) {
			fill_up();
			ask->fill = 0;
		}
	}
}

#define IA32_FORK 2
#define IA32_CLONE 120
#define IA32_VFORK 190
#define X32 0x40000000

/* Of 64-bit code and of i386's table, where clone3 has the same number. */
static int hold_clones(void)
{
	static const unsigned int held[] = {
		SYS_fork,	 SYS_vfork,	   SYS_clone,
		SYS_clone3,	 IA32_FORK,	   IA32_VFORK,
		IA32_CLONE,	 X32 | SYS_fork,   X32 | SYS_vfork,
		X32 | SYS_clone, X32 | SYS_clone3,
	};
	const unsigned int n = sizeof(held) / sizeof(*held);
	struct sock_filter code[sizeof(held) / sizeof(*held) + 3];
	struct sock_fprog prog = { n + 3, code };

	code[0] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned int i = 0; i < n; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, held[i], n - i, 0);
	code[n + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_ALLOW);
	code[n + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_USER_NOTIF);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

/*
 * A child that is gone has left them to be copied at the next write. To struct
 * rseq the kernel writes, when the thread has been preempted, and where it cannot
 * it kills.
 */
static void own_pages(void)
{
	extern char __data_start[], end[];
	volatile char stack[4 * PAGE], *p;
	char *tls = __builtin_thread_pointer();
	volatile __u32 *flags = &((struct rseq *)(tls + __rseq_offset))->flags;

	*flags = *flags;
	for (p = __data_start; p < end; p += PAGE)
		*p = *p;
	for (p = stack; p < (char *)environ; p += PAGE)
		*p = *p;
}

typedef long spawner(const struct spawn_call *call);

static int refused;

static void try_call(spawner *spawn_it, char *ip, const struct spawn_call *call)
{
	struct sud_config c = spawn_config_at(ip, BOTH);
	long first, second = 0;

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall;
	/*
	 * What others have just given back may do for one, time after time: the
	 * child is armed, then.
	 */
	for (int i = 0; i < 100 && second >= 0; i++) {
		CHECK_OK(sud_set(sud_fd, &c));
		spawn_reset();
		/* Uses up what was prepared. */
		first = spawn_it(call);
		if (first == -ENOSYS)
			return;
		CHECK_OK(first);
		ask->wait = first;
		while (ask->wait)
			;
		own_pages();
		ask->fill = 1;
		while (ask->fill)
			;
		reset_quietly();
		second = spawn_it(call);
		/* If no child was made, nobody has lifted it. */
		lift();
		CHECK_EQ(waitpid(first, NULL, __WALL), first);
		if (second < 0)
			continue;
		end_child(second, 0);
		check_found(&c, "held", call->nr);
	}
	if (second < 0) {
		CHECK_EQ(second, -ENOMEM);
		refused++;
	}
}

static struct clone_args args3 = { .exit_signal = SIGCHLD };

static void every_number(void)
{
	const uint64_t three = (uintptr_t)&args3, size = sizeof(args3);
	const uint64_t wide = 0xdeadbeefULL << 32;
	const struct spawn_call calls[] = {
		{ SYS_fork, { -1, -1, -1, -1, -1 } },
		{ SYS_vfork, { -1, -1, -1, -1, -1 } },
		{ SYS_clone, { SIGCHLD, 0, -1, -1, -1 } },
		{ SYS_clone3, { three, size, -1, -1, -1 } },
	};
	const struct spawn_call ia32_calls[] = {
		{ IA32_FORK, { -1, -1, -1, -1, -1 } },
		{ IA32_VFORK, { -1, -1, -1, -1, -1 } },
		{ IA32_CLONE, { SIGCHLD, 0, -1, -1, -1 } },
		{ SYS_clone3, { three, size, -1, -1, -1 } },
	};
	pid_t me = getpid(), keeper;

	ask = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(ask != MAP_FAILED);
	keeper = fork();
	CHECK_OK(keeper);
	if (!keeper)
		keep(me);
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	ask->filter = hold_clones();
	CHECK(ask->filter > 0);
	for (int i = 0; i < 4; i++) {
		struct spawn_call call = calls[i];

		try_call(spawn, spawn_first_ip, &call);
		call.nr = calls[i].nr | wide;
		try_call(spawn, spawn_first_ip, &call);
		call.nr = calls[i].nr | X32;
		try_call(spawn, spawn_first_ip, &call);
		try_call(spawn_int80, spawn_int80_first_ip, &ia32_calls[i]);
	}
	CHECK_OK(kill(keeper, SIGKILL));
	CHECK_EQ(waitpid(keeper, NULL, 0), keeper);
	/* Some of the sixteen at the least. */
	CHECK(refused);
}

TEST_LIMIT(
	judged_full,
	"a call that makes a child when memory was short as it was judged: refused, or an armed child",
	false, 180)
{
	int before = module_refs();

	in_group(every_number);
	check_refs(before);
}

/*
 * A tracee's harmless calls that its tracer makes clones: a child is armed, or
 * killed, or the call fails. The tracee has the cgroup filled and lifted by
 * breakpoints, because without memory it can make no call at all.
 */
static inline void set_full(int pages)
{
	asm volatile("int3" : : "a"(pages) : "memory");
}

static void changed_clones(void)
{
	struct sud_config c = spawn_config(BOTH);
	struct spawn_call call = spawn_clone(CLONE_VM | CLONE_VFORK | SIGCHLD);

	call.nr = SYS_getppid;
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int pages = 0; pages < 12; pages++) {
		long first, second;

		/* This one uses up what was prepared. */
		spawn_reset();
		first = spawn(&call);
		reset_quietly();
		set_full(pages & 1);
		second = spawn(&call);
		set_full(-1);
		CHECK_OK(first);
		CHECK_EQ(waitpid(first, NULL, 0), first);
		if (second < 0) {
			CHECK(second == -ENOMEM || second == -EAGAIN);
			refused++;
			continue;
		}
		made++;
		CHECK_EQ(waitpid(second, NULL, 0), second);
		if (found->done)
			check_found(&c, "changed", pages);
		else
			CHECK_EQ(found->first, FIRST_NONE);
	}
	CHECK(refused > 0);
	CHECK(made > 0);
}

static void change_number(pid_t pid)
{
	struct user_regs_struct regs;

	CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	if (regs.orig_rax != SYS_getppid)
		return;
	/* Now, past the hook, there is memory. At its exit, this does nothing. */
	lift();
	regs.orig_rax = SYS_clone;
	CHECK_OK(ptrace(PTRACE_SETREGS, pid, 0, &regs));
}

static void trace_when_full(void)
{
	struct user_regs_struct regs;
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
		CHECK_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		changed_clones();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status));
	/* The fork has made pages common. */
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	start_hoarders();
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	for (;;) {
		CHECK_OK(ptrace(PTRACE_SYSCALL, pid, 0, 0));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			change_number(pid);
		} else if (WSTOPSIG(status) == SIGTRAP) {
			CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
			if ((int)regs.rax < 0)
				lift();
			else if (regs.rax)
				fill(regs.rax);
			else
				fill_up();
		}
	}
	CHECK_EQ(status, 0);
}

TEST_LIMIT(
	changed_clone,
	"a call that a tracer makes a clone in a full cgroup: no unarmed child",
	false, 180)
{
	int before = module_refs();

	in_group(trace_when_full);
	check_refs(before);
}

/* Ranges that adjoin no other. */
#define RANGES 65536

static struct sud_range ranges[RANGES], listed[RANGES];

static void make_ranges(int n)
{
	for (int i = 0; i < n; i++)
		ranges[i] = (struct sud_range){ 0x10000000ULL + i * 32, 16 };
}

static void check_list(uint64_t n)
{
	__u64 count = RANGES;

	CHECK_OK(sud_regions_list(sud_fd, listed, &count));
	CHECK_EQ(count, n);
	CHECK(!memcmp(listed, ranges, n * sizeof(*ranges)));
}

static void add_when_full(void)
{
	struct sud_config c = config_up(SUD_FLAG_REGIONS);

	make_ranges(RANGES);
	c.offset = 0;
	c.len = 0;
	ranges[0] = (struct sud_range){ (uintptr_t)site_a, 64 };
	CHECK((uintptr_t)site_a + 64 < ranges[1].offset);
	CHECK_OK(sud_regions_add(sud_fd, ranges, 100));
	CHECK_OK(sud_set(sud_fd, &c));
	/* LIST needs memory, too. */
	check_list(100);
	check_is(&c);
	for (int pages = 0; pages < 256; pages = pages * 2 + 1) {
		fill(pages);
		CHECK_ERR(sud_regions_add(sud_fd, ranges, RANGES), ENOMEM);
		check_is(&c);
		lift();
		check_list(100);
	}
	CHECK_OK(sud_regions_add(sud_fd, ranges, RANGES));
	check_list(RANGES);
	check_is(&c);
}

TEST_LIMIT(regions_add,
	   "REGIONS_ADD in a full cgroup: ENOMEM, and nothing added", false,
	   120)
{
	in_group(add_when_full);
}

/* What a thread's configuration takes at the very least: the struct, and links. */
#define LEAST 64

/*
 * What is freed comes back when RCU allows. Return: what is charged, once it is
 * no more than @bytes, or after 10 s.
 */
static long charged_after(long bytes)
{
	long now = measure();

	for (int i = 0; now > bytes && i < 100; i++) {
		sleep_ms(100);
		now = measure();
	}
	return now;
}

static void check_given_back(long bytes)
{
	long now = charged_after(bytes);

	if (now > bytes)
		FAIL("%ld bytes are charged, more than %ld", now, bytes);
}

static void charged_threads(void)
{
	long all, before, armed;

	start_workers(often(MOST));
	all = n_workers * (long)LEAST;
	arm_with = config_up(0);
	/* Whatever their first turn may need. */
	all_take_turns(must_disarm);
	before = measure();
	all_take_turns(must_arm);
	armed = measure();
	if (armed - before < all)
		FAIL("%d armed threads are charged %ld bytes", n_workers,
		     armed - before);
	all_take_turns(must_disarm);
	check_given_back(armed - all);
}

TEST_LIMIT(threads_charged,
	   "armed threads are charged to their cgroup, and given back", false,
	   180)
{
	in_group(charged_threads);
}

static void charged_children(void)
{
	struct sud_config c = config_up(BOTH);
	long armed;

	CHECK_OK(sud_set(sud_fd, &c));
	start_workers(often(MOST));
	arm_with = c;
	all_take_turns(must_be_armed);
	armed = measure();
	all_take_turns(must_disarm);
	check_given_back(armed - n_workers * (long)LEAST);
}

TEST_LIMIT(children_charged, "so are threads that inherited", false, 180)
{
	in_group(charged_children);
}

static void charged_sets(void)
{
	const long all = 8 * (long)sizeof(ranges);
	long before, after;
	int fds[8];

	make_ranges(RANGES);
	before = measure();
	for (int i = 0; i < 8; i++) {
		fds[i] = sud_open();
		CHECK_OK(fds[i]);
		CHECK_OK(sud_regions_add(fds[i], ranges, RANGES));
	}
	after = measure();
	if (after - before < all)
		FAIL("sets of %ld bytes are charged %ld bytes", all,
		     after - before);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	check_given_back(before + all / 8);
}

TEST_LIMIT(sets_charged,
	   "region sets are charged to their cgroup, and given back", false,
	   120)
{
	in_group(charged_sets);
}

static void fail_late(void)
{
	pid_t taken = 1;
	struct clone_args args = { .flags = CLONE_VM,
				   .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&taken,
				   .set_tid_size = 1 };

	CHECK_EQ(site_b(SYS_clone3, (long)&args, sizeof(args), 0), -EEXIST);
}

/* KASAN's quarantine, on 5.10: what was freed is given back much later. */
static bool keeps_charges(int times, long bound)
{
	const long most = measure() + bound;

	for (int i = 0; i < times; i++)
		fail_late();
	return charged_after(most) > most;
}

/* Each is one object to lose. */
static void lose_nothing(void)
{
	const int times = often(10000);
	const long bound = times * (long)LEAST / 4;
	struct sud_config c = config_up(BOTH);
	long before;

	if (keeps_charges(times / 10, bound))
		SKIP("what this kernel frees stays charged, without the module too");
	CHECK_OK(sud_set(sud_fd, &c));
	before = measure();
	for (int i = 0; i < times; i++) {
		/* Fails at once, fails late, arms again, is on and off. */
		CHECK_EQ(site_b(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0),
			 -EINVAL);
		fail_late();
		CHECK_OK(sud_set(sud_fd, &c));
		if (i % 4)
			continue;
		CHECK_OK(sud_disarm(sud_fd));
		CHECK_OK(sud_set(sud_fd, &c));
	}
	check_given_back(before + bound);
}

TEST_LIMIT(nothing_lost, "clones that fail and arming again lose no memory",
	   false, 120)
{
	in_group(lose_nothing);
}
#endif
