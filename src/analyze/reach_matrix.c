/* SPDX-License-Identifier: Apache-2.0 */

/* Clusters x services x zones. */

#include <string.h>

#include "analyze/map.h"
#include "analyze/reach.h"
#include "base/array.h"

const char *const rw_reach_extent_names[RW_REACH_EXTENT_COUNT_] = {"none", "some", "all"};

enum { ZONE_INTERNET_4, ZONE_INTERNET_6, ZONE_MANAGEMENT, ZONE_FIXED };

struct builder {
	const struct rw_source *source;
	struct rw_sets *sets;
	struct rw_reach_matrix *matrix;
	rw_set zones[RW_REACH_ZONES_MAX]; /* their addresses; of the management anew for each cluster */
	rw_set some[RW_REACH_ZONES_MAX];  /* of the cluster: services that some of the zone reaches, ... */
	rw_set all[RW_REACH_ZONES_MAX];   /* ... that all of it does */
	struct rw_error *err;
};

void rw_reach_matrix_done(struct rw_reach_matrix *matrix)
{
	free(matrix->rows);
	*matrix = (struct rw_reach_matrix){0};
}

/* ---- zones ---- */

static int set_of(struct builder *builder, const struct rw_prefix *list, size_t count, rw_set *ret_set)
{
	static const struct rw_prefix nothing;
	struct rw_set_box box = RW_SET_BOX_ANY;

	box.remotes = count ? list : &nothing;
	box.remote_count = count;
	return rw_set_of_box(builder->sets, &box, ret_set, builder->err);
}

static int addresses_of(struct builder *builder, const char *text, rw_set *ret_set)
{
	RW_CLEANUP(rw_free) struct rw_prefix *list = NULL;
	size_t count = 0;
	int r = rw_source_addresses(builder->source, "from", text, &list, &count, builder->err);

	return r < 0 ? r : set_of(builder, list, count, ret_set);
}

static int find_zones(struct builder *builder)
{
	static const char *const fixed[ZONE_FIXED] = {"internet-4", "internet-6", "management"};
	const struct rw_model *model = builder->source->model;
	struct rw_reach_matrix *matrix = builder->matrix;
	int r = addresses_of(builder, fixed[ZONE_INTERNET_4], &builder->zones[ZONE_INTERNET_4]);

	if (!r)
		r = addresses_of(builder, fixed[ZONE_INTERNET_6], &builder->zones[ZONE_INTERNET_6]);
	for (size_t i = 0; i < ZONE_FIXED; i++)
		matrix->zones[matrix->zone_count++].name = fixed[i];
	for (size_t i = 0; !r && i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);
		char text[RW_ID_SIZE + 8] = "group:";
		rw_set members;

		memcpy(text + 6, group->id, sizeof(group->id));
		r = addresses_of(builder, text, &members);
		if (r < 0 || members == RW_SET_EMPTY)
			continue;
		if (matrix->zone_count == RW_REACH_ZONES_MAX) {
			matrix->zones_omitted++;
			continue;
		}
		builder->zones[matrix->zone_count] = members;
		matrix->zones[matrix->zone_count++] = (struct rw_reach_zone){group->name, group};
	}
	return r;
}

/* ---- a cluster ---- */

/* What some node of the cluster accepts. */
static int expose(struct builder *builder, const struct rw_cluster *cluster, rw_set *ret_open)
{
	const struct rw_model *model = builder->source->model;
	rw_set sum = RW_SET_EMPTY, open;
	int r = 0;

	for (size_t i = 0; !r && i < rw_model_count(model, RW_KIND_NODE); i++) {
		const struct rw_node *node = rw_model_at(model, RW_KIND_NODE, i);
		RW_CLEANUP(rw_policy_unref) struct rw_policy *policy = NULL;

		if (!rw_source_decides(node) || strcmp(node->cluster, cluster->id) != 0)
			continue;
		r = rw_source_derive(builder->source, node->id, &policy, builder->err);
		for (size_t j = 0; !r && j < policy->interface_count; j++) {
			r = rw_exposure(
				builder->sets,
				&(struct rw_view){.policy = policy, .interface = j, .ignore_own = true}, NULL,
				&open, builder->err);
			if (!r)
				r = rw_set_union(builder->sets, sum, open, &sum, builder->err);
		}
	}
	*ret_open = sum;
	return r;
}

