/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/etcd/connection.h"

/*
 * The lease ends RW_ETCD_LEASE_S after etcd took the last sign of life, which was after we began to give it.  We stop
 * relying on it earlier, so that clocks of different speed and a slow step of ours do no harm.
 */
#define SURE_MS      ((RW_ETCD_LEASE_S - 2) * 1000u)
#define SIGN_MS      2000u /* between signs of life */
#define RETRY_MS     500u  /* after one that failed */
#define SIGN_WAIT_MS 1500u

/* ---- reading it ---- */

struct found {
	uint64_t mod_revision;
	uint64_t write;
	char *holder; /* nullable */
};

static int take_claim(void *context, struct etcd_kv *kv, struct rw_error *err)
{
	struct found *found = context;

	found->mod_revision = kv->mod_revision;
	return etcd_read_claim(kv->value, kv->value_size, found->holder, RW_ETCD_HOLDER_SIZE, &found->write,
			       err);
}

int etcd_claim_read(const struct rw_json *range, uint64_t *ret_mod_revision, uint64_t *ret_write,
		    char *ret_holder, struct rw_error *err)
{
	struct found found = {.holder = ret_holder};
	int r = etcd_read_range(range, take_claim, &found, NULL, err);

	*ret_mod_revision = found.mod_revision;
	*ret_write = found.write;
	return r;
}

int rw_etcd_claim_holder(const void *bytes, size_t size, char ret_holder[RW_ETCD_HOLDER_SIZE],
			 struct rw_error *err)
{
	uint64_t write;
	int r = etcd_read_claim(bytes, size, ret_holder, RW_ETCD_HOLDER_SIZE, &write, err);

	if (r == 0)
		return 0;
	(void)rw_error_set(err, -EINVAL, "the claim of the store cannot be read");
	(void)rw_error_hint(err, "No controller wrote it: delete the key \"claim\" under --etcd-prefix.");
	return -EINVAL;
}

/* ---- losing it ---- */

void etcd_claim_lose(struct rw_etcd *etcd, const struct rw_error *why)
{
	struct etcd_claim *claim = &etcd->claim;

	if (!claim->held)
		return;
	claim->held = false;
	(void)rw_error_set(&claim->why, -ESHUTDOWN, "the store is no longer open here: %.400s", why->text);
	if (claim->timer)
		rw_loop_timer_start(claim->timer, 0, 0);
}

static void lose_for(struct rw_etcd *etcd, const char *reason)
{
	struct rw_error why = RW_ERROR_NONE;

	(void)rw_error_set(&why, -ESHUTDOWN, "%s", reason);
	etcd_claim_lose(etcd, &why);
}

/* Whether the lease can be relied on; loses the claim when not. */
static bool is_sure(struct rw_etcd *etcd)
{
	if (etcd->claim.held &&
	    rw_clock_monotonic_ns(etcd->clock) - etcd->claim.alive_ns > ETCD_NS_OF_MS(SURE_MS))
		lose_for(etcd, "etcd took no sign of life for too long");
	return etcd->claim.held;
}

/* ---- keeping it alive ---- */

static int write_lease(const struct etcd_claim *claim, struct rw_buf *body, struct rw_error *err)
{
	struct rw_json_writer json;

	rw_json_writer_init(&json, body, false);
	rw_json_begin_object(&json);
	rw_json_put_text(&json, "ID", claim->lease);
	rw_json_end_object(&json);
	return rw_buf_check(body, err);
}

/* What etcd said to a sign of life that was begun at 'begun_ns'. */
static void take_sign(struct rw_etcd *etcd, const struct etcd_answer *answer, uint64_t begun_ns)
{
	struct etcd_claim *claim = &etcd->claim;
	struct rw_json result;

	claim->failures = 0;
	/* A lease that has ended has no TTL. */
	if (rw_json_find(&answer->root, "result", &result) && etcd_read_text(&result, "TTL"))
		claim->alive_ns = begun_ns;
	else
		lose_for(etcd, "its lease has ended");
}

