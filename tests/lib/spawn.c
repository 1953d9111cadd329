// SPDX-License-Identifier: GPL-2.0-only
#include "spawn.h"

#include <limits.h>
#include <linux/futex.h>

#include "armed.h"
#include "backend.h"
#include "clock.h"
#include "harness.h"
#include "sigsys.h"
#include "sites.h"

struct spawn_found *found;
void (*spawn_fn)(void);

char spawn_stack[SPAWN_STACK_SIZE] __attribute__((aligned(64)));

/* Says that it is done, and exits without touching its stack. */
__attribute__((noreturn)) static inline void spawn_exit(void)
{
#ifdef __x86_64__
	asm volatile("movl $1, (%%rdi)\n\t"
		     "syscall\n\t"
		     "movl %[exit], %%eax\n\t"
		     "xorl %%edi, %%edi\n\t"
		     "syscall\n\t"
		     "ud2"
		     :
		     : "a"(SYS_futex), "D"(&found->done), "S"(FUTEX_WAKE),
		       "d"(INT_MAX), [exit] "i"(SYS_exit)
		     : "rcx", "r11", "memory");
#else
	asm volatile("movl $1, (%%ebx)\n\t"
		     "int $0x80\n\t"
		     "movl %[exit], %%eax\n\t"
		     "xorl %%ebx, %%ebx\n\t"
		     "int $0x80\n\t"
		     "ud2"
		     :
		     : "a"(SYS_futex), "b"(&found->done), "c"(FUTEX_WAKE),
		       "d"(INT_MAX), [exit] "i"(SYS_exit)
		     : "memory");
#endif
	__builtin_unreachable();
}

/* spawn.S calls it in the child, on its stack. */
void spawn_child(int first) __attribute__((noreturn));
void spawn_child(int first)
{
	if (site_b(SYS_gettid, 0, 0, 0) == found->parent)
		FAIL("the parent's call was not dispatched");
	found->first = first;
	found->get =
		site_b(SYS_ioctl, sud_fd, SUD_IOC_GET, (long)&found->config);
	if (spawn_fn)
		spawn_fn();
	spawn_exit();
}

/* For SIGSYS: the second call of spawn(), or any other blocked call. */
static void spawn_on_sigsys(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	char *ip = info->si_call_addr;
	bool first = ip == spawn_first_ip;

	(void)sig;
#ifdef __x86_64__
	first = first || ip == spawn_int80_first_ip;
#endif
	if (first) {
		ip = regs[SPAWN_AX] ? spawn_parent : spawn_dispatched;
		regs[SPAWN_IP] = (uintptr_t)ip;
		return;
	}
	selector = SUD_SELECTOR_ALLOW;
	seen.count++;
}

void spawn_init(void)
{
	struct sigaction sa = { .sa_sigaction = spawn_on_sigsys,
				.sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	found = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(found != MAP_FAILED);
}

void spawn_reset(void)
{
	memset(found, 0, sizeof(*found));
	found->config.size = sizeof(found->config);
	found->get = -1;
	found->parent = syscall(SYS_gettid);
}

void spawn_wait(void)
{
	struct timespec second = { 1, 0 };
	int seconds = 0;

	while (!found->done) {
		if (seconds == 60)
			FAIL("the child has not reported");
		/* Signals wake it, too, and there may be storms of them. */
		if (syscall(SYS_futex, &found->done, FUTEX_WAIT, 0, &second,
			    NULL, 0) &&
		    errno == ETIMEDOUT)
			seconds++;
	}
}

struct sud_config spawn_config_at(const char *ip, unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)ip,
		.len = 1,
		.flags = flags,
	};
}

struct sud_config spawn_config(unsigned int flags)
{
	return spawn_config_at(spawn_first_ip, flags);
}

struct spawn_call spawn_clone(uint64_t flags)
{
	return (struct spawn_call){
		SYS_clone,
		{ flags, (uintptr_t)(spawn_stack + sizeof(spawn_stack)), -1, -1,
		  -1 },
	};
}

void end_child(long pid, uint64_t flags)
{
	int status;

	spawn_wait();
	if (flags & (CLONE_THREAD | CLONE_PARENT))
		return;
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	CHECK_EQ(status, 0);
}

void check_report(const struct sud_config *want, int first, const char *what,
		  uint64_t flags)
{
	if (found->first != first || found->get ||
	    !same(&found->config, want ? want : &config_off))
		FAIL("%s, flags %#llx: should be %s; first %d, GET %ld, mode %u, flags %#x",
		     what, (unsigned long long)flags, want ? "armed" : "off",
		     found->first, found->get, found->config.mode,
		     found->config.flags);
}

void check_found(const struct sud_config *want, const char *what,
		 uint64_t flags)
{
	check_report(want, want ? FIRST_DISPATCHED : FIRST_RAN, what, flags);
}

void check_plain(const struct sud_config *want, const char *what)
{
	check_report(want, FIRST_NONE, what, 0);
}

void check_fork(unsigned int flags)
{
	struct sud_config c = spawn_config(flags);
	struct spawn_call call = { SYS_fork, { -1, -1, -1, -1, -1 } };
	long pid;

	CHECK_OK(sud_set(sud_fd, &c));
	spawn_reset();
	pid = spawn(&call);
	CHECK_OK(pid);
	end_child(pid, 0);
	check_found(flags & SUD_FLAG_INHERIT_FORK ? &c : NULL, "fork", flags);
}
