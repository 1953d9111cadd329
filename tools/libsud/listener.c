// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A supervisor's loop: calls are taken and answered in batches, by one system call.
 */
#include <errno.h>

#include "internal.h"

/* So many calls are taken at once: 6 KiB of the stack. */
#define BATCH 16

struct batch {
	struct sud_notification calls[BATCH];
	struct sud_answer answers[BATCH];
	int answer_count;
};

/*
 * Some of the answers failed. A call that waits no more needs none. One whose answer
 * was refused waits on, and nobody else would answer it: it fails with EINVAL.
 *
 * Return: false when none of them failed.
 */
static bool mend(struct batch *batch)
{
	int count = batch->answer_count;
	bool failed = false;

	batch->answer_count = 0;
	for (int i = 0; i < count; i++) {
		struct sud_answer *answer = &batch->answers[i];

		if (!answer->error)
			continue;
		failed = true;
		if (answer->error == ENOENT)
			continue;
		batch->answers[batch->answer_count++] = (struct sud_answer){
			.id = answer->id,
			.result = -EINVAL,
		};
	}
	return failed;
}

static void handle(struct batch *batch, int count, sud_listener_handler handler,
		   void *arg)
{
	batch->answer_count = 0;
	for (int i = 0; i < count; i++) {
		const struct sud_notification *call = &batch->calls[i];
		struct sud_answer *answer =
			&batch->answers[batch->answer_count];

		*answer = (struct sud_answer){
			.id = call->id,
			.result = -ENOSYS,
			.regs = call->regs,
		};
		handler(arg, call, answer);
		if (answer->flags)
			answer->result = 0;
		/* The handler clears the id of a call that is answered later. */
		if (answer->id)
			batch->answer_count++;
	}
}

int sud_listener_run(int listener, sud_listener_handler handler, void *arg)
{
	struct batch batch = { .answer_count = 0 };
	int count;

	for (;;) {
		count = sud_serve(listener, batch.answers, batch.answer_count,
				  batch.calls, BATCH);
		if (count >= 0) {
			handle(&batch, count, handler, arg);
			continue;
		}
		/* Where none failed, all have been given. */
		if (mend(&batch) || errno == EINTR)
			continue;
		return errno == ESRCH ? 0 : -1;
	}
}