static void on_sign(struct rw_http_call *call, int result, const struct rw_http_response *response,
		    const struct rw_error *failure, void *userdata)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	struct rw_etcd *etcd = userdata;
	struct rw_error err = RW_ERROR_NONE;
	int r = etcd_call_end(etcd, result, response, failure, &answer, &err);

	(void)call;
	etcd->claim.call = NULL;
	if (r == 0) {
		take_sign(etcd, &answer, etcd->claim.begun_ns);
		return;
	}
	if (etcd->claim.failures++ == 0)
		rw_log_warning("the claim of the store could not be kept alive; tried again  reason=\"%s\"",
			       err.text);
}

static void give_sign(struct rw_etcd *etcd)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct etcd_claim *claim = &etcd->claim;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	rw_buf_init(&body, 4096);
	claim->begun_ns = rw_clock_monotonic_ns(etcd->clock);
	r = write_lease(claim, &body, &err);
	if (r == 0)
		r = etcd_call_start(etcd, "lease/keepalive", &body, SIGN_WAIT_MS, on_sign, etcd, &claim->call,
				    &err);
	if (r < 0 && claim->failures++ == 0)
		rw_log_warning("the claim of the store could not be kept alive; tried again  reason=\"%s\"",
			       err.text);
}

static void on_timer(void *userdata)
{
	struct rw_etcd *etcd = userdata;
	struct etcd_claim *claim = &etcd->claim;
	uint64_t since_ns;

	if (!is_sure(etcd)) {
		rw_loop_timer_stop(claim->timer);
		if (!claim->told) {
			claim->told = true;
			claim->lost(claim->context, &claim->why);
		}
		return;
	}
	since_ns = rw_clock_monotonic_ns(etcd->clock) - claim->begun_ns;
	if (!claim->call && since_ns >= ETCD_NS_OF_MS(claim->failures ? RETRY_MS : SIGN_MS))
		give_sign(etcd);
}

/* A program whose loop stood still for long gives a sign before it writes. */
static void give_sign_waiting(struct rw_etcd *etcd)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	uint64_t begun_ns = rw_clock_monotonic_ns(etcd->clock);
	int r;

	rw_buf_init(&body, 4096);
	r = write_lease(&etcd->claim, &body, NULL);
	if (r == 0)
		r = etcd_call(etcd, ETCD_REPEATABLE, "lease/keepalive", &body, etcd_deadline(etcd, RETRY_MS),
			      &answer, NULL, NULL);
	if (r == 0)
		take_sign(etcd, &answer, begun_ns);
}

int etcd_claim_check(struct rw_etcd *etcd, struct rw_error *err)
{
	struct etcd_claim *claim = &etcd->claim;

	if (is_sure(etcd) &&
	    rw_clock_monotonic_ns(etcd->clock) - claim->alive_ns > ETCD_NS_OF_MS(2 * SIGN_MS) &&
	    !claim->failures)
		give_sign_waiting(etcd);
	if (!claim->held) {
		if (err)
			*err = claim->why;
		return -ESHUTDOWN;
	}
	/* Who waits for each of many changes while no member answers would hold up all else. */
	if (claim->failures > etcd->endpoint_count) {
		(void)rw_error_set(err, -EHOSTDOWN, "etcd does not answer; nothing was changed");
		(void)rw_error_hint(err, "Try again once etcd has a leader; nodes enforce what they have.");
		return -EHOSTDOWN;
	}
	return 0;
}

/* ---- making it ---- */

static int grant_lease(struct rw_etcd *etcd, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct etcd_claim *claim = &etcd->claim;
	const char *id;
	int r;

	rw_buf_init(&body, 4096);
	(void)rw_buf_append_format(&body, "{\"TTL\":\"%d\"}", RW_ETCD_LEASE_S);
	claim->begun_ns = claim->alive_ns = rw_clock_monotonic_ns(etcd->clock);
	r = etcd_call(etcd, ETCD_REPEATABLE, "lease/grant", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS),
		      &answer, NULL, err);
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	id = etcd_read_text(&answer.root, "ID");
	if (!id || strlen(id) >= sizeof(claim->lease))
		return rw_error_set(err, -EBADMSG, "etcd's answer holds no lease");
	(void)strcpy(claim->lease, id);
	return 0;
}

