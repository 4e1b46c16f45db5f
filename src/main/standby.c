/* SPDX-License-Identifier: Apache-2.0 */
#include "main/standby.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define SECOND_NS UINT64_C(1000000000)

#define CLAIM_NS    (SECOND_NS * 9 / 10)    /* between looks at the claim, and after a failure */
#define REGISTRY_NS (10 * SECOND_NS)        /* between readings of the registry */
#define REFRESH_NS  (60 * SECOND_NS)        /* of what is shared, while another one is active */
#define RETRY_NS    (15 * SECOND_NS)        /* after a failure that will not pass by itself soon */
#define WRITE_NS    (24 * 3600 * SECOND_NS) /* of the own entry */
#define REPEAT_NS   (3600 * SECOND_NS)      /* the same trouble is logged again */
#define REWORD_NS   (600 * SECOND_NS)       /* ... or in other words */
#define FORGET_NS   (60 * SECOND_NS)        /* ... or when it was gone for so long */
#define TWIN_NS     (30 * SECOND_NS)        /* longer than the claim of a life before lasts */
#define QUICK_TRIES 5u /* to take over while etcd lets us down, before it is left alone for a while */

enum question {
	QUESTION_NONE,
	QUESTION_CLAIM,
	QUESTION_REGISTRY,
};

/* What is wrong, as long as it is. */
struct trouble {
	struct rw_error err; /* code 0 = nothing */
	char logged[sizeof(((struct rw_error *)0)->text)];
	int logged_code;
	uint64_t logged_ns; /* 0 = it never was */
	uint64_t seen_ns;   /* when it was there last */
};

struct rw_standby {
	const struct rw_clock *clock;
	const struct rw_standby_calls *calls;
	void *userdata;
	struct rw_registry_entry self;

	bool active;
	bool lost; /* the claim is; to be acted upon */
	struct rw_error lost_err;

	enum question asked;    /* that is on its way */
	enum question answered; /* that is to be acted upon */
	int result;
	struct rw_error result_err;

	bool reached;                      /* etcd has answered once */
	char holder[RW_REGISTRY_URL_SIZE]; /* of the claim, as seen last; "" = nobody */
	bool claim_seen;
	uint64_t namesake_since_ns; /* ... that has our name and is not ours; 0 = it is not so */
	bool registry_known;
	bool written;                          /* our entry is, by this life */
	bool overwritten;                      /* ... and somebody else wrote it since */
	char forgotten[RW_REGISTRY_NAME_SIZE]; /* whose entry was removed last */
	bool clock_doubted; /* ... and came again: it, or we, have a wrong clock, and nobody is forgotten any more */
	bool left_off; /* the registry has more entries than are used, which was logged */
	struct rw_registry registry;
	struct rw_registry opened; /* what the active state was opened for */

	struct trouble etcd;  /* it does not answer */
	struct trouble write; /* the registry is not written to */
	struct trouble unfit; /* this one could not become active */
	struct trouble twin;  /* another controller runs under our name */

	uint64_t pause_until_ns; /* nothing is asked before */
	uint64_t claim_due_ns;
	uint64_t registry_due_ns;
	uint64_t refresh_due_ns;
	uint64_t write_due_ns;
	uint64_t retry_write_ns; /* not before, whatever is due */
	uint64_t take_due_ns;
	unsigned int takes_failed; /* in a row, by etcd */
};

int rw_standby_new(const struct rw_standby_options *options, struct rw_standby **ret_standby,
		   struct rw_error *err)
{
	struct rw_standby *self = calloc(1, sizeof(*self));

	if (!self)
		return rw_error_oom(err);
	self->clock = options->clock;
	self->calls = options->calls;
	self->userdata = options->userdata;
	self->self = options->self;
	*ret_standby = self;
	return 0;
}

struct rw_standby *rw_standby_free(struct rw_standby *self)
{
	if (!self)
		return NULL;
	if (self->active)
		self->calls->close(self->userdata);
	free(self);
	return NULL;
}

static uint64_t now_of(const struct rw_standby *self)
{
	return rw_clock_monotonic_ns(self->clock);
}

/* ---- what is told ---- */

/*
 * Once, and again when it is another one or has lasted for long.  Of one kind each member of etcd tells its own words in
 * turn: those are not logged all the time either.
 */
