// SPDX-License-Identifier: GPL-2.0-only
#include "tracer.h"

#include "armed.h"
#include "backend.h"
#include "clock.h"
#include "harness.h"
#include "module.h"
#include "sigsys.h"
#include "sites.h"
#include "tls.h"
#include "upcalls.h"

struct shared *sh;
struct sud_config armed_as;
int go[2];
int pending;
const char *image_path = "/proc/self/exe";

static int sh_fd;

static void map_shared(void)
{
	sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, sh_fd, 0);
	CHECK(sh != MAP_FAILED);
}

void share(void)
{
	/* Not closed by exec. */
	sh_fd = syscall(SYS_memfd_create, "tracee", 0);
	CHECK_OK(sh_fd);
	CHECK_OK(ftruncate(sh_fd, 4096));
	map_shared();
}

static char probe(long (*site)(long, long, long, long), int value)
{
	int signals = seen.count;
	uint64_t upcalls = up_count;
	long r;

	tls_selector = value;
	selector = value;
	r = site(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	tls_selector = SUD_SELECTOR_ALLOW;
	signals = seen.count - signals;
	upcalls = up_count - upcalls;
	if (r == -ENOSYS && !signals && !upcalls)
		return '-';
	if (r == MAGIC_NR && signals == 1 && !upcalls)
		return 's';
	if (r == RESULT && !signals && upcalls == 1)
		return 'u';
	return '?';
}

void probes(char *got)
{
	got[0] = probe(site_a, SUD_SELECTOR_BLOCK);
	got[1] = probe(site_a, SUD_SELECTOR_ALLOW);
	got[2] = probe(site_b, SUD_SELECTOR_BLOCK);
	got[3] = probe(site_b, SUD_SELECTOR_ALLOW);
	got[4] = probe(site_int80, SUD_SELECTOR_BLOCK);
	got[5] = 0;
}

void check_verdicts(const char *got, const char *want)
{
	if (strcmp(got, want))
		FAIL("verdicts %s, not %s", got, want);
}

struct sud_config config_only_b(void)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)site_b,
		.len = site_b_end - (char *)site_b,
	};
}

struct sud_config config_but_b(void)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.offset = (uintptr_t)site_b,
		.len = site_b_end - (char *)site_b,
		.selector = (uintptr_t)&selector,
	};
}

struct sud_config config_but_b_upcall(bool with_frames)
{
	struct sud_config c = config_but_b();

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = with_frames ? (uintptr_t)entry_frames
				     : (uintptr_t)entry_regs;
	c.upcall_frame = with_frames ? (uintptr_t)&up_top : 0;
	reset_frames();
	return c;
}

void add_range(int fd, void *from, void *to)
{
	struct sud_range range = { (uintptr_t)from,
				   (uintptr_t)to - (uintptr_t)from };

	CHECK_OK(sud_regions_add(fd, &range, 1));
}

struct sud_config config_set(void)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_INCLUSIVE,
		.flags = SUD_FLAG_REGIONS,
	};
}

int get_task(int fd, pid_t tid, struct sud_task_config *t, struct sud_config *c)
{
	*t = (struct sud_task_config){ .tid = tid };
	return sud_get_task(fd, t, c);
}

int set_task(int fd, pid_t tid, const struct sud_config *c, uint64_t set)
{
	struct sud_task_config t = { .tid = tid, .set = set };

	t.flags = c->mode == SUD_MODE_OFF ? 0 : OWN_BITS;
	return sud_set_task(fd, &t, c);
}

void set_config(pid_t tid, const struct sud_config *c)
{
	CHECK_OK(set_task(sud_fd, tid, c, 0));
}

void check_get(pid_t tid, const struct sud_config *want)
{
	struct sud_task_config t;
	struct sud_config c;

	CHECK_OK(get_task(sud_fd, tid, &t, &c));
	CHECK_EQ(c.mode, want->mode);
	CHECK(!memcmp(&c, want, sizeof(c)));
	CHECK_EQ(t.flags, want->mode == SUD_MODE_OFF ? 0 : OWN_BITS);
	CHECK_EQ(!!t.set, !!(want->flags & SUD_FLAG_REGIONS));
	CHECK_EQ(t.reserved, 0);
	CHECK_EQ(t.tid, tid);
	CHECK_EQ(t.size, sizeof(t));
	CHECK(t.config == (uintptr_t)&c);
}

int wait_stop(pid_t tid)
{
	int status;

	CHECK_EQ(waitpid(tid, &status, __WALL), tid);
	if (!WIFSTOPPED(status))
		FAIL("wait status %#x, not a stop", status);
	return status >> 8;
}

void cont(pid_t tid, int sig)
{
	CHECK_OK(ptrace(PTRACE_CONT, tid, 0, sig));
}

bool is_ready(void)
{
	return sh->ready;
}

pid_t tracee_start(void (*stop)(void))
{
	pid_t pid;

	if (!sh)
		share();
	memset(sh, 0, sizeof(*sh));
	pending = 0;
	seen.count = 0;
	reset_frames();
	CHECK_OK(pipe(go));
	pid = fork();
	if (!pid) {
		handle_sigsys();
		selector = SUD_SELECTOR_ALLOW;
		if (armed_as.mode != SUD_MODE_OFF)
			CHECK_OK(sud_set(sud_fd, &armed_as));
		stop();
		probes(sh->got[0]);
		_exit(0);
	}
	CHECK_OK(pid);
	return pid;
}

