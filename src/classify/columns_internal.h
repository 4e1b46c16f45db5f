/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What makes columns and what changes them share (private to columns.c and columns_change.c). */

#include "classify/columns.h"

enum { RW_COLUMNS_PORTS = 65536 };

/* Orders ranges. */
static inline uint64_t rw_columns_key(uint16_t protocol, struct rw_ports ports)
{
	return (uint64_t)protocol << 32 | (uint64_t)ports.first << 16 | ports.last;
}

/* Appends columns first..last to the runs of 'range', which is the one appended to last.  -ENOMEM. */
int rw_columns_add_run(struct rw_columns *columns, struct rw_port_range *range, uint32_t first,
		       uint32_t last);

/* Sets the entry in the families in which a rule on 'protocol' can match: ICMP of the other family never. */
void rw_columns_set_protocol(struct rw_image *image, uint32_t view_page, uint16_t protocol, uint32_t entry);
