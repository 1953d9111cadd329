// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upcalls: a blocked call continues at the program's entry, in both forms, with
 * everything as at the instruction.
 */
#include <stddef.h>
#include <sys/auxv.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/int80.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

static void check_frame(long nr, char *ip, unsigned int arch)
{
	CHECK_EQ(up_frame.ip, (uintptr_t)ip);
	CHECK_EQ((int)up_frame.nr, (int)nr);
	CHECK_EQ(up_frame.arch, arch);
	CHECK_EQ(up_frame.reserved, 0);
	CHECK_EQ(up_frame.flags & 0x202, 0x202);
	CHECK_EQ(up_frame.flags & 0x100, 0);
	CHECK_EQ(up_top, (uintptr_t)up_frames + sizeof(up_frames));
}

TEST(frames,
     "with a stack of frames: the frame says all, the result is the handler's")
{
	unsigned short cs;

	arm_upcall(true);
	asm("mov %%cs, %0" : "=r"(cs));
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(blocked(MAGIC_NR, 1, 2, 3), RESULT);
		CHECK_EQ(up_count, i);
#ifdef __x86_64__
		CHECK_EQ(up_ax, MAGIC_NR);
		check_frame(MAGIC_NR, site_a_ip, AUDIT_ARCH_X86_64);
#else
		CHECK_EQ((unsigned int)up_ax, MAGIC_NR);
		check_frame(MAGIC_NR, site_a_ip, AUDIT_ARCH_I386);
#endif
		CHECK_EQ(up_frame.cs, cs);
	}
}

TEST(frames_int80, "int $0x80 with a stack of frames")
{
	need_int80();
	arm_upcall(true);
	selector = SUD_SELECTOR_BLOCK;
	/* cx is the guest's second argument there. */
	CHECK_EQ(site_int80(MAGIC_NR, 1, 0x1234, 3), RESULT);
	CHECK_EQ(up_count, 1);
	CHECK_EQ((unsigned int)up_cx, 0x1234);
	check_frame(MAGIC_NR, site_int80_ip, AUDIT_ARCH_I386);
}

TEST(no_frames_int80, "without one it comes by SIGSYS")
{
	need_int80();
	handle_sigsys();
	arm_upcall(false);
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_int80(MAGIC_NR, 1, 2, 3), MAGIC_NR);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(up_count, 0);
}

TEST(sigsys_blocked, "an upcall needs no SIGSYS: it may be blocked or ignored")
{
	sigset_t set;

	sigfillset(&set);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGSYS, SIG_IGN);
	arm_upcall(true);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), RESULT);
		CHECK_EQ(up_count, i);
	}
	sigset_t now;

	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGSYS));
}

static const int restart_numbers[] = { -1, -512, -513, -514, -516 };

static volatile int usr1;

static void on_usr1(int sig)
{
	(void)sig;
	usr1++;
}

/* Another process keeps signals pending at the blocked calls. */
TEST(restart_numbers,
     "numbers that look like restart codes, under a storm of signals")
{
	pid_t pid, me = getpid();

	/* The handler's return is a call, so it must be let through. */
	struct sud_config c = config_upcall(true);

	c.flags = SUD_FLAG_AUTO_ALLOW;
	c.mode = SUD_MODE_INCLUSIVE;
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	signal(SIGUSR1, on_usr1);
	pid = fork();
	if (!pid) {
		while (!kill(me, SIGUSR1))
			;
		_exit(0);
	}
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 1; i <= 20000 || (!usr1 && i <= 5000000); i++) {
		int nr = restart_numbers[i % 5];

		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_a(nr, 1, 2, 3), RESULT);
		CHECK_EQ((int)up_ax, nr);
		CHECK_EQ(up_frame.ip, (uintptr_t)site_a_ip);
		CHECK_EQ(up_count, i);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(usr1 > 0);
}

/* Each is a good configuration with one thing wrong. */
TEST(bad_config,
     "each bad upcall configuration has its errno, and changes nothing")
{
	static const struct {
		size_t at;
		uint64_t value;
		int err;
	} cases[] = {
#define C(field, value, err) { offsetof(struct sud_config, field), value, err }
		C(upcall_entry, 0, EINVAL),
		C(upcall_entry, 1ULL << 63, EFAULT),
		C(upcall_entry, 1ULL << 56, EFAULT),
		C(upcall_entry, 0xffffffff81000000, EFAULT),
		C(upcall_entry, -1, EFAULT),
		C(upcall_frame, 1ULL << 63, EFAULT),
		C(upcall_frame, 1ULL << 56, EFAULT),
		C(upcall_frame, 0xffffffff81000000, EFAULT),
		C(upcall_frame, -1, EFAULT),
		C(upcall_frame, -8, EFAULT),
#ifndef __LP64__
		C(upcall_entry, 1ULL << 32, EFAULT),
		C(upcall_frame, 1ULL << 32, EFAULT),
		C(upcall_frame, (1ULL << 32) - 4, EFAULT),
#endif
#undef C
	};
	struct sud_config c, before, after;

	arm_upcall(true);
	CHECK_OK(sud_get(sud_fd, &before));
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		c = config_upcall(true);
		memcpy((char *)&c + cases[i].at, &cases[i].value, 8);
		errno = 0;
		int r = sud_set(sud_fd, &c);

		if (r != -1 || errno != cases[i].err)
			FAIL("case %u: %d, errno %d, not %d", i, r, errno,
			     cases[i].err);
	}
	c = config_upcall(true);
	c.flags = SUD_FLAG_AUTO_ALLOW;
	c.selector = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	c = config_upcall(true);
	c.mode = SUD_MODE_OFF;
	c.selector = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), RESULT);
}

