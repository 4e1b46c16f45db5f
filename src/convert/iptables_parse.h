/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside src/convert only: the text of iptables-save, as chains of rules.  What a line matches is kept as far
 * as a packet that opens a flow is concerned; whatever cannot be said that way is named in 'unknown'.
 */

#include "base/vec.h"
#include "convert/convert.h"

/* As iptables' multiport. */
#define RW_IPTABLES_PORTS_MAX 15

struct rw_iptables_ports {
	struct rw_ports ranges[RW_IPTABLES_PORTS_MAX];
	unsigned int count; /* 0 = any */
};

struct rw_iptables_match {
	bool never;                           /* no packet that opens a flow on a NIC: lo, ESTABLISHED */
	const char *unknown;                  /* why it cannot be translated, or NULL */
	struct rw_prefix source, destination; /* bits 0 = any */
	uint16_t protocol;                    /* or RW_PROTOCOL_ALL */
	struct rw_iptables_ports source_ports, destination_ports;
	struct rw_ports published_port; /* --ctorigdstport; any = not asked */
	bool translated;                /* --ctstate DNAT: only what nat has redirected */
	char in[16], out[16];           /* "" = any; "eth+" as written */
	bool not_in, not_out;
};

enum rw_iptables_target {
	RW_IPTABLES_CONTINUE, /* LOG, MARK, ...: decides nothing */
	RW_IPTABLES_ACCEPT,
	RW_IPTABLES_DROP, /* and REJECT */
	RW_IPTABLES_RETURN,
	RW_IPTABLES_JUMP,
	RW_IPTABLES_GOTO,
	RW_IPTABLES_TRANSLATE, /* DNAT */
	RW_IPTABLES_UNKNOWN,
};

struct rw_iptables_rule {
	unsigned int line;
	const char *text; /* the line; lent by the file */
	struct rw_iptables_match match;
	enum rw_iptables_target target;
	const char *chain; /* JUMP, GOTO: where to; UNKNOWN: the target's name */
	const char *to;    /* TRANSLATE: --to-destination */
	bool rejected;     /* DROP that was REJECT */
	bool told;         /* a note has been made of it */
	bool used;         /* some walk has met it */
};

struct rw_iptables_chain {
	const char *name;
	enum rw_verdict policy; /* of a built-in chain */
	struct rw_vec rules;    /* struct rw_iptables_rule */
};

enum rw_iptables_table { RW_IPTABLES_FILTER, RW_IPTABLES_NAT, RW_IPTABLES_OTHER, RW_IPTABLES_TABLE_COUNT_ };

struct rw_iptables_file {
	const char *name;
	uint8_t family; /* 4 or 6 */
	char *text;     /* owned: the lines, each ended by NUL */
	char *words;    /* owned: a second copy, cut into words */
	struct rw_vec
		chains[RW_IPTABLES_TABLE_COUNT_]; /* struct rw_iptables_chain, in the order of the file */
};

/* Reads a whole file.  -EINVAL with line and hint; -E2BIG; -ENOMEM. */
RW_NODISCARD int rw_iptables_parse(const struct rw_convert_input *input, struct rw_iptables_file *ret_file,
				   struct rw_error *err);
void rw_iptables_file_done(struct rw_iptables_file *file);
RW_DEFINE_DONE(struct rw_iptables_file, rw_iptables_file_done)

/* The chain of a table, lent; NULL when there is none. */
struct rw_iptables_chain *rw_iptables_find(const struct rw_iptables_file *file, enum rw_iptables_table table,
					   const char *name);
