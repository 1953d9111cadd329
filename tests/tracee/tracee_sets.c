// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration: its region set, and what its children inherit.
 */
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/module.h"
#include "lib/sites.h"
#include "lib/tracer.h"

static uint64_t set_number(pid_t tid)
{
	struct sud_task_config t;
	struct sud_config c;

	CHECK_OK(get_task(sud_fd, tid, &t, &c));
	return t.set;
}

static void abandon(pid_t pid)
{
	int status;

	CHECK_OK(kill(pid, SIGKILL));
	do
		CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	while (WIFSTOPPED(status));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(go[0]);
	close(go[1]);
}

/* Region sets. The children share set_fd, or have a set of their own. */
static int set_fd;

static void stop_with_shared_set(void)
{
	struct sud_config c = config_set();

	CHECK_OK(sud_set(set_fd, &c));
	CHECK_OK(close(set_fd));
	stop_by_itself();
}

static void stop_with_own_set(void)
{
	struct sud_config c = config_set();
	int fd = sud_open();

	CHECK_OK(fd);
	add_range(fd, site_b, site_b_end);
	CHECK_OK(sud_set(fd, &c));
	CHECK_OK(close(fd));
	stop_by_itself();
}

static void open_set(void *from, void *to)
{
	set_fd = sud_open();
	CHECK_OK(set_fd);
	add_range(set_fd, from, to);
}

/* spawn() has one state: the first of two tracees waits in its stop. */
struct held {
	pid_t pid;
	int go[2];
};

static struct held hold(pid_t pid)
{
	return (struct held){ pid, { go[0], go[1] } };
}

static void finish_held(const struct held *h, const char *want)
{
	go[0] = h->go[0];
	go[1] = h->go[1];
	memset(sh->got, 0, sizeof(sh->got));
	finish(h->pid, want);
}

static uint64_t take(int fd, pid_t tid, struct sud_config *c)
{
	struct sud_task_config t = { .tid = tid,
				     .flags = SUD_TASK_TAKE_REGIONS };

	CHECK_OK(sud_get_task(fd, &t, c));
	return t.set;
}

static void check_list(int fd, void *from, void *to)
{
	struct sud_range range = { 0, 0 };
	__u64 count = 1;

	CHECK_OK(sud_regions_list(fd, &range, &count));
	CHECK_EQ(count, from ? 1 : 0);
	CHECK_EQ(range.offset, (uintptr_t)from);
	CHECK_EQ(range.len, (uintptr_t)to - (uintptr_t)from);
}

TEST(set_number, "threads that share a set show one number, others another")
{
	open_set(site_b, site_b_end);
	struct held one = hold(bring(stop_with_shared_set, 0));
	struct held two = hold(bring(stop_with_shared_set, 0));
	struct held own = hold(bring(stop_with_own_set, 0));
	struct held none = hold(bring_traceme());
	uint64_t number = set_number(one.pid);

	CHECK(number);
	CHECK_EQ(set_number(two.pid), number);
	CHECK(set_number(own.pid));
	CHECK(set_number(own.pid) != number);
	CHECK_EQ(set_number(none.pid), 0);
	struct sud_config c = config_set();

	check_get(one.pid, &c);
	check_get(own.pid, &c);
	finish_held(&one, V_ONLY_B);
	finish_held(&own, V_ONLY_B);
	finish_held(&two, V_ONLY_B);
	finish_held(&none, V_OFF);
}

TEST(set_number_random,
     "a number does not tell how many sets the machine has made")
{
	uint64_t number[3];

	for (int i = 0; i < 3; i++) {
		struct held one;

		open_set(site_b, site_b_end);
		one = hold(bring(stop_with_shared_set, 0));
		number[i] = set_number(one.pid);
		finish_held(&one, V_ONLY_B);
	}
	/* A count would be small, and its steps alike. */
	for (int i = 0; i < 3; i++)
		CHECK(number[i] > 1000000);
	CHECK(number[1] - number[0] != number[2] - number[1]);
}

