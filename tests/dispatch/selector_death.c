// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tracer sees of a death by a bad selector: as with native SUD, the call
 * ends with ENOSYS, its number is there, and its exit is shown though its entry is
 * not.
 */
#include <sys/ptrace.h>
#include <sys/user.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#define SYSCALL_STOP (SIGTRAP | 0x80)

static unsigned char *page;

static void die(int how)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	if (how == SIGSEGV)
		munmap(page, 4096);
	else
		*page = 77;
	site_a(MAGIC_NR, 0, 0, 0);
	_exit(1);
}

/*
 * How many stops of system calls have this number, up to the thread's exit. Before
 * 5.16 nothing keeps the deadly signal from a tracer, who lets it pass.
 */
static int stops_with(pid_t pid, long nr, int deadly,
		      struct user_regs_struct *regs)
{
	int status, seen = 0, pass = 0;

	for (;;) {
		CHECK_OK(ptrace(PTRACE_SYSCALL, pid, 0, pass));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSTOPPED(status));
		pass = 0;
		if (status >> 8 == deadly && !native_has(SUD_MODE_EXCLUSIVE)) {
			pass = deadly;
			continue;
		}
		if (WSTOPSIG(status) != SYSCALL_STOP) {
			/* The exit event, at which the registers are the last. */
			CHECK_EQ(status >> 8, SIGTRAP | PTRACE_EVENT_EXIT << 8);
			return seen;
		}
		CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, regs));
		seen += (long)regs->orig_rax == nr;
	}
}

static void check_death(int how)
{
	struct user_regs_struct regs, last;
	int status, stops;
	pid_t pid;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	handle_sigsys();
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		/* libc's calls run; those of site_a are judged. */
		CHECK_OK(arm(SUD_MODE_EXCLUSIVE, (unsigned long)site_a_end,
			     -(unsigned long)site_a_end - 1, page));
		die(how);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT |
				PTRACE_O_EXITKILL));
	stops = stops_with(pid, MAGIC_NR, how, &regs);
	CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &last));
	CHECK_EQ(stops, 1);
	CHECK_EQ(regs.rax, -ENOSYS);
	CHECK_EQ(last.orig_rax, MAGIC_NR);
	CHECK_EQ(last.rax, -ENOSYS);
	CHECK_EQ(last.rip, (unsigned long)site_a_ip);
	CHECK_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), how);
}

TEST_BOTH(bad_byte, "of a byte that is neither: the call's exit, with ENOSYS")
{
	check_death(SIGSYS);
}

TEST_BOTH(no_page, "and of one that cannot be read")
{
	check_death(SIGSEGV);
}