static void set_trouble(struct rw_standby *self, struct trouble *trouble, const char *what,
			const struct rw_error *err)
{
	uint64_t now = now_of(self);
	bool lasts = trouble->logged_ns && now - trouble->seen_ns < FORGET_NS;
	bool same_kind = lasts && trouble->logged_code == err->code;
	bool same = same_kind && strcmp(trouble->logged, err->text) == 0;
	uint64_t repeat_ns = same ? REPEAT_NS : same_kind ? REWORD_NS : 0;

	trouble->err = *err;
	trouble->seen_ns = now;
	if (now - trouble->logged_ns < repeat_ns)
		return;
	(void)memcpy(trouble->logged, err->text, sizeof(trouble->logged));
	trouble->logged_code = err->code;
	trouble->logged_ns = now;
	if (err->hint[0])
		rw_log_warning("%s  reason=\"%s\" hint=\"%s\"", what, err->text, err->hint);
	else
		rw_log_warning("%s  reason=\"%s\"", what, err->text);
}

/* What comes and goes by turns, as when etcd lets us read but not write, is logged once all the same. */
static void clear_trouble(struct trouble *trouble)
{
	trouble->err = RW_ERROR_NONE;
}

bool rw_standby_is_active(const struct rw_standby *self)
{
	return self->active;
}

const struct rw_registry *rw_standby_registry(const struct rw_standby *self)
{
	return &self->registry;
}

const struct rw_registry_entry *rw_standby_other(const struct rw_standby *self)
{
	if (self->active || !self->holder[0] || strcmp(self->holder, self->self.name) == 0)
		return NULL;
	return rw_registry_find(&self->registry, self->holder);
}

void rw_standby_explain(const struct rw_standby *self, struct rw_error *ret_reason)
{
	const struct rw_registry_entry *other = rw_standby_other(self);

	if (self->unfit.err.code)
		(void)rw_error_set(ret_reason, -EREMOTE, "this controller stands by and cannot take over: %s",
				   self->unfit.err.text);
	else if (self->etcd.err.code)
		(void)rw_error_set(ret_reason, -EREMOTE, "this controller stands by: %s",
				   self->etcd.err.text);
	else if (self->twin.err.code)
		(void)rw_error_set(ret_reason, -EREMOTE, "this controller stands by: %s",
				   self->twin.err.text);
	else if (!self->claim_seen)
		(void)rw_error_set(ret_reason, -EREMOTE, "this controller is starting");
	else if (self->holder[0])
		(void)rw_error_set(ret_reason, -EREMOTE, "this controller stands by: %s is active",
				   self->holder);
	else
		(void)rw_error_set(ret_reason, -EREMOTE, "this controller stands by, and none is active");
	if (self->twin.err.code)
		(void)rw_error_hint(ret_reason, "%s", self->twin.err.hint);
	else if (other)
		(void)rw_error_hint(ret_reason, "Call %s, which is active.", other->url);
	else
		(void)rw_error_hint(ret_reason, "Try again in a second, or another controller.");
}

/* ---- listing ---- */

/* Nothing that waiting could mend, unless it has worked before. */
static bool is_refusal(int code)
{
	return code == -EACCES || code == -EKEYREJECTED || code == -EKEYEXPIRED;
}

/* Negative only for a refusal before anything has worked. */
static int ask(struct rw_standby *self, enum question question, struct rw_error *err)
{
	const char *prefix = question == QUESTION_CLAIM ? "claim" : RW_REGISTRY_PREFIX;
	struct rw_error failure = RW_ERROR_NONE;
	int r;

	self->asked = question;
	r = self->calls->list(self->userdata, prefix, &failure);
	if (r == 0)
		return 0;
	self->asked = QUESTION_NONE;
	self->pause_until_ns = now_of(self) + CLAIM_NS;
	if (!self->reached && is_refusal(r)) {
		*err = failure;
		return r;
	}
	set_trouble(self, &self->etcd, "cannot ask etcd", &failure);
	return 0;
}

static void tell_holder(const struct rw_standby *self, const char *holder)
{
	if (strcmp(holder, self->self.name) == 0)
		rw_log_info("waiting for the claim of a controller of this name to end, of this one's life "
			    "before or another's  "
			    "name=%s",
			    holder);
	else
		rw_log_info("standing by  active=%s", holder);
}

