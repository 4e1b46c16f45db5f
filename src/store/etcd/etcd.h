/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The store in etcd
 * =================
 *
 * For several controllers: one is active and has the store open, the others stand by and take over when it goes.
 * etcd (3.4 or newer) is spoken to by its JSON gateway, which every member serves on its client port.
 *
 *     PREFIX/data<key>         what the store holds: "/ringwall/data/ringwall/v1/groups/sg-1"
 *     PREFIX/incarnation       of the store; written with the first claim, or last by a restore
 *     PREFIX/claim             who has the store open: {"version":1,"holder":"...","write":"<16 hex>"}
 *     PREFIX/controllers/...   the controllers there are; theirs, not the store's (rw_etcd_write, rw_etcd_list)
 *
 * **One writer.**  Opening makes the claim, a key with a lease of RW_ETCD_LEASE_S seconds that is kept alive from the
 * program's loop.  It goes when the store is closed, and by itself when its holder is dead or cut off.  Every
 * transaction compares the claim's mod_revision and writes the claim anew, so:
 *
 *   - who has lost the claim can write nothing more, whatever it believes, and however late its request arrives;
 *   - when an answer is missing, a second transaction settles what became of the first: either the claim holds the
 *     first one's number, then it was carried out, or the claim is written anew, and then it never will be.
 *
 * And as nobody else writes, the events of the watches are the transactions of this store, with the revisions that
 * etcd gave them.  Watches begin where the store was opened: from earlier revisions they answer
 * RW_STORE_COMPACTED, like from behind a compaction.  Reads at earlier revisions work as everywhere, until somebody
 * compacts etcd.
 *
 * **Times.**  A transaction waits for etcd, at most RW_ETCD_WAIT_MS, trying one member after the other, and so does
 * a read; meanwhile the caller's loop stands still.  Both keep the claim alive, too, for whoever works for long without
 * running the loop.  While it cannot be kept alive, they fail at once (-EHOSTDOWN, nothing changed).  The holder
 * gives up before the lease can end: then, or when a transaction could not be settled, the store is lost: 'lost' runs
 * once, from the loop, transactions and reads fail with -ESHUTDOWN, and all that is left to do is to close it and open it
 * anew.
 *
 * **One cluster.**  Answers of members of another cluster than the one that answered first are not taken.
 *
 * **An older state.**  Where etcd answers with less than this struct rw_etcd has seen of it, it was brought back from a
 * snapshot, and would give revisions once more, to other contents.  An open store is lost then, and the next one that is
 * opened gets another incarnation, as a restore would give it.
 *
 * Besides those of store.h there are these errors:
 *     -EBUSY       another controller has the claim (at open only; the text names it)
 *     -EHOSTDOWN   etcd does not answer, or has no leader; nothing was changed
 *     -EACCES      etcd refuses the user, or the user these keys (at open, and beside the store)
 *     -EKEYREJECTED, -EKEYEXPIRED  the members show certificates that are not trusted (likewise)
 *     -ESHUTDOWN   the store is lost, see above; what was on its way may turn out to be durable
 *     -EUCLEAN     there are data but no incarnation: a restore was cut off (at open only)
 */

#include "base/buf.h"
#include "loop/loop.h"
#include "store/store.h"

#define RW_ETCD_LEASE_S        10
#define RW_ETCD_WAIT_MS        4000
#define RW_ETCD_ENDPOINTS_MAX  16
#define RW_ETCD_LIST_MAX       64  /* entries of rw_etcd_list */
#define RW_ETCD_PREFIX_MAX     128 /* bytes */
#define RW_ETCD_PREFIX_DEFAULT "/ringwall"
#define RW_ETCD_HOLDER_SIZE    256

struct rw_etcd_options {
	struct rw_loop *loop;         /* borrowed: the program's */
	const struct rw_clock *clock; /* borrowed */
	const struct rw_random *random;
	const char *const *
		endpoints; /* "https://host:2379": client URLs of the members, at least one; copied, as all texts */
	size_t endpoint_count;
	const char *prefix; /* begins with "/", does not end with it; NULL = RW_ETCD_PREFIX_DEFAULT */
	const char
		*ca_file; /* PEM; NULL = the system's authorities; all files are read again when TLS fails */
	const char *cert_file; /* PEM, with key_file; NULL = none is shown */
	const char *key_file;
	const char *user;     /* NULL = etcd asks for none */
	const char *password; /* with 'user'; kept, never written anywhere */
	const char *holder;   /* how others see this controller, as in "the store is open by ..." */
};

/* A way to etcd; makes no connection yet. */
struct rw_etcd;

/* -EINVAL for an option that does not fit (the error's field is that of the program: "--etcd"); -errno of the files. */
RW_NODISCARD int rw_etcd_new(const struct rw_etcd_options *options, struct rw_etcd **ret_etcd,
			     struct rw_error *err);
/* Its store must be closed before.  NULL is fine. */
struct rw_etcd *rw_etcd_free(struct rw_etcd *etcd);
RW_DEFINE_CLEANUP(struct rw_etcd *, rw_etcd_free)

/*
 * Makes the claim and opens the store; makes a new store when there is none.  'lost' is described above; it may not
 * close the store but only note that this is due.  One store at a time for one 'etcd', which it borrows.
 */
RW_NODISCARD int rw_store_etcd_open(struct rw_etcd *etcd,
				    void (*lost)(void *context, const struct rw_error *err), void *context,
				    struct rw_store **ret_store, struct rw_error *err);

/* ---- keys beside the store; no claim is needed ---- */

/* 'key' follows PREFIX/: "claim", "controllers/a", "data/ringwall/v1/meta/authority". */

/* Appends what 'key' holds to 'buf'.  0, RW_STORE_NOT_FOUND, -errno.  Waits as a transaction does. */
RW_NODISCARD int rw_etcd_read(struct rw_etcd *etcd, const char *key, struct rw_buf *buf,
			      struct rw_error *err);

/* Writes 'key'.  Waits as a transaction does; after -EHOSTDOWN it may be written or not. */
RW_NODISCARD int rw_etcd_write(struct rw_etcd *etcd, const char *key, const void *bytes, size_t size,
			       struct rw_error *err);

/* The same without a value: deletes 'key'. */
RW_NODISCARD int rw_etcd_delete(struct rw_etcd *etcd, const char *key, struct rw_error *err);

/* Lent during the callback; 'result' is 0 or negative, then 'err' says why. */
typedef void rw_etcd_list_fn(void *context, int result, const struct rw_store_entry *entries, size_t count,
			     const struct rw_error *err);

/*
 * Lists the keys that begin with 'prefix' (behind PREFIX/), the first RW_ETCD_LIST_MAX of them, without waiting: 'fn'
 * runs once, later, from the loop, unless 'etcd' is freed before.  The keys given come without PREFIX/.  -EALREADY
 * while another one is under way; -ENOMEM.
 */
RW_NODISCARD int rw_etcd_list(struct rw_etcd *etcd, const char *prefix, rw_etcd_list_fn *fn, void *context,
			      struct rw_error *err);

/* Who has the claim, from what the key "claim" holds.  -EINVAL. */
RW_NODISCARD int rw_etcd_claim_holder(const void *bytes, size_t size, char ret_holder[RW_ETCD_HOLDER_SIZE],
				      struct rw_error *err);

/*
 * Where etcd itself listens: client and peer URLs of its members, one a line, as etcd tells them.  Waits as a transaction does.
 */
RW_NODISCARD int rw_etcd_members(struct rw_etcd *etcd, struct rw_buf *buf, struct rw_error *err);