int run_to_end(pid_t pid)
{
	int status, sig = pending;

	CHECK_OK(write(go[1], "x", 1));
	close(go[0]);
	close(go[1]);
	for (;;) {
		cont(pid, sig);
		CHECK_EQ(waitpid(pid, &status, __WALL), pid);
		if (!WIFSTOPPED(status))
			return status;
		sig = WSTOPSIG(status);
		if (status >> 16 || sig == SIGSTOP || sig == SIGTRAP)
			sig = 0;
	}
}

void finish(pid_t pid, const char *want)
{
	CHECK_EQ(run_to_end(pid), 0);
	check_verdicts(sh->got[0], want);
}

void stop_by_itself(void)
{
	CHECK_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
	raise(SIGSTOP);
}

pid_t bring(void (*stop)(void), unsigned long options)
{
	pid_t pid = tracee_start(stop);

	CHECK_EQ(wait_stop(pid), SIGSTOP);
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | options));
	return pid;
}

pid_t bring_traceme(void)
{
	return bring(stop_by_itself, 0);
}

void stop_then_exit(void)
{
	stop_by_itself();
	_exit(7);
}

void sleep_until_go(void)
{
	char c;

	sh->ready = 1;
	CHECK_EQ(read(go[0], &c, 1), 1);
}

pid_t bring_asleep(void)
{
	pid_t pid = tracee_start(sleep_until_go);

	CHECK(wait_until(is_ready, 10000));
	return pid;
}

pid_t bring_interrupt(void)
{
	pid_t pid = bring_asleep();

	CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL));
	CHECK_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	CHECK_EQ(wait_stop(pid), EVENT_STOP(SIGTRAP));
	return pid;
}

static void stop_as_a_group(void)
{
	sleep_until_go();
	raise(SIGSTOP);
}

pid_t bring_group(void)
{
	pid_t pid = tracee_start(stop_as_a_group);

	CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL));
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(wait_stop(pid), SIGSTOP);
	cont(pid, SIGSTOP);
	CHECK_EQ(wait_stop(pid), EVENT_STOP(SIGSTOP));
	return pid;
}

void to_entry(pid_t pid, unsigned long nr)
{
	struct __ptrace_syscall_info info;
	int sig = 0;

	for (;;) {
		CHECK_OK(ptrace(PTRACE_SYSCALL, pid, 0, sig));
		int stop = wait_stop(pid);

		sig = stop == SIGCHLD ? stop : 0;
		if (sig)
			continue;
		CHECK_EQ(stop, SIGTRAP | 0x80);
		CHECK_OK(ptrace(PTRACE_GET_SYSCALL_INFO, pid,
				(void *)sizeof(info), &info));
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == nr)
			return;
	}
}

/*
 * What this program does when a test executes it: "probe" stops itself and
 * notes its verdicts, "loop" executes itself over and over.
 */
static char *image_args[] = { "image", NULL };

void image_exec(const char *path, const char *what, int n)
{
	char text[64];
	char *env[2] = { text, NULL };

	snprintf(text, sizeof(text), "SUD_TRACEE=%s %d %d", what, sh_fd, n);
	execve(path, image_args, env);
}

static void tell_addresses(void)
{
	sh->b = (uintptr_t)site_b;
	sh->b_end = (uintptr_t)site_b_end;
	sh->selector = (uintptr_t)&selector;
	sh->entry = (uintptr_t)entry_frames;
	sh->top = (uintptr_t)&up_top;
	sh->bits = OWN_BITS;
	sh->uid = geteuid();
}

__attribute__((constructor)) static void image(void)
{
	const char *env = getenv("SUD_TRACEE");
	char what[16];
	int n;

	if (!env)
		return;
	if (sscanf(env, "%15s %d %d", what, &sh_fd, &n) != 3)
		_exit(40);
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	map_shared();
	sh->rounds[0]++;
	if (!strcmp(what, "loop") && n) {
		image_exec("/proc/self/exe", what, n - 1);
		_exit(41);
	}
	if (!strcmp(what, "probe")) {
		tell_addresses();
		if (sh->self_arm) {
			sh->config = config_but_b_upcall(true);
			CHECK_OK(sud_set(sud_open(), &sh->config));
		}
		reset_frames();
		raise(SIGSTOP);
		probes(sh->got[0]);
	}
	_exit(0);
}

void stop_then_exec(void)
{
	stop_by_itself();
	image_exec(image_path, "probe", 0);
	FAIL("exec: %s", strerror(errno));
}

void check_both(pid_t tid, int err)
{
	struct sud_config b = config_but_b();
	struct sud_task_config t;
	struct sud_config c;

	CHECK_ERR(get_task(sud_fd, tid, &t, &c), err);
	CHECK_ERR(set_task(sud_fd, tid, &b, 0), err);
	CHECK_ERR(set_task(sud_fd, tid, &config_off, 0), err);
}

void check_nothing_left(int refs)
{
	CHECK_EQ(module_refs(), refs);
	CHECK_OK(close(sud_fd));
	module_reload();
}

struct sud_task_config good_task(pid_t tid, unsigned int cmd,
				 struct sud_config *c)
{
	struct sud_config a = config_only_b();

	*c = a;
	return (struct sud_task_config){
		.size = sizeof(struct sud_task_config),
		.tid = tid,
		.flags = cmd == SUD_IOC_SET_TASK ? OWN_BITS : 0,
		.config = (uintptr_t)c,
	};
}
