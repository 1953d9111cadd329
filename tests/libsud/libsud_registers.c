// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/libsud: what the guest has in its registers comes through the handler
 * unchanged, or as the handler changed it.
 */
#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/upcalls.h"

/*
 * guest_full(): loads every register from g_in, makes a call, and stores all of
 * them in g_out. Order: struct sud_call's from rdi to r15.
 */
uint64_t g_in[12], g_out[12], g_sp, g_cx, g_r11, g_flags, g_ret, g_host_sp;
uint64_t g_red[16];
unsigned char g_vec_in[16 * 64], g_vec_out[16 * 64];
uint64_t g_width;
uint32_t g_mxcsr_out;
double g_x87_out;
void guest_full(void);
extern char guest_full_ip[], guest_full_end[];

asm("	.text\n"
    "	.balign 64\n"
    "	.globl guest_full, guest_full_ip, guest_full_end\n"
    "guest_full:\n"
    "	pushq %rbx\n pushq %rbp\n pushq %r12\n pushq %r13\n pushq %r14\n"
    "	pushq %r15\n"
    "	subq $1032, %rsp\n"
    "	movq %rsp, g_sp(%rip)\n"
    "	leaq g_vec_in(%rip), %rax\n"
    "	cmpl $16, g_width(%rip)\n"
    "	je 1f\n"
    "	cmpl $32, g_width(%rip)\n"
    "	je 2f\n"
    "	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "	vmovups 64 * \\n(%rax), %zmm\\n\n"
    "	.endr\n"
    "	jmp 3f\n"
    "2:	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "	vmovups 64 * \\n(%rax), %ymm\\n\n"
    "	.endr\n"
    "	jmp 3f\n"
    "1:	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "	movups 64 * \\n(%rax), %xmm\\n\n"
    "	.endr\n"
    "3:	movl $0x7f80, -256(%rsp)\n"
    "	ldmxcsr -256(%rsp)\n"
    "	fninit\n"
    "	fldpi\n"
    "	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "	movq $77 + \\n, -8 * \\n - 8(%rsp)\n"
    "	.endr\n"
    "	movq g_in + 8 * 0(%rip), %rdi\n"
    "	movq g_in + 8 * 1(%rip), %rsi\n"
    "	movq g_in + 8 * 2(%rip), %rdx\n"
    "	movq g_in + 8 * 3(%rip), %r10\n"
    "	movq g_in + 8 * 4(%rip), %r8\n"
    "	movq g_in + 8 * 5(%rip), %r9\n"
    "	movq g_in + 8 * 6(%rip), %rbx\n"
    "	movq g_in + 8 * 7(%rip), %rbp\n"
    "	movq g_in + 8 * 8(%rip), %r12\n"
    "	movq g_in + 8 * 9(%rip), %r13\n"
    "	movq g_in + 8 * 10(%rip), %r14\n"
    "	movq g_in + 8 * 11(%rip), %r15\n"
    "	movl $0x2345, %eax\n"
    "	std\n"
    "	stc\n"
    "	syscall\n"
    "guest_full_ip:\n"
    "	movq %rax, g_ret(%rip)\n"
    "	movq %rcx, g_cx(%rip)\n"
    "	movq %r11, g_r11(%rip)\n"
    "	movq %rdi, g_out + 8 * 0(%rip)\n"
    "	movq %rsi, g_out + 8 * 1(%rip)\n"
    "	movq %rdx, g_out + 8 * 2(%rip)\n"
    "	movq %r10, g_out + 8 * 3(%rip)\n"
    "	movq %r8, g_out + 8 * 4(%rip)\n"
    "	movq %r9, g_out + 8 * 5(%rip)\n"
    "	movq %rbx, g_out + 8 * 6(%rip)\n"
    "	movq %rbp, g_out + 8 * 7(%rip)\n"
    "	movq %r12, g_out + 8 * 8(%rip)\n"
    "	movq %r13, g_out + 8 * 9(%rip)\n"
    "	movq %r14, g_out + 8 * 10(%rip)\n"
    "	movq %r15, g_out + 8 * 11(%rip)\n"
    "	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "	movq -8 * \\n - 8(%rsp), %rax\n"
    "	movq %rax, g_red + 8 * \\n(%rip)\n"
    "	.endr\n"
    "	leaq -128(%rsp), %rsp\n"
    "	pushfq\n"
    "	popq g_flags(%rip)\n"
    "	leaq 128(%rsp), %rsp\n"
    "	cld\n"
    "	subq g_sp(%rip), %rsp\n"
    "	movq %rsp, g_host_sp(%rip)\n"
    "	addq g_sp(%rip), %rsp\n"
    "	fstpl g_x87_out(%rip)\n"
    "	stmxcsr g_mxcsr_out(%rip)\n"
    "	movl $0x1f80, -256(%rsp)\n"
    "	ldmxcsr -256(%rsp)\n"
    "	leaq g_vec_out(%rip), %rax\n"
    "	cmpl $16, g_width(%rip)\n"
    "	je 1f\n"
    "	cmpl $32, g_width(%rip)\n"
    "	je 2f\n"
    "	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "	vmovups %zmm\\n, 64 * \\n(%rax)\n"
    "	.endr\n"
    "	vzeroupper\n"
    "	jmp 3f\n"
    "2:	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "	vmovups %ymm\\n, 64 * \\n(%rax)\n"
    "	.endr\n"
    "	vzeroupper\n"
    "	jmp 3f\n"
    "1:	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "	movups %xmm\\n, 64 * \\n(%rax)\n"
    "	.endr\n"
    "3:	addq $1032, %rsp\n"
    "	popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbp\n popq %rbx\n"
    "	ret\n"
    "guest_full_end:\n");

