// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/libsud: a C function for each blocked call. With --bench it prints what
 * one such call costs instead, in the words of sud_bench.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stddef.h>
#include <x86intrin.h>

#include <libsud.h>

#include "sud_test.h"

#define RESULT 4711

static volatile int calls;
static struct sud_call last;

/* Spoils whatever it may. */
static void spoil(void)
{
	asm volatile("pxor %%xmm0, %%xmm0\n\t"
		     "pxor %%xmm7, %%xmm7\n\t"
		     "pxor %%xmm15, %%xmm15\n\t"
		     "movl $0x5555, %%eax\n\t"
		     "movl %%eax, %%ecx\n\t"
		     "movl %%eax, %%edx\n\t"
		     "movl %%eax, %%esi\n\t"
		     "movl %%eax, %%edi\n\t"
		     "movl %%eax, %%r8d\n\t"
		     "movl %%eax, %%r9d\n\t"
		     "movl %%eax, %%r10d\n\t"
		     "movl %%eax, %%r11d\n\t" ::
			     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9",
			       "r10", "r11", "xmm0", "xmm7", "xmm15", "cc",
			       "memory");
}

static volatile double third = 3;

static long note(struct sud_call *call)
{
	char text[64];
	unsigned long flags;

	asm volatile("pushfq; popq %0" : "=r"(flags));
	CHECK_EQ(flags & 0x400, 0);
	calls++;
	last = *call;
	/* The C library at work, vectors, x87 and all. */
	snprintf(text, sizeof(text), "%.3f %.3Lf", 1 / third,
		 (long double)1 / third);
	CHECK(!strcmp(text, "0.333 0.333"));
	spoil();
	return RESULT;
}

static long pass(struct sud_call *call)
{
	calls++;
	return sud_call_native(call);
}

/* All but the numbers no kernel knows. */
static long pass_or_note(struct sud_call *call)
{
	if (call->rax == MAGIC_NR)
		return note(call);
	return sud_call_native(call);
}

static char own[256 * 1024] __attribute__((aligned(16)));

/* Blocks what site_a() does, and nothing else. */
static struct sud_options at_site_a(unsigned int flags, bool own_stack)
{
	return (struct sud_options){
		.mode = SUD_MODE_INCLUSIVE,
		.flags = flags,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - (char *)site_a,
		.stack = own_stack ? own : NULL,
		.stack_size = own_stack ? sizeof(own) : 0,
	};
}

static void install_at(sud_handler handler, unsigned int flags, bool own_stack)
{
	struct sud_options o = at_site_a(flags, own_stack);

	CHECK_OK(sud_upcall_install(handler, &o));
}

static void install(sud_handler handler)
{
	install_at(handler, 0, false);
	sud_call_block();
}

TEST(result, "the handler sees the call, and its result is the call's")
{
	install(note);
	for (int i = 1; i <= 1000; i++) {
		CHECK_EQ(site_a(MAGIC_NR, 11, 22, 33), RESULT);
		CHECK_EQ(calls, i);
		CHECK_EQ(last.rax, MAGIC_NR);
		CHECK_EQ(last.rdi, 11);
		CHECK_EQ(last.rsi, 22);
		CHECK_EQ(last.rdx, 33);
		CHECK_EQ(last.rip, (uintptr_t)site_a_ip);
		CHECK_EQ(last.rflags & 0x202, 0x202);
	}
}

static long nr_back(struct sud_call *call)
{
	return ~call->rax;
}

TEST(wide, "all 64 bits of the number and the result go through")
{
	install(nr_back);
	CHECK_EQ(site_a(0x123456789abcdef0, 0, 0, 0), ~0x123456789abcdef0);
}

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

