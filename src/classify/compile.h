/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From a policy to its decision table
 * ===================================
 *
 * rw_classify_compile writes the image of abi/rw_table.h for a whole node policy: every interface, both
 * directions, both families.  It is the definition of what the data plane decides; rw_evaluate is the
 * definition of what it should.
 *
 * How.  What rules and system rules say about remote addresses are *atoms*: a CIDR, a group's members, a
 * prefix list, the network.  Addresses that lie in the same atoms are one *class*; prefixes nest, so all
 * prefixes in order with a stack give every class and a trie.  Ports that lie in the same port ranges of a
 * view are one *column*.  The row of a class is that of the class around it, overlaid with the rules of the
 * atoms that are new; equal pieces of rows are stored once.  Nothing is rules x members.
 *
 * Cost: O(p log p) in the prefixes, plus rows in proportion to the classes and the columns each differs in
 * from its parent.  1,000 rules with a group of 10,000 members take a few milliseconds.
 *
 * What is kept: a compiled table remembers its atoms.  When the next policy has no others (rules changed,
 * but no prefix and no member) the address part of the image is taken over from 'previous', and not even
 * copied when the destination already holds it; unless most of it is about nothing any more, or the
 * image would not fit with it.
 */

#include "abi/rw_table.h"
#include "policy/policy.h"

/* Default of the budget, in pages: 256 MB. */
#define RW_CLASSIFY_PAGES_DEFAULT ((256u << 20) / RW_TABLE_PAGE_SIZE)

/*
 * Where an image is written: page-aligned, of the caller, for example one half of a mapped BPF array.
 * Keep one of these for as long as the pages: compile notes in it what they hold, to write less next time,
 * and that note is a reference which rw_classify_memory_done gives back.  Nobody else writes to the pages.
 */
struct rw_classify_memory {
	void *pages;
	uint32_t capacity;                 /* in pages */
	struct rw_classify_address *holds; /* address part written here last; private, NULL at first */
	uint64_t holds_version;            /* ... as it was then */
	uint64_t begun;                    /* tables, whole ones or not, that were written here; private */
	/* Gives at least 'capacity' pages, keeping the content, and updates both; 0 or -ENOMEM.  NULL =
	 * fixed. */
	int (*grow)(struct rw_classify_memory *memory, uint32_t capacity);
};

/* Memory of the process that grows as needed. */
void rw_classify_memory_init(struct rw_classify_memory *memory);

/* Forgets what the pages hold, and frees those that came from rw_classify_memory_init. */
void rw_classify_memory_done(struct rw_classify_memory *memory);
RW_DEFINE_DONE(struct rw_classify_memory, rw_classify_memory_done)

/* What stands behind a rule index of the image. */
struct rw_classify_origin {
	enum rw_cause cause;
	enum rw_verdict verdict;
	const char *detail; /* rule id, group id for inner access, else NULL; lent by the policy */
};

/* Some of them, one after the other; private.  Tables that were made of each other share those that are the same. */
#define RW_CLASSIFY_ORIGIN_BLOCK 128
struct rw_classify_origin_block;

/*
 * A compiled table.  Holds a reference to its policy, and borrows the pages.  Only rw_classify_update (update.h)
 * changes one; rw_classify_revise (revise.h) makes the next one of it.
 */
struct rw_classify_table {
	struct rw_policy *policy;
	const void *pages;
	uint32_t page_count;
	uint32_t page_limit;
	struct rw_classify_origin_block **origins; /* see rw_classify_origin */
	uint32_t origin_count;
	uint8_t *slots;                      /* by interface of the policy */
	struct rw_classify_address *address; /* shared with later tables; private */
	bool address_reused;                 /* the address part is that of the previous table */
	bool spacious;                       /* private from here on */
	bool is_spent;                       /* its maker went to a table that is not in force */
	struct rw_classify_maker *maker;     /* of what changes; NULL = nothing did */
	struct rw_classify_log *log; /* what the image lacks that it was made from; NULL = everything */
};

struct rw_classify_options {
	/*
	 * Slot (0..255, different ones) of each interface of the policy, so that a device keeps its slot
	 * whatever the policy becomes; NULL = its index.  A slot that no interface has is "in no group".
	 */
	const uint8_t *slots;
	uint32_t page_limit; /* budget of one image; 0 = RW_CLASSIFY_PAGES_DEFAULT */
	bool compressed;     /* the small form of the IPv4 trie also where there is room for the quick one */
	bool spacious;       /* with spare room for what changes later (update.h), where there is some */
};

/*
 * Compiles 'policy' (a reference is kept) into 'memory'.  'previous' (nullable) must be whole: its pages
 * still readable, and not in 'memory'.  'options' may be NULL.
 *
 * Errors: -E2BIG over the budget or a limit of the format, naming the group that takes most; -ENOSPC when
 * fixed memory is too small though the budget is not reached (take more and repeat); -ENOMEM.  On failure
 * the content of 'memory' is undefined.
 */
RW_NODISCARD int rw_classify_compile(const struct rw_policy *policy,
				     const struct rw_classify_options *options,
				     const struct rw_classify_table *previous,
				     struct rw_classify_memory *memory, struct rw_classify_table **ret_table,
				     struct rw_error *err);

/* What stands behind a rule index (< origin_count) of the table; default drop if it means nothing any more. */
const struct rw_classify_origin *rw_classify_origin(const struct rw_classify_table *table, uint32_t index);

/* The first index from 'index' on that may mean something else in 'other', which was made of 'table'. */
uint32_t rw_classify_origin_differs(const struct rw_classify_table *table,
				    const struct rw_classify_table *other, uint32_t index);

/*
 * The image of 'table' was copied to 'pages', as far as it counts (page_count), and is there from now on.  What its
 * changes have prepared is given up, so that the next ones may take a compilation.
 */
void rw_classify_table_move(struct rw_classify_table *table, const void *pages);

struct rw_classify_maker *rw_classify_maker_free(struct rw_classify_maker *maker); /* private */
struct rw_classify_log *rw_log_free(struct rw_classify_log *log);                  /* private */
struct rw_classify_table *rw_classify_table_free(struct rw_classify_table *table);
RW_DEFINE_CLEANUP(struct rw_classify_table *, rw_classify_table_free)
