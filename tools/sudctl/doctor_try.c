// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl doctor: a real test. A child of each test is armed, and makes one call,
 * which has to be handed back by the delivery in question.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <sud.h>

#include "doctor.h"
#include "system.h"

/* No pid has these numbers, so getppid() did not run. */
#define HANDED_BACK 0x7ffffff1
#define OTHER_NUMBER 0x7ffffff0
/* How the child ends. */
#define GOOD 0
#define RAN 1 /* the call was made */
#define WRONG 2 /* it was handed back, with something wrong about it */
#define NOT_ARMED 32 /* and the errno behind it */
#define LIMIT 10

/*
 * The entries of upcalls, which make no call themselves. In registers: rcx holds the
 * address to go on at. With frames: the last frame holds it, and rcx and the flags
 * are the caller's to lose.
 */
extern char sudctl_entry_registers[], sudctl_entry_frames[];
uint64_t sudctl_top __attribute__((used));
uint32_t sudctl_number __attribute__((used));

__asm__(".text\n"
	"sudctl_entry_registers:\n\t"
	"movl %eax, sudctl_number(%rip)\n\t"
	"movl $0x7ffffff1, %eax\n\t"
	"jmp *%rcx\n"
	"sudctl_entry_frames:\n\t"
	"movq sudctl_top(%rip), %rcx\n\t"
	"movl 16(%rcx), %eax\n\t" /* struct sud_upcall_frame: nr */
	"movl %eax, sudctl_number(%rip)\n\t"
	"addq $32, sudctl_top(%rip)\n\t" /* the whole of it */
	"movl $0x7ffffff1, %eax\n\t"
	"jmp *(%rcx)\n"); /* ip */

static volatile char selector;
static struct sud_upcall_frame frames[4];

/* getppid() while the selector says BLOCK, and no other call. */
static long blocked_call(void)
{
	long result;

	selector = SUD_SELECTOR_BLOCK;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_getppid)
			 : "rcx", "r11", "cc", "memory");
	selector = SUD_SELECTOR_ALLOW;
	return result;
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	/* 2 is SYS_USER_DISPATCH. */
	if (info->si_code == 2)
		sudctl_number = info->si_syscall;
	uc->uc_mcontext.gregs[REG_RAX] = HANDED_BACK;
}

static void catch_sigsys(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };
	sigset_t set;

	action.sa_sigaction = on_sigsys;
	sigaction(SIGSYS, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int child(const struct sud_config *config, int fd)
{
	long result;

	/* A call that hangs ends the child. */
	alarm(LIMIT);
	catch_sigsys();
	if (sud_set(fd, config))
		return NOT_ARMED + errno;
	sudctl_number = 0;
	result = blocked_call();
	if (result == OTHER_NUMBER)
		return WRONG;
	if (result != HANDED_BACK)
		return RAN;
	/* The supervisor has looked at it. */
	if (config->delivery == SUD_DELIVER_NOTIFY)
		return GOOD;
	return sudctl_number == SYS_getppid ? GOOD : WRONG;
}

static void explain(struct finding *finding, int status)
{
	int end = WEXITSTATUS(status);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		found(finding, BAD, "the child hung for %d s", LIMIT);
	else if (WIFSIGNALED(status))
		found(finding, BAD, "the child died of %s",
		      strsignal(WTERMSIG(status)));
	else if (end == GOOD)
		found(finding, FINE, "a call was handed back");
	else if (end == RAN)
		found(finding, BAD,
		      "the call was made, though it was to be blocked");
	else if (end == WRONG)
		found(finding, BAD, "the call came back with another number");
	else
		found(finding, BAD, "the child could not be armed: %s",
		      strerror(end - NOT_ARMED));

	if (finding->verdict != BAD)
		return;
	if (WIFEXITED(status) && end == NOT_ARMED + EPERM)
		mend(finding, "see \"switch\"");
	else if (WIFEXITED(status) && end == NOT_ARMED + EBUSY)
		mend(finding,
		     "run sudctl from a program that the kernel's own prctl has not armed");
	else
		mend(finding,
		     "report it, with the output of sudctl doctor and of dmesg | grep sud");
}

static void no_listener(struct finding *finding)
{
	found(finding, BAD, "no listener can be made: %s", strerror(errno));
	if (errno == ENOTTY)
		mend(finding,
		     "load the module that came with this sudctl: modprobe -r sud && modprobe sud");
}

/* One call; or none, when the child ends without it. */
static void supervise(int listener)
{
	struct pollfd poll_fd = { .fd = listener, .events = POLLIN };
	struct sud_notification call;
	struct sud_answer answer = { .result = OTHER_NUMBER };

	if (poll(&poll_fd, 1, LIMIT * 1000) != 1 ||
	    !(poll_fd.revents & POLLIN) ||
	    sud_serve(listener, NULL, 0, &call, 1) != 1)
		return;
	answer.id = call.id;
	if (call.nr == SYS_getppid)
		answer.result = HANDED_BACK;
	sud_serve(listener, &answer, 1, NULL, 0);
}

static void try(struct sud_config *config, struct finding *finding)
{
	int fd = sud_open(), listener = -1, status;
	pid_t pid;

	if (fd < 0) {
		found(finding, BAD, "not tried: %s", system_absent(errno));
		return;
	}
	if (config->delivery == SUD_DELIVER_NOTIFY) {
		listener = sud_listen(fd, 0);
		if (listener < 0) {
			no_listener(finding);
			close(fd);
			return;
		}
	}
	config->size = sizeof(*config);
	config->mode = SUD_MODE_EXCLUSIVE;
	config->selector = (uintptr_t)&selector;
	pid = fork();
	if (!pid)
		_exit(child(config, fd));
	close(fd);
	if (listener >= 0) {
		if (pid > 0)
			supervise(listener);
		close(listener);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		found(finding, BAD, "not tried: no child can be made: %s",
		      strerror(errno));
	else
		explain(finding, status);
}

void try_sigsys(const struct machine *machine, struct finding *finding)
{
	struct sud_config config = { .delivery = SUD_DELIVER_SIGSYS };

	(void)machine;
	try(&config, finding);
}

void try_registers(const struct machine *machine, struct finding *finding)
{
	struct sud_config config = {
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = (uintptr_t)sudctl_entry_registers,
	};

	(void)machine;
	try(&config, finding);
}

void try_frames(const struct machine *machine, struct finding *finding)
{
	struct sud_config config = {
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = (uintptr_t)sudctl_entry_frames,
		.upcall_frame = (uintptr_t)&sudctl_top,
	};

	(void)machine;
	sudctl_top = (uintptr_t)(frames + 4);
	try(&config, finding);
}

void try_listener(const struct machine *machine, struct finding *finding)
{
	struct sud_config config = { .delivery = SUD_DELIVER_NOTIFY };

	(void)machine;
	try(&config, finding);
}