/* clang-format off */
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
/* clang-format on */

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
		CHECK_EQ(calls, n + 1);
		CHECK_EQ(g_ret, RESULT);
		for (int i = 0; i < 12; i++) {
			CHECK_EQ((&last.rdi)[i], g_in[i]);
			CHECK_EQ(g_out[i], g_in[i]);
		}
		CHECK_EQ(last.rsp, g_sp);
		CHECK_EQ(g_host_sp, 0);
		CHECK_EQ(last.rip, (uintptr_t)guest_full_ip);
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
	calls++;
	return RESULT;
}

static void check_no_vectors(bool own_stack)
{
	arm_full(count, SUD_UPCALL_NO_VECTORS, own_stack);
	sud_call_block();
	guest_full();
	sud_call_allow();
	CHECK_EQ(calls, 1);
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
	calls = 0;
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

/* The call's function is left from the handler, by its return address. */
static long leave(struct sud_call *call)
{
	call->rip = *(uint64_t *)call->rsp;
	call->rsp += 8;
	return -7;
}

TEST(changed_ip, "so do ip and sp")
{
	install(leave);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -7);
}

TEST(native_calls, "the handler makes calls, its own and the guest's")
{
	install(pass);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(site_a(SYS_getppid, 0, 0, 0), getppid());
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
		CHECK_EQ(site_a(SYS_close, 12345, 0, 0), -EBADF);
		CHECK_EQ(calls, 3 * i);
	}
}

static volatile uintptr_t handler_sp;

static long where(struct sud_call *call)
{
	handler_sp = (uintptr_t)__builtin_frame_address(0);
	return call->rsp;
}

TEST(stacks, "the handler is on the guest's stack, or on its own")
{
	uintptr_t sp;

	install(where);
	sp = site_a(MAGIC_NR, 0, 0, 0);
	CHECK(handler_sp < sp - 128 && handler_sp > sp - 8192);
	install_at(where, 0, true);
	sud_call_block();
	site_a(MAGIC_NR, 0, 0, 0);
	CHECK(handler_sp > (uintptr_t)own &&
	      handler_sp < (uintptr_t)own + sizeof(own));
}

/* Each level makes a blocked call of its own, and checks its stack after. */
static int depth;

static long nest(struct sud_call *call)
{
	volatile uint64_t mark[32];
	int level = call->rdi;
	long r = 0;

	CHECK_EQ(level, depth);
	for (int i = 0; i < 32; i++)
		mark[i] = level * 1000 + i;
	if (level < 10) {
		int old;

		depth++;
		old = sud_call_block();
		r = site_a(MAGIC_NR, level + 1, 0, 0);
		CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
		sud_call_restore(old);
		CHECK_EQ(old, SUD_SELECTOR_ALLOW);
		depth--;
	}
	for (int i = 0; i < 32; i++)
		CHECK_EQ(mark[i], level * 1000 + i);
	CHECK_EQ(call->rdi, level);
	spoil();
	return r + 1;
}

TEST(nested, "a handler makes blocked calls, ten deep, on both stacks")
{
	for (int own_stack = 0; own_stack < 2; own_stack++) {
		install_at(nest, 0, own_stack);
		sud_call_block();
		for (int i = 0; i < 50; i++)
			CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), 11);
		sud_call_allow();
	}
}

TEST(sigsys_blocked, "SIGSYS is blocked and ignored: nothing changes")
{
	sigset_t set, now;

	sigfillset(&set);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGSYS, SIG_IGN);
	install(note);
	for (int i = 1; i <= 100; i++)
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGSYS) && sigismember(&now, SIGUSR1));
}

/* Storms: another process keeps SIGUSR1 pending. */
static pid_t storm_start(void)
{
	pid_t pid, me = getpid();

	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		while (!kill(me, SIGUSR1))
			;
		_exit(0);
	}
	return pid;
}

