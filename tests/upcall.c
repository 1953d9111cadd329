// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upcalls: a blocked call continues at the program's entry, in both forms, with
 * everything as at the instruction.
 */
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "sud_test.h"

extern volatile uint64_t up_count, up_ax, up_cx, up_r11, up_sp, up_top;
extern volatile struct sud_upcall_frame up_frame;
void entry_regs(void);
void entry_frames(void);

#define RESULT 4711

static char frames[4096] __attribute__((aligned(64)));

static struct sud_config upcall_config(bool with_frames)
{
	up_top = (uintptr_t)frames + sizeof(frames);
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = with_frames ? (uintptr_t)entry_frames
					    : (uintptr_t)entry_regs,
		.upcall_frame = with_frames ? (uintptr_t)&up_top : 0,
	};
}

static void arm_upcall(bool with_frames)
{
	struct sud_config c = upcall_config(with_frames);

	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
}

static void check_frame(long nr, char *ip, unsigned int arch)
{
	CHECK_EQ(up_frame.ip, (uintptr_t)ip);
	CHECK_EQ((int)up_frame.nr, (int)nr);
	CHECK_EQ(up_frame.arch, arch);
	CHECK_EQ(up_frame.reserved, 0);
	CHECK_EQ(up_frame.flags & 0x202, 0x202);
	CHECK_EQ(up_frame.flags & 0x100, 0);
	CHECK_EQ(up_top, (uintptr_t)frames + sizeof(frames));
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
	struct sud_config c = upcall_config(true);

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
		c = upcall_config(true);
		memcpy((char *)&c + cases[i].at, &cases[i].value, 8);
		errno = 0;
		int r = sud_set(sud_fd, &c);

		if (r != -1 || errno != cases[i].err)
			FAIL("case %u: %d, errno %d, not %d", i, r, errno,
			     cases[i].err);
	}
	c = upcall_config(true);
	c.flags = SUD_FLAG_AUTO_ALLOW;
	c.selector = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	c = upcall_config(true);
	c.mode = SUD_MODE_OFF;
	c.selector = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), RESULT);
}

