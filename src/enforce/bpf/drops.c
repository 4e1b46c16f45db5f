/* SPDX-License-Identifier: Apache-2.0 */

/* Drop events read by who is no agent, from pins. */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "enforce/bpf/bpf_internal.h"

/* What decodes an event asks for these maps of an enforcer only. */
struct rw_enforce_bpf_drops {
	struct rw_bpf bpf;
	rw_enforcer_drop_fn *each; /* while drops are read */
	void *context;
	size_t room;
};

static int open_map(struct rw_bpf *bpf, const char *pin_dir, enum rw_bpf_map_id id, struct rw_error *err)
{
	struct rw_bpf_map *map = &bpf->maps[id];
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/map-%s", pin_dir, rw_bpf_map_names[id]);
	map->fd = bpf_obj_get(path);
	if (map->fd < 0)
		return rw_error_set(err, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int map_for_reading(struct rw_bpf *bpf, enum rw_bpf_map_id id, struct rw_error *err)
{
	struct rw_bpf_map *map = &bpf->maps[id];
	int r = rw_bpf_map_read_only(map->fd, &map->memory, &map->memory_size, &map->entries);

	return r < 0 ? rw_bpf_refused(err, r, "mapping a BPF array") : 0;
}

int rw_enforce_bpf_drops_open(const char *pin_dir, struct rw_enforce_bpf_drops **ret_drops,
			      struct rw_error *err)
{
	static const enum rw_bpf_map_id mapped[] = {RW_BPF_MAP_CONTROL, RW_BPF_MAP_DEVICES, RW_BPF_MAP_SLOTS};
	RW_CLEANUP(rw_enforce_bpf_drops_close) struct rw_enforce_bpf_drops *drops = NULL;
	int r = rw_bpf_pins_check_version(pin_dir, err);

	if (r < 0)
		return r;
	drops = calloc(1, sizeof(*drops));
	if (!drops)
		return rw_error_oom(err);
	rw_bpf_init(&drops->bpf);
	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(mapped); i++) {
		r = open_map(&drops->bpf, pin_dir, mapped[i], err);
		if (r == 0)
			r = map_for_reading(&drops->bpf, mapped[i], err);
	}
	if (r == 0)
		r = open_map(&drops->bpf, pin_dir, RW_BPF_MAP_EVENTS, err);
	if (r < 0)
		return r;
	r = rw_bpf_drops_open(&drops->bpf);
	if (r < 0)
		return rw_bpf_refused(err, r, "a ring buffer");
	*ret_drops = RW_TAKE_PTR(drops);
	return 0;
}

struct rw_enforce_bpf_drops *rw_enforce_bpf_drops_close(struct rw_enforce_bpf_drops *drops)
{
	if (!drops)
		return NULL;
	ring_buffer__free(drops->bpf.ring);
	rw_bpf_unload(&drops->bpf);
	free(drops);
	return NULL;
}

/* A negative answer ends the reading behind this event. */
static int take_drop(void *context, const struct rw_enforcer_drop *drop)
{
	struct rw_enforce_bpf_drops *drops = context;

	drops->each(drops->context, drop);
	return --drops->room ? 0 : -EAGAIN;
}

void rw_enforce_bpf_drops_read(struct rw_enforce_bpf_drops *drops, size_t most, rw_enforcer_drop_fn *each,
			       void *context)
{
	drops->each = each;
	drops->context = context;
	drops->room = most;
	(void)rw_bpf_drops_consume(&drops->bpf, take_drop, drops);
}
