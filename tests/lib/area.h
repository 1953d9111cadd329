/* SPDX-License-Identifier: GPL-2.0-only */
/* Control areas: mmap() of /dev/sud, and threads whose selector lies there. */
#ifndef SUD_LIB_AREA_H
#define SUD_LIB_AREA_H

#include <stdbool.h>
#include <stdint.h>
#include <sud.h>

/* The area's mapping, or MAP_FAILED and errno. */
void *area_map(int fd, size_t size);
/* A page of the test's own descriptor, which must work. */
void *area_page(void);

/* How the page is laid out: the selector, the top of the frames, the frames. */
#define AREA_SELECTOR 0
#define AREA_TOP 64
#define AREA_FRAMES_END 4096

#define area_selector(area) (((volatile unsigned char *)(area))[AREA_SELECTOR])
#define area_top(area) (*(volatile uint64_t *)((char *)(area) + AREA_TOP))
void area_reset_frames(void *area);

/*
 * Exclusive, no region: the selector decides, and a blocked call is SIGSYS, from
 * which the handler may return.
 */
struct sud_config area_config(void *area);
/* The same by upcall, in registers, or with frames in the area. */
struct sud_config area_config_upcall(void *area, bool with_frames);

/*
 * site_a()'s call with the selector at BLOCK, and then at ALLOW again: was it
 * blocked? handle_sigsys() before, for the SIGSYS of one that is.
 */
bool area_blocks(void *area);

#ifdef __x86_64__
/*
 * For upcalls with frames in area_entry_area: pops the frame into up_frame, counts
 * in up_count, and returns RESULT, with the selector at ALLOW.
 */
void entry_area(void);
extern uint64_t area_entry_area;
#endif

#endif /* SUD_LIB_AREA_H */