static void storm_end(pid_t pid)
{
	signal(SIGUSR1, SIG_IGN);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static volatile int usr1, usr1_bad;

/* Adds, so that each call has an answer of its own. */
static long add(struct sud_call *call)
{
	spoil();
	if (call->rax != MAGIC_NR)
		return sud_call_native(call);
	return call->rdi + call->rsi + call->rdx;
}

static void on_usr1_guest(int sig)
{
	int old = sud_call_block();

	(void)sig;
	usr1++;
	if (site_a(MAGIC_NR, usr1, 1, 0) != usr1 + 1)
		usr1_bad++;
	sud_call_restore(old);
}

static void storm(unsigned int flags, bool own_stack)
{
	pid_t pid;

	usr1 = 0;
	signal(SIGUSR1, on_usr1_guest);
	install_at(add, flags, own_stack);
	pid = storm_start();
	sud_call_block();
	for (int i = 1; i <= 20000 || (!usr1 && i <= 5000000); i++)
		CHECK_EQ(site_a(MAGIC_NR, i, 2, 3), i + 5);
	sud_call_allow();
	storm_end(pid);
	CHECK(usr1 > 0);
	CHECK_EQ(usr1_bad, 0);
}

TEST_LIMIT(storm,
	   "20000 calls in a storm of signals whose handler's calls are blocked",
	   false, 60)
{
	storm(0, false);
}

TEST_LIMIT(storm_own, "the same on an own stack", false, 60)
{
	storm(0, true);
}

TEST_LIMIT(storm_no_selector, "the same without a selector", false, 60)
{
	storm(SUD_UPCALL_NO_SELECTOR, false);
}

static void on_usr1_plain(int sig)
{
	(void)sig;
	usr1++;
	if (site_a(MAGIC_NR, usr1, 1, 0) != usr1 + 1)
		usr1_bad++;
}

TEST_LIMIT(storm_unaware,
	   "without a selector the signal handler needs to know nothing", false,
	   60)
{
	pid_t pid;

	signal(SIGUSR1, on_usr1_plain);
	install_at(add, SUD_UPCALL_NO_SELECTOR, false);
	pid = storm_start();
	for (int i = 1; i <= 20000 || (!usr1 && i <= 5000000); i++)
		CHECK_EQ(site_a(MAGIC_NR, i, 2, 3), i + 5);
	storm_end(pid);
	CHECK(usr1 > 0);
	CHECK_EQ(usr1_bad, 0);
}

/*
 * The whole program is the guest: the signal handler's way back is blocked,
 * too, and afterwards the selector must be BLOCK wherever the signal came.
 */
static volatile int sigreturns;

static long count_sigreturn(struct sud_call *call)
{
	if (call->rax == SYS_rt_sigreturn)
		sigreturns++;
	return add(call);
}

static void whole_program(const struct sud_options *o)
{
	pid_t pid;

	signal(SIGUSR1, on_usr1_guest);
	CHECK_OK(sud_upcall_install(count_sigreturn, o));
	pid = storm_start();
	sud_call_block();
	/* On few CPUs the first signals may all come in the handler. */
	for (int i = 1; i <= 20000 || (!sigreturns && i <= 5000000); i++)
		CHECK_EQ(site_a(MAGIC_NR, i, 2, 3), i + 5);
	CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
	storm_end(pid);
	CHECK(usr1 > 0);
	CHECK(sigreturns > 0);
	CHECK_EQ(usr1_bad, 0);
}

TEST_LIMIT(sigreturn,
	   "exclusive: rt_sigreturn of guest handlers is blocked, and done",
	   false, 60)
{
	whole_program(NULL);
}

TEST_LIMIT(sigreturn_region, "the same with a region that holds other code",
	   false, 60)
{
	struct sud_options o = at_site_a(0, false);

	o.mode = SUD_MODE_EXCLUSIVE;
	o.offset = (uintptr_t)site_b;
	whole_program(&o);
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

TEST_LIMIT(sigreturn_own, "the same on an own stack", false, 60)
{
	struct sud_options o = { .mode = SUD_MODE_EXCLUSIVE,
				 .stack = own,
				 .stack_size = sizeof(own) };

	whole_program(&o);
}

/* Leaves a signal pending that is masked until it returns. */
static void on_trap(int sig)
{
	(void)sig;
	raise(SIGUSR2);
}

TEST(sigreturn_pending,
     "a signal that such a return unblocks finds the selector at BLOCK")
{
	struct sigaction sa = { .sa_handler = on_trap };
	struct sud_options o = at_site_a(0, false);

	o.mode = SUD_MODE_EXCLUSIVE;
	o.offset = (uintptr_t)site_b;
	sigaddset(&sa.sa_mask, SIGUSR2);
	CHECK_OK(sigaction(SIGTRAP, &sa, NULL));
	signal(SIGUSR2, on_usr1_plain);
	for (int region = 0; region < 2; region++) {
		CHECK_OK(sud_upcall_install(count_sigreturn,
					    region ? &o : NULL));
		for (int i = 1; i <= 100; i++) {
			sigreturns = 0;
			usr1 = 0;
			sud_call_block();
			asm volatile("int3");
			CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
			/* With a region a stale siginfo may exempt them. */
			CHECK(region || sigreturns == 2);
			CHECK_EQ(usr1, 1);
			CHECK_EQ(usr1_bad, 0);
		}
	}
}

static sigjmp_buf jump;

static long jump_out(struct sud_call *call)
{
	if (call->rdi == 1)
		siglongjmp(jump, 1);
	return RESULT;
}

TEST(longjmp, "siglongjmp out of the handler, 1000 times, on both stacks")
{
	for (volatile int own_stack = 0; own_stack < 2; own_stack++) {
		volatile int back = 0;

		install_at(jump_out, 0, own_stack);
		for (volatile int i = 0; i < 1000; i++) {
			if (!sigsetjmp(jump, 1)) {
				sud_call_block();
				site_a(MAGIC_NR, 1, 0, 0);
				FAIL("the handler returned");
			}
			back++;
			CHECK_EQ(sud_call_block(), SUD_SELECTOR_ALLOW);
			CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
			sud_call_allow();
		}
		CHECK_EQ(back, 1000);
	}
}

static void jump_now(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

TEST_LIMIT(longjmp_storm,
	   "siglongjmp out of signal handlers, wherever they interrupted",
	   false, 60)
{
	volatile int jumps = 0;
	const int wanted = often(1000);
	pid_t pid;

	for (volatile int own_stack = 0; own_stack < 2; own_stack++) {
		sigset_t usr;

		sigemptyset(&usr);
		sigaddset(&usr, SIGUSR1);
		CHECK_OK(sigprocmask(SIG_BLOCK, &usr, NULL));
		signal(SIGUSR1, jump_now);
		pid = storm_start();
		install_at(add, 0, own_stack);
		/* The mask blocks it here, and as often as it comes back. */
		while (sigsetjmp(jump, 1))
			jumps++;
		sud_call_allow();
		if (jumps < wanted * (own_stack + 1)) {
			sigprocmask(SIG_UNBLOCK, &usr, NULL);
			sud_call_block();
			for (int i = 1;; i++)
				if (site_a(MAGIC_NR, i, 2, 3) != i + 5)
					_exit(97);
		}
		signal(SIGUSR1, SIG_IGN);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		sud_call_block();
		CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), 6);
		sud_call_allow();
	}
	CHECK(jumps >= wanted * 2);
}

static __thread long mine;

static long add_mine(struct sud_call *call)
{
	spoil();
	return call->rdi + mine;
}

static void *worker(void *arg)
{
	char *stack = NULL;
	struct sud_options o = at_site_a(0, false);

	mine = (long)arg;
	/* A new thread is off. */
	sud_call_block();
	if (site_a(MAGIC_NR, 1, 0, 0) != -ENOSYS)
		return "armed at birth";
	sud_call_allow();
	if (mine & 1) {
		stack = malloc(65536);
		o.stack = stack;
		o.stack_size = 65536;
	}
	if (sud_upcall_install(add_mine, &o))
		return "no install";
	sud_call_block();
	for (int i = 0; i < 20000; i++) {
		if (site_a(MAGIC_NR, i, 0, 0) != i + mine)
			return "wrong result";
		if (i % 1000 == 0)
			sched_yield();
	}
	sud_call_allow();
	if (sud_upcall_remove())
		return "no remove";
	if (site_a(MAGIC_NR, 1, 0, 0) != -ENOSYS)
		return "still armed";
	free(stack);
	return NULL;
}

TEST_LIMIT(threads, "eight threads, each with its own", false, 60)
{
	pthread_t t[8];

	install(add_mine);
	for (long i = 0; i < 8; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, worker,
					(void *)((i + 1) * 1000001)),
			 0);
	for (int i = 0; i < 8; i++) {
		void *why;

		CHECK_EQ(pthread_join(t[i], &why), 0);
		if (why)
			FAIL("thread %d: %s", i, (char *)why);
	}
	mine = 5;
	CHECK_EQ(site_a(MAGIC_NR, 1, 0, 0), 6);
}

