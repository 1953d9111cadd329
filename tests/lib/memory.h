/* SPDX-License-Identifier: GPL-2.0-only */
/* User memory with an end that is known. */
#ifndef SUD_LIB_MEMORY_H
#define SUD_LIB_MEMORY_H

#include <stddef.h>

#define PAGE 4096

/* So many fresh pages. */
void *pages(int n);
/* A copy of at most a page that ends where memory does; and one to read only. */
void *at_page_end(const void *from, size_t size);
void *at_page_end_read_only(const void *from, size_t size);

#endif /* SUD_LIB_MEMORY_H */
