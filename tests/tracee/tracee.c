// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration: what its tracer reads and sets, in which stops,
 * and what the thread does then.
 */
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tls.h"
#include "lib/tracer.h"
#include "lib/upcalls.h"

static pid_t bring_attach(void)
{
	pid_t pid = bring_asleep();

	CHECK_OK(ptrace(PTRACE_ATTACH, pid, 0, 0));
	CHECK_EQ(wait_stop(pid), SIGSTOP);
	return pid;
}

static volatile int usr1;

static void on_usr1(int sig)
{
	(void)sig;
	usr1++;
}

static void stop_for_usr1(void)
{
	signal(SIGUSR1, on_usr1);
	stop_by_itself();
	raise(SIGUSR1);
	CHECK_EQ(usr1, 1);
}

static pid_t bring_signal(void)
{
	pid_t pid = bring(stop_for_usr1, 0);

	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), SIGUSR1);
	pending = SIGUSR1;
	return pid;
}

/*
 * A call that was judged before the tracer sees it: what SET_TASK says in this
 * stop is for the next one.
 */
static void stop_in_call(void)
{
	pid_t parent = getppid();

	stop_by_itself();
	selector = SUD_SELECTOR_BLOCK;
	long r = site_a(SYS_getppid, 0, 0, 0);

	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(r, parent);
	CHECK_EQ(seen.count, 0);
}

static pid_t bring_entry(void)
{
	pid_t pid = bring(stop_in_call, 0);

	to_entry(pid, SYS_getppid);
	return pid;
}

static pid_t bring_exit(void)
{
	pid_t pid = bring_entry();

	CHECK_OK(ptrace(PTRACE_SYSCALL, pid, 0, 0));
	CHECK_EQ(wait_stop(pid), SIGTRAP | 0x80);
	return pid;
}

/* In this stop a tracer reads, arms, re-arms and disarms. */
static void check_stop(pid_t (*bring_to)(void))
{
	struct sud_config a = config_only_b(), b = config_but_b();
	pid_t pid = bring_to();

	check_get(pid, &config_off);
	finish(pid, V_OFF);

	pid = bring_to();
	set_config(pid, &b);
	check_get(pid, &b);
	finish(pid, V_BUT_B);

	armed_as = a;
	pid = bring_to();
	check_get(pid, &a);
	finish(pid, V_ONLY_B);

	pid = bring_to();
	set_config(pid, &b);
	check_get(pid, &b);
	finish(pid, V_BUT_B);

	pid = bring_to();
	set_config(pid, &config_off);
	check_get(pid, &config_off);
	finish(pid, V_OFF);

	pid = bring_to();
	set_config(pid, &config_off);
	set_config(pid, &b);
	set_config(pid, &a);
	check_get(pid, &a);
	finish(pid, V_ONLY_B);
}

TEST(stop_traceme, "TRACEME and SIGSTOP: the tracer reads and sets")
{
	check_stop(bring_traceme);
}

TEST(stop_attach, "ATTACH: the tracer reads and sets")
{
	check_stop(bring_attach);
}

TEST(stop_interrupt, "SEIZE and INTERRUPT: the tracer reads and sets")
{
	check_stop(bring_interrupt);
}

TEST(stop_group, "a group-stop: the tracer reads and sets")
{
	check_stop(bring_group);
}

TEST(stop_signal, "a signal's stop: the tracer reads and sets")
{
	check_stop(bring_signal);
}

TEST(stop_entry,
     "at a call's entry the tracer reads and sets, for the calls after it")
{
	check_stop(bring_entry);
}

TEST(stop_exit, "at a call's exit the tracer reads and sets")
{
	check_stop(bring_exit);
}

/* A dispatched call's own stop. */
static void stop_for_sigsys(void)
{
	int before = seen.count;

	stop_by_itself();
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(seen.count, before + 1);
}

static pid_t bring_sigsys(int request)
{
	pid_t pid = bring(stop_for_sigsys, 0);
	int stop;

	do {
		CHECK_OK(ptrace(request, pid, 0, 0));
		stop = wait_stop(pid);
	} while (stop == (SIGTRAP | 0x80));
	CHECK_EQ(stop, SIGSYS);
	pending = SIGSYS;
	return pid;
}

static void check_stop_sigsys(int request)
{
	struct sud_config a = config_only_b(), b = config_but_b();
	pid_t pid;

	armed_as = a;
	pid = bring_sigsys(request);
	check_get(pid, &a);
	set_config(pid, &b);
	check_get(pid, &b);
	finish(pid, V_BUT_B);

	pid = bring_sigsys(request);
	set_config(pid, &config_off);
	check_get(pid, &config_off);
	finish(pid, V_OFF);
}