static void revoke_lease(struct rw_etcd *etcd, unsigned int ms)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_error err = RW_ERROR_NONE;

	rw_buf_init(&body, 4096);
	if (!etcd->claim.lease[0])
		return;
	if (write_lease(&etcd->claim, &body, &err) == 0 &&
	    etcd_call(etcd, ETCD_REPEATABLE, "lease/revoke", &body, etcd_deadline(etcd, ms), &answer, NULL,
		      &err) < 0 &&
	    err.code != -ENOENT)
		rw_log_warning("the claim of the store could not be given up; it ends by itself within %d s  "
			       "reason=\"%s\"",
			       RW_ETCD_LEASE_S, err.text);
	etcd->claim.lease[0] = '\0';
}

/* {"compare":[absent],"success":[put],"failure":[get]} */
static int write_claiming(struct rw_etcd *etcd, uint64_t write, struct rw_buf *body, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf value;
	char key[ETCD_KEY_MAX];
	const struct etcd_range range = {.key = key};
	struct rw_json_writer json;
	int r;

	rw_buf_init(&value, 8192);
	r = etcd_write_claim(&value, etcd->holder, write, err);
	if (r < 0)
		return r;
	etcd_key(etcd, "claim", key);
	rw_json_writer_init(&json, body, false);
	rw_json_begin_object(&json);
	rw_json_key(&json, "compare");
	rw_json_begin_array(&json);
	etcd_write_compare(&json, key, 0);
	rw_json_end_array(&json);
	rw_json_key(&json, "success");
	rw_json_begin_array(&json);
	etcd_write_put(&json, key, value.data, value.size, etcd->claim.lease);
	rw_json_end_array(&json);
	rw_json_key(&json, "failure");
	rw_json_begin_array(&json);
	etcd_write_get(&json, &range);
	rw_json_end_array(&json);
	rw_json_end_object(&json);
	return rw_buf_check(body, err);
}

/*
 * May be said twice, and carried out once: the second time finds the first one's number.
 */
static int put_claim(struct rw_etcd *etcd, struct rw_error *err)
{
	RW_CLEANUP(etcd_answer_done) struct etcd_answer answer = {0};
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct etcd_claim *claim = &etcd->claim;
	char holder[RW_ETCD_HOLDER_SIZE] = "somebody";
	uint64_t write, found = 0, mod_revision = 0;
	struct etcd_got got;
	int r;

	rw_buf_init(&body, 1u << 16);
	etcd->random->fill(etcd->random, &write, sizeof(write));
	r = write_claiming(etcd, write, &body, err);
	if (r == 0)
		r = etcd_call(etcd, ETCD_REPEATABLE, "kv/txn", &body, etcd_deadline(etcd, RW_ETCD_WAIT_MS),
			      &answer, NULL, err);
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	if (etcd_read_flag(&answer.root, "succeeded"))
		return etcd_read_revision(&answer.root, &claim->mod_revision, err);
	if (etcd_find_got(&answer.root, 0, &got))
		r = etcd_claim_read(&got.range, &mod_revision, &found, holder, err);
	if (r < 0)
		return r;
	if (mod_revision && found == write) {
		claim->mod_revision = mod_revision;
		return 0;
	}
	return rw_error_set(err, -EBUSY, "the store is open by another controller: %s", holder);
}

int etcd_claim_make(struct rw_etcd *etcd, void (*lost)(void *context, const struct rw_error *err),
		    void *context, struct rw_error *err)
{
	struct etcd_claim *claim = &etcd->claim;
	int r;

	*claim = (struct etcd_claim){.lost = lost, .context = context};
	r = grant_lease(etcd, err);
	if (r < 0)
		return r;
	r = put_claim(etcd, err);
	if (r == 0 && rw_loop_timer_new(etcd->loop, on_timer, etcd, &claim->timer) < 0)
		r = rw_error_oom(err);
	if (r < 0) {
		revoke_lease(etcd, RW_ETCD_WAIT_MS / 4);
		return r;
	}
	claim->held = true;
	rw_loop_timer_start(claim->timer, RETRY_MS, RETRY_MS);
	return 0;
}

void etcd_claim_drop(struct rw_etcd *etcd)
{
	struct etcd_claim *claim = &etcd->claim;

	if (claim->call)
		rw_http_call_abort(RW_TAKE_PTR(claim->call));
	claim->timer = rw_loop_timer_free(claim->timer);
	/* One that is lost may be there all the same, and keep others waiting. */
	revoke_lease(etcd, claim->held ? RW_ETCD_WAIT_MS / 4 : RW_ETCD_WAIT_MS / 8);
	claim->held = false;
}