TEST(take, "TAKE_REGIONS: LIST gives the tracee's set, which no descriptor has")
{
	struct sud_config c;
	int fd = sud_open();

	CHECK_OK(fd);
	add_range(fd, site_a, site_a_end);
	pid_t pid = bring(stop_with_own_set, 0);

	take(fd, pid, &c);
	check_list(fd, site_b, site_b_end);
	CHECK_EQ(c.flags, SUD_FLAG_REGIONS);
	finish(pid, V_ONLY_B);
	/* It outlives the tracee. */
	check_list(fd, site_b, site_b_end);
	close(fd);
}

TEST(take_not, "without it, and of a thread without a set, LIST stays")
{
	struct sud_config c, a = config_only_b();
	struct sud_task_config t;
	int fd = sud_open();

	CHECK_OK(fd);
	add_range(fd, site_a, site_a_end);
	pid_t pid = bring(stop_with_own_set, 0);

	CHECK_OK(get_task(fd, pid, &t, &c));
	check_list(fd, site_a, site_a_end);
	set_config(pid, &a);
	CHECK_EQ(take(fd, pid, &c), 0);
	check_list(fd, site_a, site_a_end);
	set_config(pid, &config_off);
	CHECK_EQ(take(fd, pid, &c), 0);
	check_list(fd, site_a, site_a_end);
	finish(pid, V_OFF);
}

TEST(take_fails, "a GET_TASK that fails takes nothing")
{
	struct sud_config c = { .size = sizeof(c) };
	struct sud_task_config t = { .size = sizeof(t),
				     .flags = SUD_TASK_TAKE_REGIONS };
	int fd = sud_open();

	CHECK_OK(fd);
	add_range(fd, site_a, site_a_end);
	pid_t pid = bring(stop_with_own_set, 0);

	t.tid = pid;
	t.config = (uintptr_t)at_page_end_read_only(&c, sizeof(c));
	CHECK_ERR(ioctl(fd, SUD_IOC_GET_TASK, &t), EFAULT);
	check_list(fd, site_a, site_a_end);
	t.config = (uintptr_t)&c;
	CHECK_ERR(ioctl(fd, SUD_IOC_GET_TASK,
			at_page_end_read_only(&t, sizeof(t))),
		  EFAULT);
	check_list(fd, site_a, site_a_end);
	finish(pid, V_ONLY_B);
}

TEST(take_adds,
     "what is added by the descriptor that took counts for the tracee")
{
	struct sud_config c;
	int fd = sud_open();

	CHECK_OK(fd);
	pid_t pid = bring(stop_with_own_set, 0);

	take(fd, pid, &c);
	add_range(fd, site_int80, site_int80_ip + 1);
	finish(pid, "--sss");
}

TEST(share_again, "SET_TASK on the descriptor that took restores the sharing")
{
	struct sud_config c;
	int fd = sud_open();

	CHECK_OK(fd);
	open_set(site_b, site_b_end);
	struct held one = hold(bring(stop_with_shared_set, 0));
	struct held two = hold(bring(stop_with_shared_set, 0));

	/* Only the threads have the set now. */
	CHECK_OK(close(set_fd));
	uint64_t number = take(fd, one.pid, &c);

	set_config(one.pid, &config_off);
	set_config(two.pid, &config_off);
	CHECK_OK(set_task(fd, one.pid, &c, number));
	CHECK_OK(set_task(fd, two.pid, &c, number));
	CHECK_EQ(set_number(one.pid), number);
	CHECK_EQ(set_number(two.pid), number);
	check_list(fd, site_b, site_b_end);
	add_range(fd, site_int80, site_int80_ip + 1);
	CHECK_OK(close(fd));
	finish_held(&one, "--sss");
	finish_held(&two, "--sss");
}

TEST(set_of_descriptor, "with set 0 the descriptor's set is used, whichever")
{
	struct sud_config c;
	int fd = sud_open();

	CHECK_OK(fd);
	add_range(fd, site_a, site_a_end);
	struct held one = hold(bring(stop_with_own_set, 0));
	struct held two = hold(bring_traceme());
	uint64_t number = take(sud_fd, one.pid, &c);

	CHECK_OK(set_task(fd, one.pid, &c, 0));
	CHECK_OK(set_task(fd, two.pid, &c, 0));
	CHECK(set_number(one.pid) != number);
	CHECK_EQ(set_number(two.pid), set_number(one.pid));
	/* And the number is now the right one for this descriptor. */
	CHECK_OK(set_task(fd, two.pid, &c, set_number(one.pid)));
	finish_held(&one, "ss---");
	finish_held(&two, "ss---");
}

