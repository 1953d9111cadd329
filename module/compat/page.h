/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that are charged to the memory cgroup and mapped in user space.
 *
 * Up to 5.10 such a page is marked by its type, which lies in one word with the count of
 * its mappings: while it may be mapped it must not have the type. It gets it back for the
 * free, which then gives back what the allocation took, kernel memory of a version 1
 * hierarchy included. Who else holds the page then is the last to put it, and uncharges it
 * as user memory, by page->mem_cgroup.
 */
#ifndef SUD_COMPAT_PAGE_H
#define SUD_COMPAT_PAGE_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#ifdef SUD_CHARGED_PAGE_HAS_TYPE

static inline struct page *sud_page_alloc(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	if (page && PageKmemcg(page))
		__ClearPageKmemcg(page);
	return page;
}

/* Nothing maps the page any more. */
static inline void sud_page_free(struct page *page)
{
#ifdef CONFIG_MEMCG
	if (page->mem_cgroup && page_count(page) == 1)
		__SetPageKmemcg(page);
#endif
	__free_page(page);
}

#else

static inline struct page *sud_page_alloc(gfp_t gfp)
{
	return alloc_page(gfp);
}

static inline void sud_page_free(struct page *page)
{
	__free_page(page);
}

#endif

#endif /* SUD_COMPAT_PAGE_H */