TEST(stop_sigsys, "a blocked call's SIGSYS: the tracer sets and disarms")
{
	check_stop_sigsys(PTRACE_CONT);
}

TEST(stop_sigsys_syscall, "also one who traces system calls")
{
	check_stop_sigsys(PTRACE_SYSCALL);
}

#ifdef __LP64__
/* Stepped over a blocked call to the upcall's entry. */
static void stop_at_upcall(void)
{
	selector = SUD_SELECTOR_ALLOW;
	stop_by_itself();
	CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), RESULT);
	CHECK_EQ(up_count, 1);
}

static pid_t bring_upcall(void)
{
	uintptr_t entry = (uintptr_t)entry_frames;
	pid_t pid = bring(stop_at_upcall, 0);

	for (int i = 0;; i++) {
		CHECK_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
		CHECK_EQ(wait_stop(pid), SIGTRAP);
		errno = 0;
		uintptr_t ip = ptrace(PTRACE_PEEKUSER, pid,
				      offsetof(struct user_regs_struct, rip),
				      0);

		CHECK_EQ(errno, 0);
		if (ip == entry)
			return pid;
		CHECK(i < 100000);
	}
}

TEST_LIMIT(stop_step,
	   "a step that ended at an upcall: the tracer sets and disarms", false,
	   60)
{
	struct sud_config c = config_but_b_upcall(true), a = config_only_b();
	pid_t pid;

	armed_as = c;
	pid = bring_upcall();
	check_get(pid, &c);
	finish(pid, V_FRAMES);

	pid = bring_upcall();
	set_config(pid, &a);
	finish(pid, V_ONLY_B);

	pid = bring_upcall();
	set_config(pid, &config_off);
	finish(pid, V_OFF);
}
#endif

/* Configurations that say everything there is to say, and their verdicts. */
static struct full {
	struct sud_config config;
	const char *want;
} full[16];

static int full_count;

static void add_full(struct sud_config c, uint32_t flags, const char *want)
{
	c.flags |= flags;
	full[full_count++] = (struct full){ c, want };
}

static void fill_full(void)
{
	struct sud_config c = config_but_b();

	add_full(config_only_b(), 0, V_ONLY_B);
	add_full(config_but_b(), 0, V_BUT_B);
	add_full(config_but_b_upcall(true), 0, V_FRAMES);
	add_full(config_but_b_upcall(true), SUD_FLAG_AUTO_ALLOW, V_FRAMES);
	/* The region is nobody's. */
	c.offset = 0x1000;
	c.len = 0x2345;
	add_full(c, 0, "s-s-s");
	add_full(c, SUD_FLAG_AUTO_ALLOW, "s-s-s");
	add_full(c, SUD_FLAG_SIGRETURN, "s-s-s");
	add_full(c, SUD_FLAG_INHERIT_THREAD, "s-s-s");
	add_full(c, SUD_FLAG_INHERIT_FORK, "s-s-s");
#ifdef __x86_64__
	add_full(config_but_b_upcall(false), 0, V_REGS);
	add_full(c, SUD_FLAG_ENTRY_SYSCALL, "s-s--");
	add_full(c, SUD_FLAG_ENTRY_INT80, "----s");
	add_full(c, SUD_FLAG_ENTRY_COMPAT, V_OFF);
#else
	add_full(c, SUD_FLAG_ENTRY_SYSCALL, V_OFF);
	add_full(c, SUD_FLAG_ENTRY_INT80, V_OFF);
	add_full(c, SUD_FLAG_ENTRY_COMPAT, "s-s-s");
#endif
#ifdef __LP64__
	char *fs;

	asm("mov %%fs:0, %0" : "=r"(fs));
	c.selector = (char *)&tls_selector - fs;
	add_full(c, SUD_FLAG_SELECTOR_FS | SUD_FLAG_AUTO_ALLOW, "s-s-s");
	add_full(c,
		 SUD_FLAG_SELECTOR_FS | SUD_FLAG_AUTO_ALLOW |
			 SUD_FLAG_SIGRETURN | SUD_FLAG_INHERIT_THREAD |
			 SUD_FLAG_INHERIT_FORK | SUD_FLAG_ENTRY_SYSCALL |
			 SUD_FLAG_ENTRY_INT80 | SUD_FLAG_ENTRY_COMPAT,
		 "s-s-s");
#endif
}