static void *page(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void exit_42(int sig)
{
	(void)sig;
	_exit(42);
}

static uint64_t bad_top;

static void call_with_bad_top(void)
{
	signal(SIGSEGV, exit_42);
	arm_upcall(true);
	up_top = bad_top;
	blocked(SYS_getpid, 0, 0, 0);
}

TEST(bad_tops,
     "a frame top that points nowhere or into the kernel kills by SIGSEGV")
{
	static const uint64_t tops[] = {
		0,
		8,
		31,
		32,
		4096,
		-1,
		-8,
		1ULL << 63,
		1ULL << 47,
		(1ULL << 47) + 16,
		1ULL << 56,
		(1ULL << 56) + 32,
		0xffff800000000000,
		0xffffffff81000020,
		0xffffffffff600020,
	};

	for (unsigned int i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
		bad_top = tops[i];
		expect_death(call_with_bad_top, SIGSEGV);
	}
}

/* Armed with the frame top on a page of its own. */
static uint64_t *arm_with_top_page(void)
{
	struct sud_config c = upcall_config(true);
	uint64_t *top = page();

	signal(SIGSEGV, exit_42);
	*top = up_top;
	c.upcall_frame = (uintptr_t)top;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	return top;
}

static void call_without_top(void)
{
	CHECK_OK(munmap(arm_with_top_page(), 4096));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST(top_unmapped,
     "a frame top that vanished kills by SIGSEGV, past the handler")
{
	expect_death(call_without_top, SIGSEGV);
}

static void call_with_read_only_top(void)
{
	CHECK_OK(mprotect(arm_with_top_page(), 4096, PROT_READ));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST(top_read_only, "so does one that cannot be written")
{
	expect_death(call_with_read_only_top, SIGSEGV);
}

static void call_with_data_entry(void)
{
	struct sud_config c = upcall_config(true);

	signal(SIGSEGV, exit_42);
	c.upcall_entry = (uintptr_t)page();
	c.flags = SUD_FLAG_AUTO_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST(entry_not_executable,
     "an entry that is not executable is the program's own SIGSEGV")
{
	int status = in_child(call_with_data_entry);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
}

/* The selector's page takes the ALLOW, or not. */
static void allow_read_only(void)
{
	struct sud_config c = upcall_config(true);
	unsigned char *sel = page();

	signal(SIGSEGV, exit_42);
	signal(SIGSYS, exit_42);
	*sel = SUD_SELECTOR_BLOCK;
	c.selector = (uintptr_t)sel;
	c.flags = SUD_FLAG_AUTO_ALLOW;
	/* mprotect itself is let through. */
	c.mode = SUD_MODE_INCLUSIVE;
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_OK(mprotect(sel, 4096, PROT_READ));
	site_a(SYS_getpid, 0, 0, 0);
}

TEST(auto_allow_read_only,
     "a selector that AUTO_ALLOW cannot write kills by SIGSEGV")
{
	expect_death(allow_read_only, SIGSEGV);
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
	struct sud_config c = upcall_config(true);

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

static volatile int returns;

static void leave_blocked(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
	returns++;
}

TEST(sigreturn_flag,
     "SIGRETURN: the handler returns with the selector at BLOCK and no region")
{
	struct sigaction sa = { .sa_sigaction = leave_blocked,
				.sa_flags = SA_SIGINFO };
	struct sud_config c = upcall_config(true);

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	c.delivery = SUD_DELIVER_SIGSYS;
	c.upcall_entry = 0;
	c.upcall_frame = 0;
	c.flags = SUD_FLAG_SIGRETURN;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		int now = selector;

		selector = SUD_SELECTOR_ALLOW;
		CHECK_EQ(now, SUD_SELECTOR_BLOCK);
		CHECK_EQ(returns, i);
	}
}

#ifdef __x86_64__
static void sigreturn_by_hand(void)
{
	struct sigaction sa = { .sa_handler = exit_42 };
	struct sud_config c = upcall_config(true);

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	c.delivery = SUD_DELIVER_SIGSYS;
	c.upcall_entry = 0;
	c.upcall_frame = 0;
	c.flags = SUD_FLAG_SIGRETURN | SUD_FLAG_AUTO_ALLOW;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	blocked(SYS_rt_sigreturn, 0, 0, 0);
}

TEST(sigreturn_guest, "a guest's own call of that number is dispatched")
{
	int status = in_child(sigreturn_by_hand);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
}

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

TEST(regs,
     "in registers: rcx is the address after the instruction, r11 the flags")
{
	arm_upcall(false);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(blocked(MAGIC_NR, 1, 2, 3), RESULT);
		CHECK_EQ(up_count, i);
		CHECK_EQ(up_ax, MAGIC_NR);
		CHECK_EQ(up_cx, (uintptr_t)site_a_ip);
		CHECK_EQ(up_r11 & 0x302, 0x202);
	}
}

/* In and out: rbx rdx rsi rdi rbp r8 r9 r10 r12-r15, sp, flags, xmm/ymm. */
uint64_t up_in[12], up_out[12], up_sp_in, up_flags_out, up_red[16];
unsigned char up_vec_in[16 * 32], up_vec_out[16 * 32];
unsigned char up_scratch_avx;

static void check_registers(bool with_frames, bool avx)
{
	arm_upcall(with_frames);
	for (int i = 0; i < 12; i++)
		up_in[i] = 0x0101010101010101ULL * (i + 3);
	for (unsigned int i = 0; i < sizeof(up_vec_in); i++)
		up_vec_in[i] = i * 7 + 1;
	selector = SUD_SELECTOR_BLOCK;
#define LOAD(n, r) "movq up_in+8*" #n "(%%rip), %%" #r "\n\t"
#define STORE(n, r) "movq %%" #r ", up_out+8*" #n "(%%rip)\n\t"
#define RED_IN(n) "movq $" #n "+77, -8*" #n "-8(%%rsp)\n\t"
#define RED_OUT(n) \
	"movq -8*" #n "-8(%%rsp), %%rax; movq %%rax, up_red+8*" #n "(%%rip)\n\t"
#define V(op, n, var) op " " var "+32*" #n "(%%rip), "
	asm volatile(
		"pushq %%rbp; pushq %%rbx; subq $256, %%rsp\n\t"
		"movq %%rsp, up_sp_in(%%rip)\n\t"
		"testb %[avx], %[avx]; jz 1f\n\t"
		"vmovups up_vec_in(%%rip), %%ymm0\n\t"
		"vmovups up_vec_in+32(%%rip), %%ymm7\n\t"
		"vmovups up_vec_in+64(%%rip), %%ymm15\n\t"
		"jmp 2f\n"
		"1: movups up_vec_in(%%rip), %%xmm0\n\t"
		"movups up_vec_in+32(%%rip), %%xmm7\n\t"
		"movups up_vec_in+64(%%rip), %%xmm15\n"
		"2:\n\t" RED_IN(0) RED_IN(1) RED_IN(7) RED_IN(
			15) "movb %[avx], up_scratch_avx(%%rip)\n\t" LOAD(0,
									  rbx)
			LOAD(1, rdx) LOAD(2, rsi) LOAD(3, rdi) LOAD(4, rbp) LOAD(
				5,
				r8) LOAD(6,
					 r9) LOAD(7,
						  r10) LOAD(8,
							    r12) LOAD(9,
								      r13) LOAD(10,
										r14)
				LOAD(11,
				     r15) "movl $0x2345, %%eax\n\t"
					  "std; stc\n\t"
					  "syscall\n\t" STORE(0, rbx) STORE(1, rdx) STORE(
						  2,
						  rsi) STORE(3,
							     rdi) STORE(4,
									rbp) STORE(5,
										   r8)
						  STORE(6, r9) STORE(7, r10) STORE(
							  8,
							  r12) STORE(9,
								     r13) STORE(10,
										r14)
							  STORE(11, r15) RED_OUT(
								  0) RED_OUT(1)
								  RED_OUT(7) RED_OUT(
									  15) "leaq -128(%%rsp), %%rsp; pushfq; popq up_flags_out(%%rip)\n\t"
									      "leaq 128(%%rsp), %%rsp\n\t"
									      "cld\n\t"
									      "cmpb $0, up_scratch_avx(%%rip); je 1f\n\t"
									      "vmovups %%ymm0, up_vec_out(%%rip)\n\t"
									      "vmovups %%ymm7, up_vec_out+32(%%rip)\n\t"
									      "vmovups %%ymm15, up_vec_out+64(%%rip)\n\t"
									      "vzeroupper\n\t"
									      "jmp 2f\n"
									      "1: movups %%xmm0, up_vec_out(%%rip)\n\t"
									      "movups %%xmm7, up_vec_out+32(%%rip)\n\t"
									      "movups %%xmm15, up_vec_out+64(%%rip)\n"
									      "2: addq $256, %%rsp; popq %%rbx; popq %%rbp\n\t"
		:
		: [avx] "c"((unsigned char)avx)
		: "rax", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
		  "r13", "r14", "r15", "xmm0", "xmm7", "xmm15", "memory", "cc");
	CHECK_EQ(up_count, 1);
	CHECK_EQ(up_ax, 0x2345);
	CHECK_EQ(up_sp, up_sp_in);
	for (int i = 0; i < 12; i++)
		CHECK_EQ(up_out[i], up_in[i]);
	CHECK_EQ(up_flags_out & 0x401, 0x401);
	CHECK_EQ(up_r11 & 0x401, 0x401);
	if (with_frames)
		CHECK_EQ(up_frame.flags & 0x501, 0x401);
	CHECK_EQ(up_red[0], 77);
	CHECK_EQ(up_red[1], 78);
	CHECK_EQ(up_red[7], 84);
	CHECK_EQ(up_red[15], 92);
	for (int i = 0; i < 3; i++)
		CHECK(!memcmp(up_vec_in + 32 * i, up_vec_out + 32 * i,
			      avx ? 32 : 16));
}

TEST(registers_regs,
     "in registers: all registers, flags, red zone and vectors stay")
{
	check_registers(false, __builtin_cpu_supports("avx"));
}

TEST(registers_frames, "with frames: the same")
{
	check_registers(true, __builtin_cpu_supports("avx"));
}

/* The debugger's view: child stops, we step it. */
static pid_t stepped_child(bool with_frames)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		arm_upcall(with_frames);
		selector = SUD_SELECTOR_BLOCK;
		asm volatile("int3\n\t"
			     "movl $0x2345, %%eax\n\t"
			     "syscall\n\t"
			     ".globl stepped_ip\n"
			     "stepped_ip:\n\t"
			     :
			     :
			     : "rax", "rcx", "r11", "memory");
		int ok = up_count == 1 &&
			 !((with_frames ? up_frame.flags : up_r11) & 0x100);
		_exit(ok ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	return pid;
}

static void step(pid_t pid, struct user_regs_struct *regs)
{
	int status;

	CHECK_OK(ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGTRAP);
	CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, regs));
}

static void check_step(bool with_frames)
{
	struct user_regs_struct regs;
	pid_t pid = stepped_child(with_frames);
	uintptr_t entry = (uintptr_t)(with_frames ? entry_frames : entry_regs);
	int status;

	step(pid, &regs);
	CHECK_EQ(regs.rax, 0x2345);
	step(pid, &regs);
	CHECK_EQ(regs.rip, entry);
	CHECK_EQ(regs.rax, 0x2345);
	if (!with_frames)
		CHECK_EQ(regs.r11 & 0x100, 0);
	/* And one instruction on, no stop twice. */
	step(pid, &regs);
	CHECK(regs.rip > entry && regs.rip < entry + 16);
	CHECK_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

TEST(step_regs,
     "a debugger's step over a blocked call lands on the entry; no trap flag in r11")
{
	check_step(false);
}

TEST(step_frames, "with frames as well; no trap flag in the frame")
{
	check_step(true);
}

TEST(ptrace_syscall, "a tracer sees no upcall, and the very next call")
{
	/* Three natural calls with upcalls in front of each. */
	static const long want[] = { SYS_getppid,   SYS_getppid, SYS_getuid,
				     SYS_getuid,    SYS_getgid,	 SYS_getgid,
				     SYS_exit_group };
	long stops[32];
	int status, n = 0, at = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		arm_upcall(false);
		kill(getpid(), SIGSTOP);
		blocked(MAGIC_NR, 0, 0, 0);
		site_b(SYS_getppid, 0, 0, 0);
		blocked(MAGIC_NR, 0, 0, 0);
		blocked(MAGIC_NR, 0, 0, 0);
		site_b(SYS_getuid, 0, 0, 0);
		blocked(SYS_getuid, 0, 0, 0);
		site_b(SYS_getgid, 0, 0, 0);
		_exit(up_count == 4 ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_OK(ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	for (;;) {
		struct user_regs_struct regs;

		CHECK_OK(ptrace(PTRACE_SYSCALL, pid, 0, 0));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		CHECK_EQ(WSTOPSIG(status), SIGTRAP | 0x80);
		CHECK_OK(ptrace(PTRACE_GETREGS, pid, 0, &regs));
		CHECK(n < 32);
		stops[n++] = regs.orig_rax;
	}
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
	/* The exit of the kill comes first. */
	while (at < n && stops[at] != SYS_getppid)
		at++;
	CHECK_EQ(n - at, sizeof(want) / sizeof(*want));
	for (int i = 0; at + i < n; i++)
		CHECK_EQ(stops[at + i], want[i]);
}

TEST(nested,
     "an asynchronous handler makes blocked calls inside an upcall's handler")
{
	/* The storm's handler makes a blocked call of its own each time; frames
	 * nest below the one in work.
	 */
	struct sud_config c = upcall_config(true);

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
extern uint32_t vsyscall_address;
long site_vsyscall(long nr);

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
	struct sud_config c = upcall_config(false);

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
