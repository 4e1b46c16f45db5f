/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What makes rows, and what changes one rule in many of them, share (private to rows.c, rows_change.c and row_patch.c). */

#include "classify/rows.h"

enum {
	RW_ROW_BLOCK = 256,
	RW_ROW_LANE = 64, /* columns are laid over each other this many at once; divides RW_ROW_BLOCK */
	RW_ROW_OVERLAY_RULES = 4 /* from this many rules on, an atom's are merged once and laid as one */
};

/* Above every cell: a column that an overlay leaves alone. */
#define RW_ROW_NOTHING INT32_MAX

/* A class on the way from class 0 to the current one. */
struct rw_row_level {
	uint32_t class;
	uint32_t row;   /* level whose cells and blocks are this one's: itself, or one above without change */
	uint32_t entry; /* of the row in the image */
	bool lists;     /* some cell is a list */
	uint32_t *cells;  /* by column, padded to RW_ROW_LANE; room kept for later classes at this depth */
	uint32_t *blocks; /* entry of each block */
};

/* The rules of one atom merged: the smallest cell by column, or RW_ROW_NOTHING. */
struct rw_row_overlay {
	int32_t *cells; /* NULL = not made yet */
	bool five;      /* a five-tuple rule is among them: they are laid one by one */
};

struct rw_row_builder {
	const struct rw_plan *plan;
	const struct rw_classify_address *address;
	const struct rw_columns *columns;
	const uint32_t *fives;
	struct rw_image *image;
	uint32_t view;
	bool plain;         /* blocks are plain nodes */
	uint32_t *first_of; /* by atom: its rules are by_atom[first_of[a] .. first_of[a + 1]) */
	uint32_t *by_atom;  /* numbers of rules, of each atom in deciding order */
	uint32_t rule_count;
	uint32_t rule_capacity;
	struct rw_row_overlay *overlays; /* by atom */
	uint32_t atom_count;
	uint32_t *first_child; /* by class, 0 = none */
	uint32_t *next_sibling;
	struct rw_row_level *levels;
	uint32_t depth;
	uint32_t level_capacity;
	uint32_t block_count;
	uint32_t width; /* columns, padded to RW_ROW_LANE */
	bool *touched;  /* by block: changed by the current class */
	uint32_t group; /* of the rule being laid, for errors */
};

struct rw_row_maker {
	struct rw_row_builder builder;
};

/* Room for those of so many atoms.  -ENOMEM. */
int rw_row_need_overlays(struct rw_row_builder *builder, uint32_t atoms);

/*
 * Lays a rule over one cell; 'five' is the reference of its five-tuple part or 0.  -E2BIG, -ENOMEM, -ENOSPC.
 */
int rw_row_lay_cell(struct rw_row_builder *builder, const struct rw_plan_rule *rule, uint32_t five,
		    uint32_t *cell);

/* Whether a cell's list tries the rule of 'cell', or ends with it. */
bool rw_row_list_has(const struct rw_row_builder *builder, uint32_t list, uint32_t cell);

/* The entry of a block of 'count' cells. */
uint32_t rw_row_write_block(const struct rw_row_builder *builder, const uint32_t *cells, uint32_t count);

/* Reads it back; true when lists are among the cells. */
bool rw_row_read_block(const struct rw_row_builder *builder, uint32_t entry, uint32_t count, uint32_t *cells);

/* One of its cells. */
uint32_t rw_row_read_cell(const struct rw_row_builder *builder, uint32_t entry, uint32_t slot);