/* The whole program's calls, those of pthread_create and fork included. */
static void *thread_of_guest(void *arg)
{
	/* Off, so this is native although the selector may say BLOCK. */
	return site_a(MAGIC_NR, 0, 0, 0) == -ENOSYS ? arg : NULL;
}

static void check_clone(const struct sud_options *o)
{
	CHECK_OK(sud_upcall_install(pass_or_note, o));
	for (int i = 0; i < 50; i++) {
		pthread_t t;
		void *r;

		sud_call_block();
		int err = pthread_create(&t, NULL, thread_of_guest, own);

		err = err ? err : pthread_join(t, &r);
		CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
		CHECK_EQ(err, 0);
		CHECK(r == own);
	}
	for (int i = 0; i < 10; i++) {
		int status = -1;

		sud_call_block();
		pid_t pid = fork();

		if (!pid)
			_exit(site_a(MAGIC_NR, 0, 0, 0) == -ENOSYS ? 3 : 4);
		waitpid(pid, &status, 0);
		sud_call_allow();
		CHECK_EQ(status, 3 << 8);
		sud_call_block();
		pid = vfork();
		if (!pid)
			_exit(5);
		waitpid(pid, &status, 0);
		sud_call_allow();
		CHECK_EQ(status, 5 << 8);
		sud_call_block();
		/* clone() with a stack and shared memory, and vfork's wait. */
		status = system("exit 6");
		sud_call_allow();
		CHECK(status == 6 << 8 || status == 127 << 8);
	}
	sud_call_block();
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	sud_call_allow();
}

