/* SPDX-License-Identifier: Apache-2.0 */
#include "main/several.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/notify.h"
#include "controller/first_key.h"
#include "controller/store_layout.h"

#define RECORD_BYTES (64u * 1024)
#define RETRY_NS     UINT64_C(1000000000)

#define AUTHORITY_KEY "data" RW_LAYOUT_AUTHORITY
#define FIRST_KEY     "data" RW_LAYOUT_FIRST_KEY

/* ---- what controllers share ---- */

/* Appends the record of the authorities.  0, RW_STORE_NOT_FOUND, -errno. */
static int read_record(struct rw_several *self, struct rw_buf *record, struct rw_error *err)
{
	return rw_etcd_read(self->parts->etcd, AUTHORITY_KEY, record, err);
}

static int pull(struct rw_several *self, const struct rw_buf *record, struct rw_error *err)
{
	int r = rw_parts_pull(self->parts, record->data, record->size, err);

	rw_buf_clear(&self->record);
	if (r == 0)
		(void)rw_buf_append(&self->record, record->data, record->size);
	return r;
}

static bool is_pulled(const struct rw_several *self, const struct rw_buf *record)
{
	return record->size == self->record.size &&
	       memcmp(record->data, self->record.data, record->size) == 0;
}

/* Our own certificate is renewed with it when that is due. */
static bool is_server_due(const struct rw_several *self)
{
	return rw_clock_realtime_ms(rw_clock_system()) / 1000 >= self->parts->folder.server_renewal_s;
}

/* The first admin key, which this controller made, may have been used at another one: its file has served then. */
static void look_at_admin_key(const struct rw_several *self)
{
	const char *file = self->parts->folder.admin_key_path;
	RW_CLEANUP(rw_buf_done) struct rw_buf record;

	rw_buf_init(&record, RECORD_BYTES);
	if (file && access(file, F_OK) == 0 &&
	    rw_etcd_read(self->parts->etcd, FIRST_KEY, &record, NULL) == 0 &&
	    rw_first_key_is_used(file, record.data, record.size))
		rw_first_key_forget_file(file);
}

static int refresh(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf record;
	struct rw_several *self = userdata;
	int r;

	rw_buf_init(&record, RECORD_BYTES);
	look_at_admin_key(self);
	r = read_record(self, &record, err);
	if (r == RW_STORE_NOT_FOUND)
		return 0;
	if (r < 0 || (is_pulled(self, &record) && !is_server_due(self)))
		return r;
	return pull(self, &record, err);
}

/* ---- active or not ---- */

static void on_lost(void *userdata, const struct rw_error *err)
{
	struct rw_several *self = userdata;

	rw_standby_lost(self->standby, err);
}

static void close_all(void *userdata)
{
	struct rw_several *self = userdata;

	rw_parts_stop_serving(self->parts);
	self->parts->registry = NULL;
	self->parts->store = rw_store_free(self->parts->store);
}

static int serve(struct rw_several *self, const struct rw_registry *registry, struct rw_error *err)
{
	struct rw_parts *parts = self->parts;
	int r;

	parts->registry = registry;
	r = rw_parts_serve(parts, err);
	if (r == 0)
		rw_log_info("active  controllers=%zu revision=%llu", registry->count,
			    (unsigned long long)rw_controller_revision(parts->controller));
	return r;
}

/*
 * The record is read before the claim, so that nobody claims the store without the key to it, and once more behind it,
 * when nobody else can write it any more.
 */
static int open_all(void *userdata, const struct rw_registry *registry, struct rw_error *err)
{
	struct rw_several *self = userdata;
	int r;

	rw_buf_clear(&self->record);
	r = refresh(self, err);
	if (r < 0)
		return r;
	r = rw_store_etcd_open(self->parts->etcd, on_lost, self, &self->parts->store, err);
	if (r == 0)
		r = rw_parts_pull_from_store(self->parts, err);
	if (r == 0) {
		rw_parts_learn_store(self->parts);
		r = serve(self, registry, err);
	}
	if (r < 0)
		close_all(self);
	return r;
}

