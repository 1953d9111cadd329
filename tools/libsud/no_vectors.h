/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Included before the functions of a file that the guest's vector registers pass
 * through. The C library's functions are not among those that they may call.
 */
#if defined(__clang__) || __GNUC__ >= 11
#pragma GCC target("general-regs-only")
#else /* gcc 10 has no word for it, and uses the x87 unit for floating point only */
#pragma GCC target("no-mmx,no-sse")
#endif