TEST_LIMIT(clone, "the guest makes threads and processes, which are off", false,
	   60)
{
	struct sud_options o = { .mode = SUD_MODE_EXCLUSIVE };

	check_clone(NULL);
	o.stack = own;
	o.stack_size = sizeof(own);
	check_clone(&o);
}

/* Clones by hand: the child must find its registers, and its own stack. */
static char child_stack[65536] __attribute__((aligned(64)));
static volatile uint64_t child_regs[5];
static volatile int child_done;

static void child_main(void)
{
	child_done = 1;
	syscall(SYS_exit, 0);
}

static long guest_clone(long nr, uint64_t *a, uint64_t *b)
{
	register uint64_t r10 asm("r10") = 0;
	register uint64_t r8 asm("r8") = 0;
	register uint64_t r12 asm("r12") = (uintptr_t)child_regs;
	register uint64_t r13 asm("r13") = (uintptr_t)child_main;
	long ret;

	asm volatile("movq $0x7777, %%rbx\n\t"
		     "movq %%rbx, %%xmm9\n\t"
		     "syscall\n\t"
		     "testq %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "movq %%rsp, (%%r12)\n\t"
		     "movq %%rbx, 8(%%r12)\n\t"
		     "movq %%rdi, 16(%%r12)\n\t"
		     "movq %%rsi, 24(%%r12)\n\t"
		     "movq %%xmm9, 32(%%r12)\n\t"
		     "call *%%r13\n\t"
		     "ud2\n"
		     "1:"
		     : "=a"(ret), "+D"(*a), "+S"(*b)
		     : "0"(nr), "d"(0L), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
		     : "rbx", "rcx", "r11", "xmm9", "cc", "memory");
	return ret;
}

