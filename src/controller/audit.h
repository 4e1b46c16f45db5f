/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The change log
 * ==============
 *
 * Every change leaves a record in the same transaction: numbered densely from 1, so that a missing one shows.
 *
 *     {"version":1,"sequence":"7","revision"*:"31","time":"2026-...","actor":{"kind":"key","id":"k-..",
 *      "name":"alice","address":"192.0.2.7","via":"console"},
 *      "action":"add rules","forced":["management-ssh"],
 *      "established":"keep",
 *      "changes":[{"kind":"rule","id":"sgr-..","security_group":"sg-..","before":null,"after":{...}}],
 *      "omitted":0}
 *
 * 'established' is left out where live flows are cut.
 *
 * (*) the revision is not known before the commit: it is the mod_revision of the record's key and added when
 * the record is read.  Texts of a huge change are kept up to RW_AUDIT_CHANGES_MAX bytes; 'omitted' counts the
 * items left out.  The newest limits.audit_records stay; older ones are deleted in the background.
 */

#include "controller/controller.h"

#define RW_AUDIT_CHANGES_MAX (384u * 1024)
#define RW_AUDIT_PAGE_MAX    1000

struct rw_audit_record {
	uint64_t sequence;
	uint64_t revision;
	char *json; /* the record as above, 'revision' included */
};

struct rw_audit_page {
	struct rw_audit_record *records; /* newest first */
	size_t count;
	uint64_t next; /* 'before' of the following page; 0 = there is none */
};
void rw_audit_page_done(struct rw_audit_page *page);
RW_DEFINE_DONE(struct rw_audit_page, rw_audit_page_done)

/* Lists records with a sequence below 'before' (0 = from the newest), at most 'limit' (1..RW_AUDIT_PAGE_MAX).
 * Reads from the store.  Errors: the store's, -ENOMEM. */
RW_NODISCARD int rw_audit_list(struct rw_controller *controller, uint64_t before, size_t limit,
			       struct rw_audit_page *ret_page, struct rw_error *err);
