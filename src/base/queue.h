/* SPDX-License-Identifier: BSD-2-Clause */
/* BSD's queues; a head that is all zeroes is an empty queue, too. */
#ifndef ZAG_BASE_QUEUE_H
#define ZAG_BASE_QUEUE_H

#include <sys/queue.h>

/* TAILQ_INSERT_TAIL, also where TAILQ_INIT has never been. */
#define ZAG_TAILQ_APPEND(head, elm, field)               \
	do {                                             \
		if (TAILQ_EMPTY(head))                   \
			TAILQ_INIT(head);                \
		TAILQ_INSERT_TAIL((head), (elm), field); \
	} while (0)

#endif