static void clone_by_hand(long nr, uint64_t a, uint64_t b)
{
	uint64_t top = (uintptr_t)child_stack + sizeof(child_stack);
	long ret;

	child_done = 0;
	sud_call_block();
	ret = guest_clone(nr, &a, &b);
	CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
	if (ret <= 0)
		FAIL("clone: %ld", ret);
	CHECK_EQ(waitpid(ret, NULL, 0), ret);
	CHECK_EQ(child_done, 1);
	CHECK_EQ(child_regs[0], top);
	CHECK_EQ(child_regs[1], 0x7777);
	CHECK_EQ(child_regs[2], a);
	CHECK_EQ(child_regs[3], b);
	CHECK_EQ(child_regs[4], 0x7777);
}

TEST(clone_raw, "clone and clone3 with a stack: the child has its registers")
{
	uint64_t args[11] = {
		CLONE_VM,	    0, 0, 0, SIGCHLD, (uintptr_t)child_stack,
		sizeof(child_stack)
	};

	CHECK_OK(sud_upcall_install(pass_or_note, NULL));
	for (int i = 0; i < 20; i++) {
		clone_by_hand(SYS_clone, CLONE_VM | SIGCHLD, args[5] + args[6]);
		clone_by_hand(SYS_clone3, (uintptr_t)args, sizeof(args));
	}
	CHECK_EQ(args[6], sizeof(child_stack));
}

TEST(fork_again, "a forked child installs for itself")
{
	int status;

	install(note);
	pid_t pid = fork();

	if (!pid) {
		install(note);
		_exit(site_a(MAGIC_NR, 0, 0, 0) == RESULT ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
}

TEST(remove, "after sud_upcall_remove() nothing is blocked")
{
	install(note);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	sud_call_allow();
	CHECK_OK(sud_upcall_remove());
	sud_call_block();
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	sud_call_allow();
	CHECK_OK(sud_upcall_remove());
}

/* Each is a good one with one thing wrong. */
TEST(errors, "each bad argument has its errno, and changes nothing")
{
	struct sud_options o;
	struct sud_config before, after;

	install(note);
	CHECK_OK(sud_get(sud_fd, &before));
	CHECK_ERR(sud_upcall_install(NULL, NULL), EINVAL);
#define BAD(field, value, err)                                \
	do {                                                  \
		o = at_site_a(0, true);                       \
		o.field = value;                              \
		CHECK_ERR(sud_upcall_install(note, &o), err); \
		sud_call_block();                             \
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);  \
		sud_call_allow();                             \
	} while (0)
	BAD(mode, SUD_MODE_OFF, EINVAL);
	BAD(mode, 3, EINVAL);
	BAD(flags, 1U << 2, EINVAL);
	BAD(flags, 1U << 31, EINVAL);
	BAD(len, 0, EINVAL);
	BAD(len, -1, EINVAL);
	BAD(stack, NULL, EINVAL);
	BAD(stack_size, 0, EINVAL);
	BAD(stack_size, SUD_UPCALL_STACK_MIN - 1, EINVAL);
	BAD(stack_size, -1, EINVAL);
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
	o = at_site_a(0, true);
	o.stack_size = SUD_UPCALL_STACK_MIN;
	CHECK_OK(sud_upcall_install(note, &o));
}

TEST(no_device, "without the device: open's errno")
{
	CHECK_OK(rename("/dev/sud", "/dev/sud-hidden"));
	int r = sud_upcall_install(note, NULL);
	int err = errno;

	CHECK_OK(rename("/dev/sud-hidden", "/dev/sud"));
	CHECK_EQ(r, -1);
	CHECK_EQ(err, ENOENT);
}

TEST(native_armed, "a thread that the kernel's own prctl armed: EBUSY")
{
	static unsigned char allow;

	if (!native_has(SUD_MODE_EXCLUSIVE))
		SKIP("this kernel has no such prctl");
	CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &allow));
	CHECK_ERR(sud_upcall_install(note, NULL), EBUSY);
	CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0));
}

