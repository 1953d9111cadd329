// SPDX-License-Identifier: GPL-2.0-only
/*
 * What native SUD promises (Documentation/admin-guide/syscall-user-dispatch.rst
 * and kernel/entry/syscall_user_dispatch.c), asked of /dev/sud and, where there
 * is one, of the kernel's own prctl.
 */
#include <fcntl.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/int80.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_I386
#endif

/* glibc has the member's name since 2.34, and not on every platform. */
#define SI_ARCH(info) ((info)->si_arch)

TEST_BOTH(siginfo, "a blocked call gives SIGSYS with native siginfo")
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	blocked(MAGIC_NR, 1, 2, 3);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(seen.info.si_signo, SIGSYS);
	CHECK_EQ(seen.info.si_code, SYS_USER_DISPATCH);
	CHECK_EQ(seen.info.si_errno, 0);
	CHECK_EQ(seen.info.si_syscall, MAGIC_NR);
	CHECK(seen.info.si_call_addr == (void *)site_a_ip);
}

/* 5.10 lays out code 2 without si_arch for 32-bit and x32 programs. */
static bool has_si_arch(void)
{
	struct sud_info info;

	CHECK_OK(sud_info(sud_fd, &info));
	return sizeof(long) == 8 || info.native_modes;
}

TEST_BOTH(siginfo_arch, "si_arch says by which convention the call was made")
{
	if (!has_si_arch())
		SKIP("si_arch reads 0 here, see sud(4)");
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	blocked(MAGIC_NR, 1, 2, 3);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ((unsigned int)SI_ARCH(&seen.info), ARCH);
}

TEST_BOTH(result, "ax still holds the number after the handler returned")
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK_EQ(blocked(MAGIC_NR, 1, 2, 3), MAGIC_NR);
	CHECK_EQ(seen.count, 1);
}

TEST_BOTH(not_executed, "a blocked call is not executed")
{
	int fds[2];
	char c = 'x';

	CHECK_OK(pipe2(fds, O_NONBLOCK));
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	blocked(SYS_write, fds[1], (long)&c, 1);
	CHECK_EQ(seen.count, 1);
	CHECK_ERR(read(fds[0], &c, 1), EAGAIN);
}

TEST_BOTH(allow, "with the selector at ALLOW a call runs natively")
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), getpid());
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(seen.count, 0);
}

TEST_BOTH(null_selector,
	  "without a selector every call outside the region is blocked")
{
	/* The handler's own return and exit come from libc, in the region. */
	unsigned long from = (unsigned long)site_a;
	unsigned long to = (unsigned long)site_a_end;

	handle_sigsys();
	need_inclusive();
	CHECK_OK(arm(SUD_MODE_INCLUSIVE, from, to - from, NULL));
	site_a(MAGIC_NR, 0, 0, 0);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(site_b(SYS_getpid, 0, 0, 0), getpid());
	CHECK_EQ(seen.count, 1);
}

TEST_BOTH(null_selector_exclusive,
	  "exclusive without a selector, all code but one site exempt")
{
	/* Exempt is all that follows site_a: it wraps to the top of memory. */
	unsigned long end = (unsigned long)site_a_end;
	int pid = getpid();

	handle_sigsys();
	/* The handler and libc, too: see lib/sites.h. */
	CHECK((unsigned long)&handle_sigsys > end);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, end, -end - 1, NULL));
	CHECK_EQ(site_b(SYS_getpid, 0, 0, 0), pid);
	CHECK_EQ(seen.count, 0);
	site_a(MAGIC_NR, 0, 0, 0);
	CHECK_EQ(seen.count, 1);
}

TEST_BOTH(exclusive_bounds,
	  "exclusive: offset <= ip < offset + len runs natively")
{
	unsigned long ip = (unsigned long)site_a_ip;

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	/* First address of the region. */
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, ip, 1, &selector));
	CHECK(!dispatched_at(MAGIC_NR));
	selector = SUD_SELECTOR_ALLOW;
	/* Last one. */
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, ip - 9, 10, &selector));
	CHECK(!dispatched_at(MAGIC_NR));
	selector = SUD_SELECTOR_ALLOW;
	/* One past it. */
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, ip - 10, 10, &selector));
	CHECK(dispatched_at(MAGIC_NR));
	/* One in front of it. */
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, ip + 1, 10, &selector));
	CHECK(dispatched_at(MAGIC_NR));
}