TEST_LIMIT(get_exact, "GET_TASK gives what SET was given, byte for byte", false,
	   60)
{
	fill_full();
	for (int i = 0; i < full_count; i++) {
		armed_as = full[i].config;
		pid_t pid = bring_traceme();

		check_get(pid, &armed_as);
		finish(pid, full[i].want);
	}
}

TEST_LIMIT(set_exact,
	   "SET_TASK of it arms another thread just so, and GET gives it there",
	   false, 60)
{
	fill_full();
	for (int i = 0; i < full_count; i++) {
		armed_as = config_off;
		pid_t pid = bring_traceme();

		set_config(pid, &full[i].config);
		check_get(pid, &full[i].config);
		finish(pid, full[i].want);
	}
}

static void stop_and_get(void)
{
	struct sud_config c;

	stop_by_itself();
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(!memcmp(&c, &sh->config, sizeof(c)));
}

TEST_LIMIT(
	round_trip,
	"read, disarmed and armed again, it is as it was, its own GET included",
	false, 60)
{
	fill_full();
	for (int i = 0; i < full_count; i++) {
		struct sud_task_config t;
		struct sud_config c;

		armed_as = full[i].config;
		pid_t pid = bring(stop_and_get, 0);

		CHECK_OK(get_task(sud_fd, pid, &t, &c));
		set_config(pid, &config_off);
		check_get(pid, &config_off);
		CHECK_OK(sud_set_task(sud_fd, &t, &c));
		sh->config = armed_as;
		finish(pid, full[i].want);
	}
}

TEST(read_only_looks, "GET_TASK changes nothing, however often")
{
	struct sud_config b = config_but_b();

	armed_as = b;
	pid_t pid = bring_traceme();

	for (int i = 0; i < 1000; i++)
		check_get(pid, &b);
	finish(pid, V_BUT_B);
}

TEST(detached, "what the tracer set stays when it lets go")
{
	struct sud_config b = config_but_b();
	struct sud_task_config t;
	struct sud_config c;
	pid_t pid = bring_interrupt();
	int status;

	set_config(pid, &b);
	CHECK_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	CHECK_ERR(get_task(sud_fd, pid, &t, &c), EPERM);
	CHECK_ERR(set_task(sud_fd, pid, &config_off, 0), EPERM);
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	check_verdicts(sh->got[0], V_BUT_B);
}

static void set_by_itself(void)
{
	struct sud_config a = config_only_b();

	stop_by_itself();
	CHECK_OK(sud_disarm(sud_fd));
	CHECK_OK(sud_disarm(sud_fd));
	CHECK_OK(sud_set(sud_fd, &a));
}

TEST(own_set, "a thread that its tracer armed disarms and arms itself")
{
	struct sud_config b = config_but_b();
	pid_t pid = bring(set_by_itself, 0);

	set_config(pid, &b);
	finish(pid, V_ONLY_B);
}

/* The module may go while a tracee that was disarmed is still in its stop. */
static void check_unload(pid_t (*bring_to)(void), const char *want)
{
	struct sud_config a = config_only_b();

	armed_as = a;
	pid_t pid = bring_to();

	set_config(pid, &config_off);
	close(sud_fd);
	/* The tracee has a descriptor, too. */
	CHECK(!module_unload());
	CHECK_EQ(errno, EWOULDBLOCK);
	finish(pid, want);
	module_reload();
}

static void close_in_stop(void)
{
	CHECK_OK(close(sud_fd));
	stop_in_call();
}

static void check_unload_in_stop(bool at_entry)
{
	struct sud_config a = config_only_b();

	armed_as = a;
	pid_t pid = bring(close_in_stop, 0);

	if (at_entry)
		to_entry(pid, SYS_getppid);
	CHECK_EQ(module_refs(), 2);
	set_config(pid, &config_off);
	CHECK_EQ(module_refs(), 1);
	close(sud_fd);
	if (!module_unload())
		FAIL("unload: %s", strerror(errno));
	finish(pid, V_OFF);
	CHECK(module_load());
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

TEST(unload, "a disarmed tracee in its stop: the module goes when it closed")
{
	check_unload(bring_traceme, V_OFF);
	check_unload_in_stop(false);
}

TEST(unload_in_call, "also in the middle of a call that the hook let run")
{
	check_unload(bring_entry, V_OFF);
	check_unload_in_stop(true);
}