TEST(wrong_set, "the number of another set is EINVAL and changes nothing")
{
	struct sud_config c;
	int fd = sud_open();

	CHECK_OK(fd);
	add_range(fd, site_a, site_a_end);
	struct held one = hold(bring(stop_with_own_set, 0));
	struct held two = hold(bring_traceme());
	struct sud_task_config t;
	uint64_t number;

	CHECK_OK(get_task(fd, one.pid, &t, &c));
	number = t.set;
	CHECK_ERR(set_task(fd, one.pid, &c, number), EINVAL);
	CHECK_ERR(set_task(fd, two.pid, &c, number), EINVAL);
	CHECK_ERR(set_task(fd, two.pid, &c, number + 1000000), EINVAL);
	CHECK_ERR(set_task(fd, two.pid, &c, -1), EINVAL);
	CHECK_EQ(set_number(one.pid), number);
	check_get(one.pid, &c);
	check_get(two.pid, &config_off);
	check_list(fd, site_a, site_a_end);
	finish_held(&one, V_ONLY_B);
	finish_held(&two, V_OFF);
}

TEST(set_dies_with_tracee, "a set that a killed tracee had goes with it")
{
	int refs = module_refs();

	for (int i = 0; i < 50; i++)
		abandon(bring(stop_with_own_set, 0));
	CHECK_EQ(module_refs(), refs);
}

/*
 * Inheritance. The hook has judged the call before the tracer sees its entry: the
 * child is armed as its parent is when it is born, all the same.
 */
#define INHERIT SUD_FLAG_INHERIT_FORK