/* What one call costs, round trip. */

#define BATCH 100
#define BATCHES 200

static void measure(const char *name)
{
	uint64_t best = -1;

	for (int n = 0; n < BATCHES; n++) {
		uint64_t start = __rdtsc();

		for (int i = 0; i < BATCH; i++)
			site_a(MAGIC_NR, 0, 0, 0);
		uint64_t t = __rdtsc() - start;

		if (t < best)
			best = t;
	}
	/* What the empty loop costs is taken off, as in sud_bench. */
	sud_call_allow();
	printf("%s %.2f\n", name, (double)best / BATCH - 2);
	fflush(stdout);
}

static __attribute__((target("general-regs-only"))) long
empty(struct sud_call *call)
{
	(void)call;
	return RESULT;
}

void bench_raw(void);
asm("	.text\n"
    "bench_raw:\n"
    "	jmp *%rcx\n");

static void bench_in_child(const char *name, unsigned int flags, bool own_stack,
			   int mode, bool region)
{
	pid_t pid = fork();

	if (!pid) {
		struct sud_options o = at_site_a(flags, own_stack);

		o.mode = mode;
		if (mode == SUD_MODE_EXCLUSIVE) {
			o.offset = region ? (uintptr_t)site_b : 0;
			o.len = region ? 64 : 0;
		}
		if (sud_upcall_install(empty, &o)) {
			perror(name);
			_exit(1);
		}
		sud_call_block();
		measure(name);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void bench(void)
{
	pid_t pid = fork();

	if (!pid) {
		struct sud_config c = {
			.size = sizeof(c),
			.mode = SUD_MODE_INCLUSIVE,
			.offset = (uintptr_t)site_a,
			.len = site_a_end - (char *)site_a,
			.delivery = SUD_DELIVER_UPCALL,
			.upcall_entry = (uintptr_t)bench_raw,
		};

		CHECK_OK(sud_set(sud_open(), &c));
		measure("sud_upcall_regs");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	bench_in_child("libsud_bare",
		       SUD_UPCALL_NO_VECTORS | SUD_UPCALL_NO_SELECTOR, false,
		       SUD_MODE_INCLUSIVE, false);
	bench_in_child("libsud_bare_own",
		       SUD_UPCALL_NO_VECTORS | SUD_UPCALL_NO_SELECTOR, true,
		       SUD_MODE_INCLUSIVE, false);
	bench_in_child("libsud_vectors", SUD_UPCALL_NO_SELECTOR, false,
		       SUD_MODE_INCLUSIVE, false);
	bench_in_child("libsud_selector", SUD_UPCALL_NO_VECTORS, false,
		       SUD_MODE_INCLUSIVE, false);
	bench_in_child("libsud", 0, false, SUD_MODE_INCLUSIVE, false);
	bench_in_child("libsud_exclusive", 0, false, SUD_MODE_EXCLUSIVE, false);
	bench_in_child("libsud_region", 0, false, SUD_MODE_EXCLUSIVE, true);
	bench_in_child("libsud_own", 0, true, SUD_MODE_INCLUSIVE, false);
}

/* Before the tests' main. */
__attribute__((constructor(1000))) static void bench_first(int argc,
							   char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--bench")) {
		bench();
		exit(0);
	}
}