static int reopen(void *userdata, const struct rw_registry *registry, struct rw_error *err)
{
	struct rw_several *self = userdata;

	rw_parts_stop_serving(self->parts);
	return serve(self, registry, err);
}

/* ---- etcd, for the one that decides ---- */

static void on_listed(void *userdata, int result, const struct rw_store_entry *entries, size_t count,
		      const struct rw_error *err)
{
	struct rw_several *self = userdata;

	rw_standby_listed(self->standby, result, entries, count, err);
}

static int list(void *userdata, const char *prefix, struct rw_error *err)
{
	struct rw_several *self = userdata;

	return rw_etcd_list(self->parts->etcd, prefix, on_listed, self, err);
}

static int write_key(void *userdata, const char *key, const void *bytes, size_t size, struct rw_error *err)
{
	struct rw_several *self = userdata;

	return rw_etcd_write(self->parts->etcd, key, bytes, size, err);
}

static int remove_key(void *userdata, const char *key, struct rw_error *err)
{
	struct rw_several *self = userdata;

	return rw_etcd_delete(self->parts->etcd, key, err);
}

static int read_claim(void *userdata, const struct rw_store_entry *claim,
		      char ret_holder[RW_REGISTRY_URL_SIZE], struct rw_error *err)
{
	(void)userdata;
	static_assert(RW_REGISTRY_URL_SIZE == RW_ETCD_HOLDER_SIZE, "room for a holder");
	return rw_etcd_claim_holder(claim->value, claim->value_size, ret_holder, err);
}

static void wake(void *userdata)
{
	struct rw_several *self = userdata;

	rw_loop_timer_start(self->timer, 0, RW_SEVERAL_TICK_MS);
}

static const struct rw_standby_calls calls = {
	.list = list,
	.write = write_key,
	.remove = remove_key,
	.read_claim = read_claim,
	.refresh = refresh,
	.open = open_all,
	.reopen = reopen,
	.close = close_all,
	.wake = wake,
};

/* ---- beginning ---- */

/* The store of before would be missed, and an empty one served to its nodes. */
static int refuse_left_store(const struct rw_several *self, struct rw_error *err)
{
	const char *state = self->parts->options->state;
	RW_CLEANUP(rw_free) char *path = NULL;

	if (asprintf(&path, "%s/store.db", state) < 0) {
		path = NULL;
		return rw_error_oom(err);
	}
	if (access(path, F_OK) < 0)
		return 0;
	(void)rw_error_set(err, -EEXIST, "%s holds a store, and etcd holds none", state);
	(void)rw_error_hint(
		err, "Move it there: 'backup FILE' without --etcd, then 'restore FILE' with --etcd and "
		     "another --state.");
	return -EEXIST;
}

static bool has_file(const struct rw_several *self, const char *name)
{
	RW_CLEANUP(rw_free) char *path = NULL;

	if (asprintf(&path, "%s/%s", self->parts->options->state, name) < 0) {
		path = NULL;
		return false;
	}
	return access(path, F_OK) == 0;
}

/* There is no record yet: this may be the first controller, on an empty store or on one that was restored. */
static int check_first(struct rw_several *self, struct rw_error *err)
{
	const char *state = self->parts->options->state;
	RW_CLEANUP(rw_buf_done) struct rw_buf incarnation;
	int r;

	rw_buf_init(&incarnation, 4096);
	r = rw_etcd_read(self->parts->etcd, "incarnation", &incarnation, err);
	if (r == RW_STORE_NOT_FOUND)
		return refuse_left_store(self, err);
	if (r == 0 && !has_file(self, "master-key")) {
		(void)rw_error_set(err, -ENOENT, "etcd holds a store, and %s no master-key to it", state);
		(void)rw_error_hint(
			err, "Copy it from another controller, or from the backup: mode 0600, same owner.");
		return -ENOENT;
	}
	return r == -EHOSTDOWN ? -EAGAIN : r;
}

/*
 * Gets the authorities into the folder as far as that can be done now.  0; -EAGAIN when it must be tried again; another
 * failure is for a person to mend.
 */