static void fork_by(long nr)
{
	int status;
	pid_t pid = syscall(nr);

	if (!pid) {
		probes(sh->got[1]);
		_exit(0);
	}
	CHECK_OK(pid);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static void stop_then_fork(void)
{
	stop_by_itself();
	fork_by(SYS_fork);
}

static void check_fork_entry(uint32_t flags, const struct sud_config *in_stop,
			     const char *child, const char *parent)
{
	struct sud_config b = config_but_b();
	int refs = module_refs();

	b.flags = flags;
	armed_as = flags ? b : config_off;
	pid_t pid = bring(stop_then_fork, 0);

	to_entry(pid, SYS_fork);
	set_config(pid, in_stop);
	finish(pid, parent);
	check_verdicts(sh->got[1], child);
	CHECK_EQ(module_refs(), refs);
}

TEST(fork_entry_arm, "armed at the entry of fork: the child is, too")
{
	struct sud_config a = config_only_b();

	a.flags = INHERIT;
	check_fork_entry(0, &a, V_ONLY_B, V_ONLY_B);
}

TEST(fork_entry_off, "disarmed at the entry of fork: so is the child")
{
	check_fork_entry(INHERIT, &config_off, V_OFF, V_OFF);
}

TEST(fork_entry_rearm, "re-armed at the entry of fork: the child likewise")
{
	struct sud_config a = config_only_b();

	a.flags = INHERIT;
	check_fork_entry(INHERIT, &a, V_ONLY_B, V_ONLY_B);
}

TEST(fork_entry_keep, "re-armed there without the flag: the child is off")
{
	struct sud_config a = config_only_b();

	check_fork_entry(INHERIT, &a, V_OFF, V_ONLY_B);
}

#ifdef __LP64__
static void change_number(pid_t pid, long nr)
{
	CHECK_OK(ptrace(PTRACE_POKEUSER, pid,
			offsetof(struct user_regs_struct, orig_rax), nr));
}

static void stop_then_seem_to_ask(void)
{
	stop_by_itself();
	/* What was prepared when the thread was armed is used up. */
	fork_by(SYS_fork);
	memset(sh->got[1], 0, sizeof(sh->got[1]));
	fork_by(SYS_getppid);
}

TEST(fork_made, "a call that the tracer makes a fork: the child is armed")
{
	struct sud_config b = config_but_b();

	b.flags = INHERIT;
	armed_as = b;
	for (int i = 0; i < 3; i++) {
		pid_t pid = bring(stop_then_seem_to_ask, 0);

		to_entry(pid, SYS_getppid);
		change_number(pid, SYS_fork);
		finish(pid, V_BUT_B);
		check_verdicts(sh->got[1], V_BUT_B);
	}
}

static void stop_then_seem_to_fork(void)
{
	stop_by_itself();
	CHECK_EQ(syscall(SYS_fork), sh->tid[0]);
	fork_by(SYS_fork);
}

TEST(fork_unmade, "a fork that the tracer makes another call leaves nothing")
{
	struct sud_config b = config_but_b(), plain = config_but_b();
	int refs = module_refs();

	b.flags = INHERIT;
	armed_as = b;
	pid_t pid = bring(stop_then_seem_to_fork, 0);

	sh->tid[0] = getpid();
	to_entry(pid, SYS_fork);
	change_number(pid, SYS_getppid);
	/* The next fork is a real one, and not to be inherited by. */
	set_config(pid, &plain);
	finish(pid, V_BUT_B);
	check_verdicts(sh->got[1], V_OFF);
	CHECK_EQ(module_refs(), refs);
}
#endif

TEST(born_traced,
     "a child traced from its birth: GET_TASK shows what it inherited, or OFF")
{
	for (int inherits = 0; inherits < 2; inherits++) {
		struct sud_config b = config_but_b(), a = config_only_b();
		unsigned long child = 0;
		int status;

		b.flags = inherits ? INHERIT : 0;
		armed_as = b;
		pid_t pid = bring(stop_then_fork, PTRACE_O_TRACEFORK);

		cont(pid, 0);
		CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_FORK));
		CHECK_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &child));
		CHECK_EQ(wait_stop(child), SIGSTOP);
		check_get(child, inherits ? &b : &config_off);
		/* It is a thread of its own. */
		set_config(child, &a);
		check_get(pid, &b);
		cont(child, 0);
		cont(pid, 0);
		for (int left = 2; left;) {
			pid_t who = waitpid(-1, &status, __WALL);

			CHECK_OK(who);
			if (!WIFSTOPPED(status)) {
				CHECK_EQ(status, 0);
				left--;
				continue;
			}
			cont(who, WSTOPSIG(status));
		}
		check_verdicts(sh->got[1], V_ONLY_B);
		check_verdicts(sh->got[0], V_BUT_B);
	}
}

/* It has what it inherited, and no descriptor; it traces a child of its own. */
static int take_as_nobody(void)
{
	struct sud_task_config t = { .flags = SUD_TASK_TAKE_REGIONS };
	struct sud_config c;
	int status, fd;

	CHECK_OK(close(set_fd));
	CHECK_OK(setgid(65534));
	CHECK_OK(setuid(65534));
	t.tid = fork();
	CHECK_OK(t.tid);
	if (!t.tid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(t.tid, &status, 0), t.tid);
	fd = sud_open();
	CHECK_OK(fd);
	CHECK_ERR(sud_get_task(fd, &t, &c), EPERM);
	check_list(fd, NULL, NULL);
	/* What it is armed with may be seen. */
	t.flags = 0;
	CHECK_OK(sud_get_task(fd, &t, &c));
	CHECK_EQ(c.flags & SUD_FLAG_REGIONS, SUD_FLAG_REGIONS);
	kill(t.tid, SIGKILL);
	return 0;
}

TEST(take_inherited, "a set of another user's, which was inherited, is EPERM")
{
	struct sud_config c = config_set();
	int status;
	pid_t pid;

	open_set(site_b, site_b_end);
	c.flags |= SUD_FLAG_INHERIT_FORK;
	CHECK_OK(sud_set(set_fd, &c));
	pid = fork();
	CHECK_OK(pid);
	if (!pid)
		_exit(take_as_nobody());
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	check_list(set_fd, site_b, site_b_end);
}
