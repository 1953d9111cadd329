/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control area: memory that a process and the module share, by mmap() of
 * /dev/sud. Selectors and upcall frames that lie in it are read and written
 * through the kernel's own mapping: no access to user space, no fault, no sleep.
 * The ABI is in include/sud_uapi.h.
 */
#ifndef SUD_AREA_H
#define SUD_AREA_H

#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct mm_struct;
struct page;
struct sud_mapping;
struct sud_user;
struct vm_area_struct;

/**
 * struct sud_area - a control area
 * @refs: open files, mappings, armed threads
 * @memory: all of it, in the kernel
 * @size: in bytes
 * @places: at which offsets a frame may begin: less than this
 * @pages: what it is made of
 * @user: whom it is charged to
 * @free: frees it, from where one may sleep
 *
 * Nothing of it changes but the memory, which user code writes at any time:
 * what is read there is read once, and checked.
 */
struct sud_area {
	refcount_t refs;
	char *memory;
	unsigned long size;
	unsigned long places;
	struct page **pages;
	struct sud_user *user;
	struct rcu_work free;
};

/* Return: a new one with one reference, zeroed, or an error. */
struct sud_area *sud_area_new(unsigned long size);
/* Also with NULL. */
struct sud_area *sud_area_get(struct sud_area *area);
/* May be called where one may not sleep, and with NULL. */
void sud_area_put(struct sud_area *area);

/*
 * An area as one process has it mapped. For mmap(), in two steps, so that what fails
 * leaves nothing: make a mapping, and then, when there is an area, begin with it.
 *
 * sud_mapping_new() returns -EINVAL when that is not how an area is mapped, or
 * -ENOMEM. sud_mapping_begin() takes over the caller's reference to the area, and
 * the mapping, which sud_mapping_put() frees otherwise.
 */
struct sud_mapping *sud_mapping_new(const struct vm_area_struct *vma);
void sud_mapping_begin(struct sud_mapping *mapping, struct sud_area *area,
		       struct vm_area_struct *vma);
void sud_mapping_put(struct sud_mapping *mapping);

/**
 * sud_area_find() - which area is mapped there?
 * @mm: whose addresses these are
 * @address: the first byte
 * @len: all of them have to lie in the mapping
 * @base: filled in: the address at which the area's first byte is mapped, or
 *	would be
 *
 * Return: a reference to the area; -EFAULT, when none is there; -ENOMEM;
 * -ENOSPC; -EINTR, when the caller is killed.
 */
struct sud_area *sud_area_find(struct mm_struct *mm, unsigned long address,
			       size_t len, unsigned long *base);

#endif /* SUD_AREA_H */