static void arm_full(sud_handler handler, unsigned int flags, bool own_stack)
{
	struct sud_options o = at_site_a(flags, own_stack);

	o.offset = (uintptr_t)guest_full;
	o.len = guest_full_end - (char *)guest_full;
	CHECK_OK(sud_upcall_install(handler, &o));
	g_width = __builtin_cpu_supports("avx512f") ? 64
		  : __builtin_cpu_supports("avx")   ? 32
						    : 16;
	for (int i = 0; i < 12; i++)
		g_in[i] = 0x0101010101010101ULL * (i + 3);
	for (unsigned int i = 0; i < sizeof(g_vec_in); i++)
		g_vec_in[i] = i * 7 + i / 64 + 1;
}

static void check_vectors(void)
{
	for (int i = 0; i < 16; i++)
		if (memcmp(g_vec_in + 64 * i, g_vec_out + 64 * i, g_width))
			FAIL("vector register %d has changed", i);
	CHECK_EQ(g_mxcsr_out, 0x7f80);
	CHECK(g_x87_out > 3.14 && g_x87_out < 3.15);
}

static void check_full(bool own_stack)
{
	arm_full(note, 0, own_stack);
	for (int n = 0; n < 100; n++) {
		sud_call_block();
		guest_full();
		sud_call_allow();
		CHECK_EQ(note_calls, n + 1);
		CHECK_EQ(g_ret, RESULT);
		for (int i = 0; i < 12; i++) {
			CHECK_EQ((&noted.rdi)[i], g_in[i]);
			CHECK_EQ(g_out[i], g_in[i]);
		}
		CHECK_EQ(noted.rsp, g_sp);
		CHECK_EQ(g_host_sp, 0);
		CHECK_EQ(noted.rip, (uintptr_t)guest_full_ip);
		CHECK_EQ(g_cx, (uintptr_t)guest_full_ip);
		CHECK_EQ(g_r11 & 0x501, 0x401);
		CHECK_EQ(g_flags & 0x501, 0x401);
		for (int i = 0; i < 16; i++)
			CHECK_EQ(g_red[i], 77 + i);
		check_vectors();
	}
}

TEST(registers,
     "registers, flags, red zone, vectors, x87 and MXCSR stay the guest's")
{
	check_full(false);
}

TEST(registers_own, "on an own stack as well")
{
	check_full(true);
}

/* Counts only: no vector register is touched. */
static __attribute__((target("general-regs-only"))) long
count(struct sud_call *call)
{
	(void)call;
	note_calls++;
	return RESULT;
}

static void check_no_vectors(bool own_stack)
{
	arm_full(count, SUD_UPCALL_NO_VECTORS, own_stack);
	sud_call_block();
	guest_full();
	sud_call_allow();
	CHECK_EQ(note_calls, 1);
	CHECK_EQ(g_ret, RESULT);
	CHECK_EQ(g_host_sp, 0);
	for (int i = 0; i < 12; i++)
		CHECK_EQ(g_out[i], g_in[i]);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(g_red[i], 77 + i);
	check_vectors();
}

TEST(no_vectors, "NO_VECTORS: a handler that leaves them alone, both stacks")
{
	check_no_vectors(false);
	note_calls = 0;
	check_no_vectors(true);
}

static long change(struct sud_call *call)
{
	for (int i = 0; i < 12; i++)
		(&call->rdi)[i] += 5;
	call->rflags ^= 0x401;
	return RESULT;
}

TEST(changed, "registers and flags that the handler changes arrive")
{
	for (int own_stack = 0; own_stack < 2; own_stack++) {
		arm_full(change, 0, own_stack);
		sud_call_block();
		guest_full();
		sud_call_allow();
		for (int i = 0; i < 12; i++)
			CHECK_EQ(g_out[i], g_in[i] + 5);
		CHECK_EQ(g_flags & 0x401, 0);
		CHECK_EQ(g_r11 & 0x401, 0);
		check_vectors();
	}
}