static int take_claim(struct rw_standby *self, const struct rw_store_entry *entries, size_t count,
		      struct rw_error *err)
{
	char holder[RW_REGISTRY_URL_SIZE] = "";
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		if (strcmp(entries[i].key, "claim") == 0)
			r = self->calls->read_claim(self->userdata, &entries[i], holder, err);
	if (r < 0)
		return r;
	if (self->holder[0] && strcmp(holder, self->holder) != 0)
		self->registry_known = false; /* whoever comes may be new */
	if (holder[0] && strcmp(holder, self->holder) != 0)
		tell_holder(self, holder);
	(void)memcpy(self->holder, holder, sizeof(holder));
	if (self->active || strcmp(holder, self->self.name) != 0)
		self->namesake_since_ns = 0;
	else if (!self->namesake_since_ns)
		self->namesake_since_ns = now_of(self);
	self->claim_seen = true;
	return 0;
}

/* Whether another one has our name, seen from our entry: who has written it last. */
static void look_at_own_entry(struct rw_standby *self, const struct rw_registry_entry *entry)
{
	self->overwritten = self->written && entry->seen_ms != self->self.seen_ms;
	if (!self->written && strcmp(entry->url, self->self.url) == 0 &&
	    !rw_registry_same_place(entry, &self->self))
		rw_log_warning("a controller of this name was reached at other addresses before; if it still "
			       "runs, give each "
			       "a --name of its own  name=%s",
			       self->self.name);
}

/* Who was forgotten by mistake writes its entry again within seconds. */
static void look_for_forgotten(struct rw_standby *self, const struct rw_store_entry *entries, size_t count)
{
	size_t prefix = strlen(RW_REGISTRY_PREFIX);

	for (size_t i = 0; self->forgotten[0] && !self->clock_doubted && i < count; i++) {
		if (strlen(entries[i].key) < prefix || strcmp(entries[i].key + prefix, self->forgotten) != 0)
			continue;
		self->clock_doubted = true;
		rw_log_warning("a controller that was forgotten runs: its clock, or this one's, is wrong by "
			       "more than 30 days  name=%s",
			       self->forgotten);
	}
}

static int take_registry(struct rw_standby *self, const struct rw_store_entry *entries, size_t count,
			 struct rw_error *err)
{
	const struct rw_registry_entry *mine;
	int r;

	look_for_forgotten(self, entries, count);
	r = rw_registry_read(&self->registry, entries, count,
			     self->clock_doubted ? 0 : rw_clock_realtime_ms(self->clock), err);

	self->registry_known = r == 0;
	if (r < 0)
		return r;
	mine = rw_registry_find(&self->registry, self->self.name);
	if (mine) {
		look_at_own_entry(self, mine);
	} else {
		self->write_due_ns = 0;
		if (self->registry.count == RW_REGISTRY_MAX)
			self->registry.left_off += self->registry.count-- > 0;
	}
	rw_registry_put(&self->registry, &self->self);
	if (self->registry.left_off && !self->left_off)
		rw_log_warning("there are more controllers than are told to nodes  most=%d", RW_REGISTRY_MAX);
	self->left_off = self->registry.left_off;
	return 0;
}

void rw_standby_listed(struct rw_standby *self, int result, const struct rw_store_entry *entries,
		       size_t count, const struct rw_error *err)
{
	self->result_err = RW_ERROR_NONE;
	if (result < 0)
		self->result_err = *err;
	else if (self->asked == QUESTION_CLAIM)
		result = take_claim(self, entries, count, &self->result_err);
	else
		result = take_registry(self, entries, count, &self->result_err);
	self->result = result;
	self->answered = self->asked;
	self->asked = QUESTION_NONE;
	self->calls->wake(self->userdata);
}

void rw_standby_lost(struct rw_standby *self, const struct rw_error *err)
{
	self->lost = true;
	self->lost_err = *err;
	self->calls->wake(self->userdata);
}

/* ---- our own entry, and others' ---- */

