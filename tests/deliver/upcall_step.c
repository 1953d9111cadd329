// SPDX-License-Identifier: GPL-2.0-only
/*
 * A debugger steps over a call: what the program can see of it. The SIGTRAP after
 * a call that ran and the one at an upcall's entry are the kernel's and the
 * module's own, and say the same; and no register shows the trap flag.
 */
#include <sys/ptrace.h>
#include <sys/user.h>
#include <ucontext.h>

#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"
#include "lib/upcalls.h"

#define TF 0x100
#define X86_TRAP_DB 1

/*
 * A fault whose number and error stay behind, and then the call. The debugger
 * takes the thread past the fault itself.
 */
long step_site(long nr, const volatile void *nothing);
extern char step_fault[], step_call[];

asm(".text\n"
    ".globl step_site, step_fault, step_call\n"
    "step_site:\n\t"
    "movq %rdi, %rax\n"
    "step_fault:\n\t"
    "movb (%rsi), %dl\n"
    "step_call:\n\t"
    "syscall\n\t"
    "ret\n");

static void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	sh->rounds[0] = uc->uc_mcontext.gregs[REG_TRAPNO];
	sh->rounds[1] = uc->uc_mcontext.gregs[REG_ERR];
	sh->rounds[2] = info->si_code;
	sh->rounds[3] = (uintptr_t)info->si_addr;
	sh->turn++;
}

static int value;
static long want_result;

static void stepped(void)
{
	struct sigaction sa = { .sa_sigaction = on_trap,
				.sa_flags = SA_SIGINFO };
	uint64_t before = up_count;
	long r;

	CHECK_OK(sigaction(SIGTRAP, &sa, NULL));
	stop_by_itself();
	selector = value;
	r = step_site(MAGIC_NR, NULL);
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(r, want_result);
	CHECK_EQ(up_count, before + (value == SUD_SELECTOR_BLOCK));
	CHECK_EQ(up_r11 & TF, 0);
	CHECK_EQ(up_frame.flags & TF, 0);
	_exit(0);
}

static void step_over(const struct sud_config *c, int sel, void *at)
{
	struct user_regs_struct regs;

	armed_as = *c;
	value = sel;
	want_result = sel == SUD_SELECTOR_BLOCK ? RESULT : -ENOSYS;
	pid_t pid = bring(stepped, 0);

	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), SIGSEGV);
	CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	CHECK_EQ(regs.rip, (uintptr_t)step_fault);
	regs.rip = (uintptr_t)step_call;
	CHECK_OK(ptrace(PTRACE_SETREGS, pid, 0, &regs));
	CHECK_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
	CHECK_EQ(wait_stop(pid), SIGTRAP);
	CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	CHECK_EQ(regs.rip, (uintptr_t)at);
	if (sel == SUD_SELECTOR_BLOCK)
		CHECK_EQ(regs.r11 & TF, 0);
	/* The program's own handler gets it, too. */
	cont(pid, SIGTRAP);
	int status;

	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(sh->turn, 1);
	CHECK_EQ(sh->rounds[3], (uintptr_t)at);
	CHECK_EQ(sh->rounds[2], TRAP_BRKPT);
	CHECK_EQ(sh->rounds[0], X86_TRAP_DB);
	CHECK_EQ(sh->rounds[1], 0);
}

TEST(step_natural, "a step over a call that runs: the kernel's SIGTRAP")
{
	struct sud_config c = config_but_b_upcall(false);

	step_over(&c, SUD_SELECTOR_ALLOW, step_call + 2);
}

TEST(step_regs, "the same at an upcall's entry, in registers")
{
	struct sud_config c = config_but_b_upcall(false);

	step_over(&c, SUD_SELECTOR_BLOCK, entry_regs);
}

TEST(step_frames, "the same with frames")
{
	struct sud_config c = config_but_b_upcall(true);

	step_over(&c, SUD_SELECTOR_BLOCK, entry_frames);
}

static void check_r11(void)
{
	stop_by_itself();
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	CHECK_EQ(up_r11 & TF, 0);
	CHECK_EQ(up_frame.flags & TF, 0);
}

/* All the way, by single steps. */
static void step_through(const struct sud_config *c)
{
	int status, sig = 0;

	armed_as = *c;
	pid_t pid = bring(check_r11, 0);

	for (;;) {
		CHECK_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, sig));
		CHECK_EQ(waitpid(pid, &status, __WALL), pid);
		if (!WIFSTOPPED(status))
			break;
		sig = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
	}
	CHECK_EQ(status, 0);
	check_verdicts(sh->got[0], c->upcall_frame ? V_FRAMES : V_REGS);
}

TEST(flag_regs, "r11 shows no debugger's trap flag, in registers")
{
	struct sud_config c = config_but_b_upcall(false);

	step_through(&c);
}

TEST(flag_frames, "nor does it with frames")
{
	struct sud_config c = config_but_b_upcall(true);

	step_through(&c);
}
