// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an upcall leaves in the registers, for the handler and for the code after the
 * call; and upcalls beside a debugger and a tracer. 64-bit only.
 */
#include <sys/ptrace.h>
#include <sys/user.h>

#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

#ifdef __x86_64__
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
#endif
