/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handlers for upcalls, in assembly. Each notes what it is entered with, sets the
 * selector to ALLOW so that further calls run, gives RESULT, and goes back.
 */
#ifndef SUD_LIB_UPCALLS_H
#define SUD_LIB_UPCALLS_H

#include <stdbool.h>
#include <stdint.h>

#include <sud.h>

#define RESULT 4711

/* For registers, in 64-bit code only; and for a stack of frames. */
void entry_regs(void);
void entry_frames(void);
/* For registers: gives RESULT and goes back, and does nothing else. */
void entry_result(void);

/* How often a handler was entered, and with which registers the last time. */
extern volatile uint64_t up_count, up_ax, up_cx, up_r11, up_sp;
/* The top of the stack of frames, and the last frame that was taken from it. */
extern volatile uint64_t up_top;
extern volatile struct sud_upcall_frame up_frame;

/* The memory of that stack; reset_frames() empties it. */
#define FRAMES_SIZE 4096
extern char up_frames[FRAMES_SIZE];
void reset_frames(void);

/* Exclusive without a region, by these handlers, with an empty stack of frames. */
struct sud_config config_upcall(bool with_frames);
void arm_upcall(bool with_frames);

#endif /* SUD_LIB_UPCALLS_H */
