/* SPDX-License-Identifier: BSD-2-Clause */
/* The report at exit: what there was, and where it waited. */
#ifndef ZAG_OBS_REPORT_H
#define ZAG_OBS_REPORT_H

#include "obs/json.h"

/* The runtime has booted: record, if a report is wanted. */
void zag_report_begin(void);

/* The process ends: print it. */
void zag_report_end(void);

/* Places and locks, as members of an object. */
void zag_report_put(struct zag_json *j);

#endif