static int write_entry(struct rw_standby *self, struct rw_error *err)
{
	char key[sizeof(RW_REGISTRY_PREFIX) + RW_REGISTRY_NAME_SIZE];
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	int r;

	rw_buf_init(&buf, RW_REGISTRY_ENTRY_BYTES);
	self->self.seen_ms = rw_clock_realtime_ms(self->clock);
	(void)snprintf(key, sizeof(key), RW_REGISTRY_PREFIX "%s", self->self.name);
	r = rw_registry_encode(&buf, &self->self, err);
	if (r == 0)
		r = self->calls->write(self->userdata, key, buf.data, buf.size, err);
	self->written = r == 0; /* after a failure it may be written or not */
	self->overwritten = false;
	return r;
}

/* Both would take the place of the other in what nodes are told; the claim alone keeps them apart. */
static void tell_twin(struct rw_standby *self)
{
	struct rw_error err = RW_ERROR_NONE;
	bool held = self->namesake_since_ns && now_of(self) - self->namesake_since_ns > TWIN_NS;

	if (!held && !self->overwritten) {
		clear_trouble(&self->twin);
		return;
	}
	(void)rw_error_set(&err, -EEXIST, "another controller has the same name, %s", self->self.name);
	(void)rw_error_hint(&err, "Give each controller a first --name of its own.");
	set_trouble(self, &self->twin, "two controllers cannot have one name", &err);
}

/* True when something was written, so that the registry is another one than was read. */
static bool keep_entries(struct rw_standby *self)
{
	char key[sizeof(RW_REGISTRY_PREFIX) + RW_REGISTRY_NAME_SIZE];
	struct rw_error err = RW_ERROR_NONE;
	uint64_t now = now_of(self);
	int r = 0;

	if (now >= self->write_due_ns && now >= self->retry_write_ns) {
		r = write_entry(self, &err);
		self->write_due_ns = now + (r < 0 ? 0 : WRITE_NS);
		self->retry_write_ns = now + RETRY_NS;
	} else if (self->active && self->registry.stale[0]) {
		(void)snprintf(key, sizeof(key), RW_REGISTRY_PREFIX "%s", self->registry.stale);
		r = self->calls->remove(self->userdata, key, &err);
		if (r == 0)
			rw_log_info("forgot a controller that was not seen for 30 days  name=%s",
				    self->registry.stale);
		(void)memcpy(self->forgotten, self->registry.stale, sizeof(self->forgotten));
		self->registry.stale[0] = '\0';
	} else {
		return false;
	}
	if (r < 0)
		set_trouble(self, &self->write, "cannot write to the registry of controllers", &err);
	return r == 0;
}

/* ---- becoming active, and ceasing to be ---- */

static void note_unfit(struct rw_standby *self, const struct rw_error *err)
{
	set_trouble(self, err->code == -EHOSTDOWN ? &self->etcd : &self->unfit, "cannot take over", err);
}

static void take_over(struct rw_standby *self)
{
	struct rw_error err = RW_ERROR_NONE;
	uint64_t now = now_of(self);
	int r;

	if (!self->unfit.err.code && !self->takes_failed)
		rw_log_info("no controller is active; taking over");
	r = self->calls->open(self->userdata, &self->registry, &err);
	if (r == -EBUSY)
		return;
	if (r < 0) {
		note_unfit(self, &err);
		self->takes_failed += r == -EHOSTDOWN;
		self->take_due_ns =
			now + (r == -EHOSTDOWN && self->takes_failed < QUICK_TRIES ? CLAIM_NS : RETRY_NS);
		return;
	}
	clear_trouble(&self->unfit);
	self->takes_failed = 0;
	self->active = true;
	self->opened = self->registry;
	self->registry_due_ns = now + REGISTRY_NS;
	self->claim_due_ns = now + REGISTRY_NS;
	(void)memcpy(self->holder, self->self.name, sizeof(self->self.name));
}

static void stand_by(struct rw_standby *self)
{
	self->active = false;
	self->holder[0] = '\0';
	self->claim_seen = false;
	self->claim_due_ns = self->pause_until_ns = 0;
	self->calls->close(self->userdata);
}