static int prepare_folder(struct rw_several *self, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf record;
	int r;

	rw_buf_init(&record, RECORD_BYTES);
	r = read_record(self, &record, err);
	if (r == RW_STORE_NOT_FOUND)
		return check_first(self, err);
	if (r == -EHOSTDOWN)
		return has_file(self, "master-key") && has_file(self, "ca.pem") ? 0 : -EAGAIN;
	if (r == 0)
		r = pull(self, &record, err);
	/* Stands by, and says so: the key may be put right while it runs. */
	return r == -EKEYREJECTED ? 0 : r;
}

static int open_standby(struct rw_several *self, struct rw_error *err)
{
	struct rw_parts *parts = self->parts;
	struct rw_standby_options options = {
		.clock = rw_clock_system(),
		.calls = &calls,
		.userdata = self,
	};
	const char *name = rw_parts_name(parts);

	if (strlen(name) >= sizeof(options.self.name))
		return rw_error_field(err, "--name", "the first name is too long for several controllers");
	(void)strcpy(options.self.name, name);
	(void)strcpy(options.self.url, parts->url);
	(void)memcpy(options.self.endpoints, parts->endpoints,
		     parts->endpoint_count * sizeof(parts->endpoints[0]));
	options.self.endpoint_count = parts->endpoint_count;
	/* From now on others see who we are. */
	parts->etcd = rw_etcd_free(parts->etcd);
	if (rw_parts_open_etcd(parts, name, err) < 0)
		return err ? err->code : -EINVAL;
	return rw_standby_new(&options, &self->standby, err);
}

static int begin(struct rw_several *self, struct rw_error *err)
{
	struct rw_parts *parts = self->parts;
	int r = prepare_folder(self, err);

	if (r == 0)
		r = rw_parts_open_folder(parts, err);
	if (r == 0)
		r = rw_parts_mark_store(parts, err);
	if (r == 0)
		r = rw_parts_open_server(parts, self->handler, self->userdata, err);
	if (r == 0)
		r = open_standby(self, err);
	if (r < 0)
		return r;
	parts->flow_history = rw_daemon_open_flow_history(parts->options->state, parts->options->flow_days);
	rw_log_info("listening  address=%s port=%u url=%s", parts->listen.text, parts->port, parts->url);
	return 0;
}

int rw_several_tick(struct rw_several *self, struct rw_error *err)
{
	uint64_t now_ns = rw_clock_monotonic_ns(rw_clock_system());
	struct rw_error why = RW_ERROR_NONE;
	int r = 0;

	if (self->standby)
		return rw_standby_tick(self->standby, err);
	if (now_ns < self->due_ns)
		return 0;
	r = begin(self, &why);
	if (r == 0)
		return rw_standby_tick(self->standby, err);
	if (r != -EAGAIN) {
		if (err)
			*err = why;
		return r;
	}
	self->due_ns = now_ns + RETRY_NS;
	if (strcmp(self->logged, why.text) != 0)
		rw_log_warning(
			"waiting for etcd, to learn of the authority that controllers share  reason=\"%s\"",
			why.text);
	(void)memcpy(self->logged, why.text, sizeof(self->logged));
	return 0;
}

int rw_several_start(struct rw_several *self, struct rw_parts *parts, struct rw_loop_timer *timer,
		     rw_http_handler_fn handler, void *userdata, struct rw_error *err)
{
	char holder[128];
	int r;

	*self = (struct rw_several){.parts = parts, .timer = timer, .handler = handler, .userdata = userdata};
	rw_buf_init(&self->record, RECORD_BYTES);
	(void)snprintf(holder, sizeof(holder), "a controller that starts on %s", parts->host);
	r = rw_parts_become_owner(parts, err);
	if (r == 0)
		r = rw_parts_open_etcd(parts, holder, err);
	if (r == 0)
		r = rw_several_tick(self, err);
	/* It stands by, or waits: there is nothing more that a start could wait for. */
	if (r == 0)
		rw_notify_ready();
	return r;
}

void rw_several_done(struct rw_several *self)
{
	self->standby = rw_standby_free(self->standby);
	rw_buf_done(&self->record);
}
