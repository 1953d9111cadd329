// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control areas. Who may touch what:
 *   an area	those who hold a reference. Its memory is also user code's, through
 *		page tables that have references of their own to the pages
 *   a mapping	the VMAs that came of one mmap(), which hold references; the last
 *		one frees it. Its area may be made late, under the mapping's lock,
 *		and then stays the same
 *
 * After a fork, parent and child must not write to the same bytes: the child's
 * stores would switch the parent's interception. So the child's mapping has an
 * area of its own, empty, which is made at its first use: most children execute
 * a new program before that.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <sud_uapi.h>

#include "area.h"
#include "compat/page.h"
#include "compat/vma.h"
#include "reclaim.h"
#include "user.h"

static void free_pages_of(struct sud_area *area)
{
	unsigned long i;

	for (i = 0; i < area->size >> PAGE_SHIFT; i++)
		if (area->pages[i])
			sud_page_free(area->pages[i]);
	kvfree(area->pages);
}

static bool fill_with_pages(struct sud_area *area)
{
	unsigned long n = area->size >> PAGE_SHIFT, i;

	area->pages = kvcalloc(n, sizeof(*area->pages), GFP_KERNEL_ACCOUNT);
	if (!area->pages)
		return false;
	for (i = 0; i < n; i++) {
		area->pages[i] = sud_page_alloc(GFP_KERNEL_ACCOUNT |
						__GFP_ZERO | __GFP_NOWARN);
		if (!area->pages[i])
			goto free;
	}
	area->memory = vmap(area->pages, n, VM_MAP, PAGE_KERNEL);
	if (area->memory)
		return true;
free:
	free_pages_of(area);
	return false;
}

struct sud_area *sud_area_new(unsigned long size)
{
	struct sud_user *user = sud_user_charge(SUD_BUDGET_SETS, size);
	struct sud_area *area;

	if (IS_ERR(user))
		return ERR_CAST(user);

	area = kzalloc(sizeof(*area), GFP_KERNEL_ACCOUNT);
	if (area) {
		refcount_set(&area->refs, 1);
		area->size = size;
		area->places = size - sizeof(struct sud_upcall_frame) + 1;
		area->user = user;
		if (fill_with_pages(area))
			return area;
		kfree(area);
	}
	sud_user_uncharge(user, SUD_BUDGET_SETS, size);
	return ERR_PTR(-ENOMEM);
}

struct sud_area *sud_area_get(struct sud_area *area)
{
	if (area)
		refcount_inc(&area->refs);
	return area;
}

static void free_area(struct work_struct *work)
{
	struct sud_area *area =
		container_of(to_rcu_work(work), struct sud_area, free);

	vunmap(area->memory);
	free_pages_of(area);
	sud_user_uncharge(area->user, SUD_BUDGET_SETS, area->size);
	kfree(area);
}

void sud_area_put(struct sud_area *area)
{
	if (area && refcount_dec_and_test(&area->refs))
		sud_reclaim(&area->free, free_area);
}

/**
 * struct sud_mapping - an area as one process has it mapped
 * @refs: the process's VMAs that it has been split into
 * @mm: the process's, compared and never followed
 * @size: the area's
 * @lock: held to make the area
 * @area: NULL until its first use, in a child
 */
struct sud_mapping {
	refcount_t refs;
	const struct mm_struct *mm;
	unsigned long size;
	struct mutex lock; /* of who makes the area */
	struct sud_area *area;
};

static struct sud_mapping *mapping_alloc(const struct mm_struct *mm,
					 unsigned long size)
{
	struct sud_mapping *mapping =
		kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);

	if (!mapping)
		return NULL;
	refcount_set(&mapping->refs, 1);
	mapping->mm = mm;
	mapping->size = size;
	mutex_init(&mapping->lock);
	return mapping;
}

void sud_mapping_put(struct sud_mapping *mapping)
{
	if (!mapping || !refcount_dec_and_test(&mapping->refs))
		return;
	sud_area_put(mapping->area);
	kfree(mapping);
}

/* Return: the area, which the mapping keeps, or an error. */
static struct sud_area *area_of(struct sud_mapping *mapping)
{
	struct sud_area *area;

	/* There was no memory for the mapping, in fork. */
	if (!mapping)
		return ERR_PTR(-ENOMEM);

	mutex_lock(&mapping->lock);
	area = mapping->area;
	if (!area) {
		area = sud_area_new(mapping->size);
		if (!IS_ERR(area))
			mapping->area = area;
	}
	mutex_unlock(&mapping->lock);
	return area;
}

/* A copy of a VMA has been made: of a part, of one that moves, or by fork. */
static void area_vm_open(struct vm_area_struct *vma)
{
	struct sud_mapping *mapping = vma->vm_private_data;

	if (!mapping)
		return;
	if (mapping->mm == vma->vm_mm)
		refcount_inc(&mapping->refs);
	else
		vma->vm_private_data = mapping_alloc(vma->vm_mm, mapping->size);
}

static void area_vm_close(struct vm_area_struct *vma)
{
	sud_mapping_put(vma->vm_private_data);
}

static vm_fault_t area_vm_fault(struct vm_fault *vmf)
{
	struct sud_area *area = area_of(vmf->vma->vm_private_data);

	if (IS_ERR(area) || vmf->pgoff >= area->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	vmf->page = area->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct area_vm_ops = {
	.open = area_vm_open,
	.close = area_vm_close,
	.fault = area_vm_fault,
};

struct sud_mapping *sud_mapping_new(const struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long wanted = VM_SHARED | VM_READ | VM_WRITE;
	struct sud_mapping *mapping;

	if (size > SUD_AREA_MAX || vma->vm_pgoff || vma->vm_flags & VM_EXEC ||
	    (vma->vm_flags & wanted) != wanted)
		return ERR_PTR(-EINVAL);

	mapping = mapping_alloc(vma->vm_mm, size);
	return mapping ?: ERR_PTR(-ENOMEM);
}

void sud_mapping_begin(struct sud_mapping *mapping, struct sud_area *area,
		       struct vm_area_struct *vma)
{
	mapping->area = area;
	vma->vm_private_data = mapping;
	vma->vm_ops = &area_vm_ops;
	/* No mremap() makes it larger, no mprotect() makes it code. */
	sud_vma_flags(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);
}

struct sud_area *sud_area_find(struct mm_struct *mm, unsigned long address,
			       size_t len, unsigned long *base)
{
	struct sud_area *area = ERR_PTR(-EFAULT);
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(mm))
		return ERR_PTR(-EINTR);
	vma = find_vma(mm, address);
	if (vma && vma->vm_ops == &area_vm_ops && vma->vm_start <= address &&
	    len <= vma->vm_end - address) {
		area = area_of(vma->vm_private_data);
		if (!IS_ERR(area)) {
			sud_area_get(area);
			*base = vma->vm_start - (vma->vm_pgoff << PAGE_SHIFT);
		}
	}
	mmap_read_unlock(mm);
	return area;
}