static volatile int in_handler = -1;

static void note_selector(int sig)
{
	(void)sig;
	in_handler = selector;
}

TEST(auto_allow_sigsys,
     "AUTO_ALLOW: the selector is ALLOW in the SIGSYS handler, which returns")
{
	struct sud_config c = config_upcall(true);

	signal(SIGSYS, note_selector);
	c.delivery = SUD_DELIVER_SIGSYS;
	c.upcall_entry = 0;
	c.upcall_frame = 0;
	c.flags = SUD_FLAG_AUTO_ALLOW;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(in_handler, SUD_SELECTOR_ALLOW);
	CHECK_EQ(selector, SUD_SELECTOR_ALLOW);
}

#ifdef __x86_64__
#ifdef __LP64__
/*
 * 32-bit code in this 64-bit program: it makes its call by int $0x80 and comes
 * back. Code and stack lie below 4 GiB. By far jumps: QEMU's far returns read the
 * stack as the kernel would, which SMAP forbids.
 */
extern char code32[], code32_end[], code32_back[];

asm(".text\n"
    "code32:\n\t"
    ".code32\n\t"
    "movl $0x2345, %eax\n\t"
    "int $0x80\n\t"
    "ljmp $0x33, $code32_back\n"
    "code32_end:\n\t"
    ".code64\n");

static void call_code32(char *code, char *stack)
{
	struct {
		uint32_t ip;
		uint16_t cs;
	} __attribute__((packed)) far = { (uintptr_t)code, 0x23 };

	asm volatile("movq %%rsp, %%r12\n\t"
		     "movq %[stack], %%rsp\n\t"
		     "ljmpl *(%[far])\n"
		     "code32_back:\n\t"
		     "movq %%r12, %%rsp\n\t"
		     :
		     : [far] "r"(&far), [stack] "r"(stack)
		     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",
		       "memory", "cc");
}

TEST(other_bitness,
     "a call from code of another bitness than SET's comes by SIGSYS")
{
	need_int80();
	char *low = mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	CHECK(low != MAP_FAILED);
	memcpy(low, code32, code32_end - code32);
	handle_sigsys();
	arm_upcall(true);
	selector = SUD_SELECTOR_BLOCK;
	call_code32(low, low + 65536);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(up_count, 0);
	CHECK_EQ(seen.info.si_syscall, 0x2345);
	CHECK_EQ((unsigned int)seen.info.si_arch, AUDIT_ARCH_I386);
	/* The same instruction in 64-bit code is an upcall. */
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_int80(MAGIC_NR, 1, 2, 3), RESULT);
	CHECK_EQ(up_count, 1);
}
#endif

TEST(nested,
     "an asynchronous handler makes blocked calls inside an upcall's handler")
{
	/* The storm's handler makes a blocked call of its own each time; frames
	 * nest below the one in work.
	 */
	struct sud_config c = config_upcall(true);

	c.mode = SUD_MODE_INCLUSIVE;
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	c.selector = 0;
	CHECK_OK(sud_set(sud_fd, &c));
	uint64_t top = up_top;

	/* By hand: the stack has a frame in work, and the next goes below. */
	up_top = top - sizeof(struct sud_upcall_frame);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	CHECK_EQ(up_top, top - sizeof(struct sud_upcall_frame));
	struct sud_upcall_frame *f = (void *)(uintptr_t)(top - 64);

	CHECK_EQ(f->nr, MAGIC_NR);
}
#else
TEST(vsyscall, "a call by the vDSO, sysenter or not, with a stack of frames")
{
	vsyscall_address = getauxval(AT_SYSINFO);
	if (!vsyscall_address)
		SKIP("no AT_SYSINFO");
	arm_upcall(true);
	for (int i = 1; i <= 10; i++) {
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_vsyscall(MAGIC_NR), RESULT);
		CHECK_EQ(up_count, i);
		CHECK_EQ((int)up_frame.nr, MAGIC_NR);
		/* The vDSO's landing pad, some bytes into the function. */
		CHECK(up_frame.ip - vsyscall_address < 64);
		CHECK_EQ(up_frame.arch, AUDIT_ARCH_I386);
	}
}

static void no_frames(void)
{
	struct sud_config c = config_upcall(false);

	handle_sigsys();
	CHECK_OK(sud_set(sud_fd, &c));
	if (blocked(MAGIC_NR, 0, 0, 0) == MAGIC_NR && seen.count == 1)
		_exit(43);
}

TEST(no_frames_32, "a 32-bit call without a stack of frames comes by SIGSYS")
{
	int status = in_child(no_frames);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
}
#endif
