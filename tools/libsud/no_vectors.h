/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Included before the functions of a file that the guest's vector registers pass
 * through, and before headers whose functions it inlines: a compiler inlines none that
 * may use more registers. NO_VECTORS_END ends such a file. The C library's functions
 * are not among those that they may call.
 */
#if defined(__clang__) /* knows no "GCC target", and ignores it */
#pragma clang attribute push(__attribute__((target("general-regs-only"))), \
			     apply_to = function)
#define NO_VECTORS_END _Pragma("clang attribute pop")
#elif __GNUC__ >= 11
#pragma GCC target("general-regs-only")
#define NO_VECTORS_END
#else /* gcc 10 has no word for it, and uses the x87 unit for floating point only */
#pragma GCC target("no-mmx,no-sse")
#define NO_VECTORS_END
#endif
