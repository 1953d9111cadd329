/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_DEV_H
#define SUD_DEV_H

struct file;
struct sud_region_set;

/* An open file's region set, with a reference for the caller. */
struct sud_region_set *sud_dev_regions(struct file *file);
/* Give it another one, of which it takes a reference. */
void sud_dev_give(struct file *file, struct sud_region_set *set);

#endif /* SUD_DEV_H */