TEST_BOTH(inclusive_bounds,
	  "inclusive: only offset <= ip < offset + len is dispatched")
{
	unsigned long ip = (unsigned long)site_a_ip;

	need_inclusive();
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_INCLUSIVE, ip, 1, &selector));
	CHECK(dispatched_at(MAGIC_NR));
	CHECK_OK(arm(SUD_MODE_INCLUSIVE, ip - 9, 10, &selector));
	CHECK(dispatched_at(MAGIC_NR));
	CHECK_OK(arm(SUD_MODE_INCLUSIVE, ip - 10, 10, &selector));
	CHECK(!dispatched_at(MAGIC_NR));
	CHECK_OK(arm(SUD_MODE_INCLUSIVE, ip + 1, 10, &selector));
	CHECK(!dispatched_at(MAGIC_NR));
	/* The selector counts inside only. */
	CHECK_OK(arm(SUD_MODE_INCLUSIVE, ip, 1, &selector));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

static void sigsys_blocked(void)
{
	sigset_t set;

	handle_sigsys();
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST_BOTH(blocked_sigsys, "SIGSYS while it is blocked kills")
{
	expect_death(sigsys_blocked, SIGSYS);
}

static void sigsys_ignored(void)
{
	signal(SIGSYS, SIG_IGN);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST_BOTH(ignored_sigsys, "SIGSYS while it is ignored kills")
{
	expect_death(sigsys_ignored, SIGSYS);
}

static void sigsys_default(void)
{
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST_BOTH(default_sigsys, "SIGSYS without a handler kills")
{
	expect_death(sigsys_default, SIGSYS);
}

TEST_BOTH(off, "mode OFF disarms, and may be asked for twice")
{
	handle_sigsys();
	CHECK_OK(disarm());
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
	CHECK_OK(disarm());
	CHECK(!armed_now());
	CHECK_OK(disarm());
}

TEST_BOTH(rearm, "arming again replaces region and selector")
{
	static volatile unsigned char other;

	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &other));
	CHECK(!armed_now());
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, (unsigned long)site_a, 64, &selector));
	CHECK(!armed_now());
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
}

/* Each is wrong in one way; an armed thread stays armed as it was. */
static void check_errors(void)
{
	void *kernel = (void *)~0xfffUL;

	CHECK_ERR(arm(3, 0, 0, NULL), EINVAL);
	CHECK_ERR(arm(SUD_MODE_OFF, 1, 0, NULL), EINVAL);
	CHECK_ERR(arm(SUD_MODE_OFF, 0, 1, NULL), EINVAL);
	CHECK_ERR(arm(SUD_MODE_OFF, 0, 0, &selector), EINVAL);
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 1, 0, &selector), EINVAL);
	if (sizeof(long) == 8) {
		CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 1, -1UL, &selector), EINVAL);
		CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, -1UL, 1, &selector), EINVAL);
		CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0, kernel), EFAULT);
		CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0,
			      (void *)0x8000000000000000UL),
			  EFAULT);
		/* The range is judged before the selector. */
		CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 1, 0, kernel), EINVAL);
	}
	if (native && !native_has(SUD_MODE_INCLUSIVE)) {
		CHECK_ERR(arm(SUD_MODE_INCLUSIVE, 1, 1, &selector), EINVAL);
		return;
	}
	CHECK_ERR(arm(SUD_MODE_INCLUSIVE, 0, 0, &selector), EINVAL);
	CHECK_ERR(arm(SUD_MODE_INCLUSIVE, 1, 0, &selector), EINVAL);
	if (sizeof(long) == 8) {
		CHECK_ERR(arm(SUD_MODE_INCLUSIVE, 1, -1UL, &selector), EINVAL);
		CHECK_ERR(arm(SUD_MODE_INCLUSIVE, -1UL, 1, &selector), EINVAL);
		CHECK_ERR(arm(SUD_MODE_INCLUSIVE, 1, 1, kernel), EFAULT);
	}
}

TEST_BOTH(errors_off, "bad arguments: one errno each, the thread stays off")
{
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	check_errors();
	CHECK(!armed_now());
}

TEST_BOTH(errors_armed, "bad arguments: the thread stays armed as it was")
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_ALLOW;
	check_errors();
	CHECK(armed_now());
}

TEST_BOTH(zero_offset,
	  "an exclusive region that starts at 0 may have any length")
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, -1UL, &selector));
	CHECK(!armed_now());
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 1, &selector));
	CHECK(armed_now());
}