/* Services that some and that all addresses of a zone reach. */
static int judge_zone(struct builder *builder, rw_set open, size_t zone)
{
	rw_set inside, closed;
	int r = rw_set_intersect(builder->sets, open, builder->zones[zone], &inside, builder->err);

	if (!r)
		r = rw_set_subtract(builder->sets, builder->zones[zone], open, &closed, builder->err);
	if (!r)
		r = rw_set_services(builder->sets, inside, &builder->some[zone], builder->err);
	if (!r)
		r = rw_set_services(builder->sets, closed, &closed, builder->err);
	return r < 0 ? r
		     : rw_set_subtract(builder->sets, builder->some[zone], closed, &builder->all[zone],
				       builder->err);
}

/* ---- rows ---- */

struct cuts {
	uint32_t *list;
	size_t count, capacity;
};

static int add_cut(struct cuts *cuts, uint32_t cut)
{
	if (cuts->count == cuts->capacity) {
		size_t capacity = cuts->capacity * 2 + 64;
		uint32_t *bigger = realloc(cuts->list, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		cuts->list = bigger;
		cuts->capacity = capacity;
	}
	cuts->list[cuts->count++] = cut;
	return 0;
}

static int add_cuts(const struct rw_sets *sets, rw_set services, struct cuts *cuts)
{
	const struct rw_set_arc *arcs;
	size_t count;
	int r = 0;

	if (rw_set_is_value(services))
		return 0;
	count = rw_sets_arcs(sets, services, &arcs);
	for (size_t i = 0; !r && i < count; i++)
		r = add_cut(cuts, (uint32_t)arcs[i].first);
	return r;
}

static int add_row(struct rw_reach_matrix *matrix, const struct rw_reach_row *row)
{
	/* Room grows by doubling: a count that is a power of two is a full list. */
	if ((matrix->row_count & (matrix->row_count - 1)) == 0) {
		size_t capacity = matrix->row_count ? matrix->row_count * 2 : 1;
		struct rw_reach_row *bigger;

		if (matrix->row_count >= RW_BOXES_MAX)
			return -E2BIG;
		bigger = realloc(matrix->rows, capacity * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		matrix->rows = bigger;
	}
	matrix->rows[matrix->row_count++] = *row;
	return 0;
}

/* Services first..last, which are alike: part of a protocol is a row of ports, whole protocols are one. */
static int add_rows(struct rw_reach_matrix *matrix, struct rw_reach_row row, uint32_t first, uint32_t last)
{
	int r = 0;

	while (!r && first <= last) {
		uint32_t protocol = first >> 16;
		uint32_t end = first | 0xffff;

		row.protocol_first = row.protocol_last = (uint16_t)protocol;
		row.ports = (struct rw_ports){(uint16_t)first, 65535};
		if (end > last) {
			end = last;
			row.ports.last = (uint16_t)last;
		} else if (!(first & 0xffff)) {
			/* As many whole protocols as there are. */
			uint32_t whole = (last & 0xffff) == 0xffff ? last >> 16 : (last >> 16) - 1;

			row.protocol_last = (uint16_t)whole;
			end = whole << 16 | 0xffff;
		}
		r = add_row(matrix, &row);
		if (end == RW_SERVICE_LAST)
			break;
		first = end + 1;
	}
	return r;
}

static bool fill_extents(const struct builder *builder, uint32_t service, struct rw_reach_row *row)
{
	const struct rw_packet packet = {
		.protocol = (uint8_t)(service >> 16),
		.local_port = (uint16_t)service,
		.local.family = 4,
		.remote.family = 4,
	};
	bool any = false;

	for (size_t i = 0; i < builder->matrix->zone_count; i++) {
		if (rw_set_contains(builder->sets, builder->all[i], &packet))
			row->extents[i] = RW_REACH_ALL;
		else if (rw_set_contains(builder->sets, builder->some[i], &packet))
			row->extents[i] = RW_REACH_SOME;
		any |= row->extents[i] != RW_REACH_NONE;
	}
	return any;
}

static int cut_services(const struct builder *builder, struct cuts *cuts)
{
	int r = add_cut(cuts, RW_SERVICE_FIRST);
	size_t kept = 0;

	for (size_t i = 0; !r && i < builder->matrix->zone_count; i++) {
		r = add_cuts(builder->sets, builder->some[i], cuts);
		if (!r)
			r = add_cuts(builder->sets, builder->all[i], cuts);
	}
	if (r < 0)
		return r;
	qsort(cuts->list, cuts->count, sizeof(*cuts->list), rw_array_compare_u32);
	for (size_t i = 0; i < cuts->count; i++)
		if (!kept || cuts->list[kept - 1] != cuts->list[i])
			cuts->list[kept++] = cuts->list[i];
	cuts->count = kept;
	return 0;
}

static int tabulate(struct builder *builder, const struct rw_cluster *cluster)
{
	struct cuts cuts = {0};
	int r = cut_services(builder, &cuts);

	for (size_t i = 0, end; !r && i < cuts.count; i = end) {
		struct rw_reach_row row = {.cluster = cluster}, next;
		bool any = fill_extents(builder, cuts.list[i], &row);

		for (end = i + 1; end < cuts.count; end++) {
			next = (struct rw_reach_row){.cluster = cluster};
			(void)fill_extents(builder, cuts.list[end], &next);
			if (memcmp(next.extents, row.extents, sizeof(row.extents)) != 0)
				break;
		}
		if (any)
			r = add_rows(builder->matrix, row, cuts.list[i],
				     end < cuts.count ? cuts.list[end] - 1 : RW_SERVICE_LAST);
	}
	free(cuts.list);
	if (r == -E2BIG)
		return rw_error_set(builder->err, r, "the matrix has more than %d rows", RW_BOXES_MAX);
	return r < 0 ? rw_error_oom(builder->err) : 0;
}

static int add_cluster(struct builder *builder, const struct rw_cluster *cluster)
{
	rw_set open;
	int r = set_of(builder, cluster->management_cidrs, cluster->management_cidr_count,
		       &builder->zones[ZONE_MANAGEMENT]);

	if (!r)
		r = expose(builder, cluster, &open);
	for (size_t i = 0; !r && i < builder->matrix->zone_count; i++)
		r = judge_zone(builder, open, i);
	return r < 0 ? r : tabulate(builder, cluster);
}

int rw_reach_matrix(const struct rw_source *source, const char *reference, struct rw_reach_matrix *ret_matrix,
		    struct rw_error *err)
{
	RW_CLEANUP(rw_reach_matrix_done) struct rw_reach_matrix matrix = {0};
	RW_CLEANUP(rw_sets_free) struct rw_sets *sets = NULL;
	struct builder builder = {.source = source, .matrix = &matrix, .err = err};
	const struct rw_cluster *only = reference ? rw_model_find_cluster(source->model, reference) : NULL;
	int r;

	if (reference && !only) {
		(void)rw_error_field(err, "to", "there is no cluster '%s'", reference);
		if (err)
			err->code = -ENOENT;
		return -ENOENT;
	}
	r = rw_sets_new(0, &sets, err);
	builder.sets = sets;
	if (!r)
		r = find_zones(&builder);
	for (size_t i = 0; !r && i < rw_model_count(source->model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(source->model, RW_KIND_CLUSTER, i);

		if (!only || cluster == only)
			r = add_cluster(&builder, cluster);
	}
	if (r < 0)
		return r;
	*ret_matrix = matrix;
	matrix = (struct rw_reach_matrix){0};
	return 0;
}