static void follow_registry(struct rw_standby *self)
{
	struct rw_error err = RW_ERROR_NONE;

	if (rw_registry_same(&self->registry, &self->opened))
		return;
	rw_log_info("the controllers are others than before; streams begin anew  controllers=%zu",
		    self->registry.count);
	if (self->calls->reopen(self->userdata, &self->registry, &err) == 0) {
		self->opened = self->registry;
		return;
	}
	note_unfit(self, &err);
	self->take_due_ns = now_of(self) + RETRY_NS;
	stand_by(self);
}

static void refresh(struct rw_standby *self)
{
	struct rw_error err = RW_ERROR_NONE;
	uint64_t now = now_of(self);
	int r;

	if (now < self->refresh_due_ns)
		return;
	r = self->calls->refresh(self->userdata, &err);
	self->refresh_due_ns = now + (r < 0 ? RETRY_NS : REFRESH_NS);
	if (r < 0)
		note_unfit(self, &err);
	else
		clear_trouble(&self->unfit);
}

/* ---- the tick ---- */

static void lose(struct rw_standby *self)
{
	rw_log_error("the claim is lost; this controller stands by  reason=\"%s\"", self->lost_err.text);
	stand_by(self);
}

/* The claim is ours as long as its lease is; but somebody may have deleted it, who cleans up by hand. */
static void check_claim(struct rw_standby *self)
{
	if (self->result == 0 && strcmp(self->holder, self->self.name) == 0)
		return;
	if (self->result < 0)
		self->lost_err = self->result_err;
	else if (self->holder[0])
		(void)rw_error_set(&self->lost_err, -ESHUTDOWN, "it is the claim of %s", self->holder);
	else
		(void)rw_error_set(&self->lost_err, -ESHUTDOWN, "somebody deleted it");
	lose(self);
}

static int act_on_answer(struct rw_standby *self, enum question question, struct rw_error *err)
{
	uint64_t now = now_of(self);

	if (question == QUESTION_REGISTRY)
		self->registry_due_ns = now + REGISTRY_NS;
	/* Nobody is active: it was asked who there is in order to take over. */
	if (!self->active)
		self->claim_due_ns = question == QUESTION_REGISTRY && !self->holder[0] ? now : now + CLAIM_NS;
	else if (question == QUESTION_CLAIM)
		self->claim_due_ns = now + REGISTRY_NS;
	if (self->result < 0) {
		self->pause_until_ns = now + CLAIM_NS;
		if (!self->reached && is_refusal(self->result)) {
			*err = self->result_err;
			return self->result;
		}
		if (question == QUESTION_CLAIM && self->result == -EINVAL) {
			set_trouble(self, &self->etcd, "cannot tell who is active", &self->result_err);
			if (self->active)
				check_claim(self);
			return 0;
		}
		set_trouble(self, &self->etcd, "waiting for etcd", &self->result_err);
		return 0;
	}
	self->reached = true;
	clear_trouble(&self->etcd);
	if (keep_entries(self))
		self->registry_known = false;
	if (self->holder[0])
		self->takes_failed = 0;
	tell_twin(self);
	if (self->active && question == QUESTION_CLAIM)
		check_claim(self);
	else if (self->active)
		follow_registry(self);
	else if (self->holder[0])
		refresh(self);
	return 0;
}

static enum question next_question(const struct rw_standby *self, uint64_t now)
{
	bool due = !self->registry_known || now >= self->registry_due_ns;

	if (now < self->pause_until_ns)
		return QUESTION_NONE;
	if (self->active && now >= self->registry_due_ns)
		return QUESTION_REGISTRY;
	if (!self->active && self->claim_seen && due)
		return QUESTION_REGISTRY;
	return now >= self->claim_due_ns ? QUESTION_CLAIM : QUESTION_NONE;
}

int rw_standby_tick(struct rw_standby *self, struct rw_error *err)
{
	enum question answered = self->answered;
	enum question question;
	int r = 0;

	if (self->lost && self->active)
		lose(self);
	self->lost = false;
	self->answered = QUESTION_NONE;
	if (answered)
		r = act_on_answer(self, answered, err);
	if (r < 0 || self->asked)
		return r;
	if (!self->active && answered == QUESTION_CLAIM && self->result == 0 && !self->holder[0] &&
	    self->registry_known && now_of(self) >= self->take_due_ns)
		take_over(self);
	question = next_question(self, now_of(self));
	return question ? ask(self, question, err) : 0;
}