TEST_BOTH(int80, "int $0x80 is dispatched, as an i386 call")
{
	need_int80();
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_int80(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(seen.info.si_syscall, MAGIC_NR);
	CHECK(seen.info.si_call_addr == (void *)site_int80_ip);
	CHECK_EQ(seen.info.si_code, SYS_USER_DISPATCH);
	if (has_si_arch())
		CHECK_EQ((unsigned int)SI_ARCH(&seen.info), AUDIT_ARCH_I386);
	/* And with ALLOW it runs: 20 is getpid there. */
	CHECK_EQ(site_int80(20, 0, 0, 0), getpid());
	CHECK_EQ(seen.count, 1);
}

TEST_BOTH(odd_numbers, "any number is dispatched and told as it is")
{
	static const int numbers[] = {
		0,    1,     -1,   0x7fffffff, (int)0x80000000,
		1000, -1000, -100, 0xffff,     0x40000000 | 39
	};

	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		CHECK_EQ(blocked(numbers[i], 0, 0, 0), numbers[i]);
		CHECK_EQ(seen.count, i + 1);
		CHECK_EQ(seen.info.si_syscall, numbers[i]);
	}
}

#ifdef __x86_64__
TEST_BOTH(wide_number, "a number of more than 32 bits stays in rax")
{
	long nr = (long)0x123456789abcLL;

	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK_EQ(blocked(nr, 0, 0, 0), nr);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(seen.info.si_syscall, (int)nr);
}

/* What the instruction found in the registers, and the handler must find. */
unsigned long long want[16], got[16];
unsigned long long got_flags;

TEST_BOTH(
	registers,
	"the handler sees all registers as at the instruction, and so does the code after")
{
	static const int greg[16] = { REG_RAX, REG_RBX, -1,	 REG_RDX,
				      REG_RSI, REG_RDI, REG_RBP, REG_RSP,
				      REG_R8,  REG_R9,	REG_R10, -1,
				      REG_R12, REG_R13, REG_R14, REG_R15 };
	extern char registers_ip[];

	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	for (int i = 0; i < 16; i++)
		want[i] = 0x1111111111111111ULL * i;
	want[0] = MAGIC_NR;
	selector = SUD_SELECTOR_BLOCK;
	asm volatile("pushq %%rbp; pushq %%rbx\n\t"
		     "subq $256, %%rsp\n\t" /* past the red zone */
		     "movq %%rsp, want+56(%%rip)\n\t"
		     "movq want(%%rip), %%rax\n\t"
		     "movq want+8(%%rip), %%rbx\n\t"
		     "movq want+24(%%rip), %%rdx\n\t"
		     "movq want+32(%%rip), %%rsi\n\t"
		     "movq want+40(%%rip), %%rdi\n\t"
		     "movq want+48(%%rip), %%rbp\n\t"
		     "movq want+64(%%rip), %%r8\n\t"
		     "movq want+72(%%rip), %%r9\n\t"
		     "movq want+80(%%rip), %%r10\n\t"
		     "movq want+96(%%rip), %%r12\n\t"
		     "movq want+104(%%rip), %%r13\n\t"
		     "movq want+112(%%rip), %%r14\n\t"
		     "movq want+120(%%rip), %%r15\n\t"
		     "std; stc\n\t"
		     "syscall\n\t"
		     ".globl registers_ip\n"
		     "registers_ip:\n\t"
		     "movq %%rax, got(%%rip)\n\t"
		     "movq %%rbx, got+8(%%rip)\n\t"
		     "movq %%rdx, got+24(%%rip)\n\t"
		     "movq %%rsi, got+32(%%rip)\n\t"
		     "movq %%rdi, got+40(%%rip)\n\t"
		     "movq %%rbp, got+48(%%rip)\n\t"
		     "movq %%rsp, got+56(%%rip)\n\t"
		     "movq %%r8, got+64(%%rip)\n\t"
		     "movq %%r9, got+72(%%rip)\n\t"
		     "movq %%r10, got+80(%%rip)\n\t"
		     "movq %%r12, got+96(%%rip)\n\t"
		     "movq %%r13, got+104(%%rip)\n\t"
		     "movq %%r14, got+112(%%rip)\n\t"
		     "movq %%r15, got+120(%%rip)\n\t"
		     "pushfq; popq got_flags(%%rip)\n\t"
		     "cld\n\t"
		     "addq $256, %%rsp\n\t"
		     "popq %%rbx; popq %%rbp\n\t"
		     :
		     :
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
		       "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	CHECK_EQ(seen.count, 1);
	for (int i = 0; i < 16; i++) {
		if (greg[i] < 0)
			continue;
		CHECK_EQ(seen.uc.uc_mcontext.gregs[greg[i]], want[i]);
		CHECK_EQ(got[i], want[i]);
	}
	CHECK_EQ(seen.uc.uc_mcontext.gregs[REG_RIP], (long)registers_ip);
	/* SYSCALL itself leaves these two. */
	CHECK_EQ(seen.uc.uc_mcontext.gregs[REG_RCX], (long)registers_ip);
	/* DF and CF. */
	CHECK_EQ(seen.uc.uc_mcontext.gregs[REG_EFL] & 0x401, 0x401);
	CHECK_EQ(got_flags & 0x401, 0x401);
}
#endif
