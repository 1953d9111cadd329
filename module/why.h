/* SPDX-License-Identifier: GPL-2.0-only */
/* The reasons that the tracepoints give. */
#ifndef SUD_WHY_H
#define SUD_WHY_H

enum sud_armed {
	SUD_ARMED_ITSELF, /* by SET or the prctl */
	SUD_ARMED_BY_TRACER, /* by SET_TASK */
	SUD_ARMED_AS_CHILD, /* as its parent is */
};

enum sud_disarmed {
	SUD_DISARMED_BY_SET, /* by the mode OFF, its own or its tracer's */
	SUD_DISARMED_BY_EXEC,
	SUD_DISARMED_BY_EXIT,
};

enum sud_death {
	SUD_DEATH_SELECTOR_UNREADABLE,
	SUD_DEATH_SELECTOR_VALUE, /* neither ALLOW nor BLOCK */
	SUD_DEATH_SELECTOR_UNWRITABLE, /* SUD_FLAG_AUTO_ALLOW */
	SUD_DEATH_FRAME, /* the frame, or the top of the frames */
};

#endif /* SUD_WHY_H */
