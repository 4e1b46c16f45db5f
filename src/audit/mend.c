/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/mend.h"

#include <stdlib.h>
#include <string.h>

#include "group/default_rules.h"
#include "group/validate.h"

/* Each round revokes at least one rule, and rarely more than two are needed. */
#define ROUNDS_MAX 1000

/* ---- check ---- */

static bool is_about_rules(const struct rw_check *check)
{
	static const enum rw_check_number others[] = {
		RW_CHECK_PORT_WITHOUT_LISTENER,
		RW_CHECK_PORT_WITHOUT_FLOWS,
		RW_CHECK_BALANCER_WITHOUT_SOURCES,
		RW_CHECK_SEVERAL_GROUPS,
		RW_CHECK_CLASSIC_NETWORK,
		RW_CHECK_ELASTIC_IP,
		RW_CHECK_SPOOFING_ROUTER,
		RW_CHECK_NOT_ENFORCED,
		RW_CHECK_NO_AGENT,
		RW_CHECK_UNUSED_GROUP,
		RW_CHECK_MANY_RULES,
		RW_CHECK_NO_DESCRIPTION,
	};

	for (size_t i = 0; i < RW_ARRAY_COUNT(others); i++)
		if (check == rw_check_named(others[i]))
			return false;
	return true;
}

void rw_mend_keep_rules(struct rw_audit *audit)
{
	size_t kept = 0;

	for (size_t i = 0; i < audit->findings.count; i++) {
		const struct rw_finding *finding = rw_vec_at(&audit->findings, i);

		if (is_about_rules(finding->check))
			*(struct rw_finding *)rw_vec_at(&audit->findings, kept++) = *finding;
		else
			audit->suppressed -= finding->suppressed != NULL;
	}
	audit->findings.count = kept;
	kept = 0;
	for (size_t i = 0; i < audit->unknown.count; i++) {
		const struct rw_unknown *unknown = rw_vec_at(&audit->unknown, i);

		if (is_about_rules(unknown->check))
			*(struct rw_unknown *)rw_vec_at(&audit->unknown, kept++) = *unknown;
	}
	audit->unknown.count = kept;
}

/* ---- fix ---- */

struct mending {
	struct rw_draft *draft;
	char cluster[RW_ID_SIZE];
	char group[RW_ID_SIZE];
	const struct rw_evidence *evidence;
	struct rw_rule **defaults; /* of the profile, owned */
	size_t default_count;
	bool closes_all; /* a rule goes that opened all ports */
	struct rw_error *err;
};

static void mending_done(struct mending *mending)
{
	for (size_t i = 0; i < mending->default_count; i++)
		rw_rule_unref(mending->defaults[i]);
	free(mending->defaults);
}
RW_DEFINE_DONE(struct mending, mending_done)

/* Ids are the draft's to make. */
static void fill_zero(const struct rw_random *random, void *bytes, size_t size)
{
	(void)random;
	memset(bytes, 0, size);
}

static int find_defaults(struct mending *mending, const struct rw_cluster *cluster)
{
	static const struct rw_random nothing = {.fill = fill_zero};
	RW_CLEANUP(rw_cluster_unref) struct rw_cluster *like = rw_cluster_dup(cluster);
	const struct rw_default_rules wanted = {
		.network = rw_model_find_network(rw_draft_model(mending->draft), cluster->network),
		.cluster = like,
		.author = "",
		.random = &nothing,
	};

	if (!like)
		return rw_error_oom(mending->err);
	if (like->profile == RW_PROFILE_LOOSE)
		like->profile = RW_PROFILE_STANDARD;
	return rw_default_rules_make(&wanted, &mending->defaults, &mending->default_count, mending->err);
}

static const struct rw_group *group_of(const struct mending *mending)
{
	return rw_model_find_group(rw_draft_model(mending->draft), mending->group);
}

static bool is_default(const struct mending *mending, const struct rw_rule *rule)
{
	for (size_t i = 0; i < mending->default_count; i++)
		if (rw_rule_compare_meaning(mending->defaults[i], rule) == 0)
			return true;
	return false;
}

static int run_audit(const struct mending *mending, struct rw_audit *audit)
{
	const struct rw_audit_input input = {
		.model = rw_draft_model(mending->draft),
		.evidence = mending->evidence,
		.subject = mending->cluster,
	};

	return rw_audit_run(&input, audit, mending->err);
}

static const struct rw_rule *find_rule(const struct rw_group *group, const char *id)
{
	for (size_t i = 0; i < group->rule_count; i++)
		if (strcmp(group->rules[i]->id, id) == 0)
			return group->rules[i];
	return NULL;
}

/* Revokes what causes the first serious finding that can be mended so: 1, 0 when there is none. */
static int revoke_worst(struct mending *mending, const struct rw_audit *audit)
{
	for (size_t i = 0; i < audit->findings.count; i++) {
		const struct rw_finding *finding = rw_vec_at(&audit->findings, i);
		const char *ids[RW_FINDING_RULES_MAX];
		size_t count = 0;
		int r;

		if (!finding->is_opening || finding->check->severity < RW_SEVERITY_HIGH)
			continue;
		for (size_t k = 0; k < finding->rule_count && k < RW_FINDING_RULES_MAX; k++) {
			const struct rw_rule *rule = find_rule(group_of(mending), finding->rules[k]);

			if (rule && !is_default(mending, rule))
				ids[count++] = finding->rules[k];
		}
		if (count == 0)
			continue;
		mending->closes_all |= finding->check == rw_check_named(RW_CHECK_ALL_PORTS_OPEN);
		r = rw_edit_revoke_rules(mending->draft, mending->group, ids, count, NULL, mending->err);
		return r < 0 ? r : 1;
	}
	return 0;
}

static int revoke_all(struct mending *mending)
{
	int r = 1;

	for (unsigned int i = 0; r > 0 && i < ROUNDS_MAX; i++) {
		RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};

		r = run_audit(mending, &audit);
		if (r == 0)
			r = revoke_worst(mending, &audit);
	}
	return r < 0 ? r : 0;
}

static bool is_narrowed(const struct rw_group *group, const struct rw_rule *wanted)
{
	for (size_t i = 0; i < group->rule_count; i++) {
		const struct rw_rule *rule = group->rules[i];

		if (rule->direction == RW_DIRECTION_INGRESS && rule->policy == RW_VERDICT_ACCEPT &&
		    rule->nic_type == wanted->nic_type && rule->protocol == wanted->protocol &&
		    rule->ports.first == wanted->ports.first && rule->ports.last == wanted->ports.last)
			return true;
	}
	return false;
}

static bool is_missing(const struct mending *mending, const struct rw_rule *wanted, bool ssh_blocked)
{
	const struct rw_group *group = group_of(mending);
	bool is_tcp = wanted->protocol == RW_PROTOCOL_TCP;

	for (size_t i = 0; i < group->rule_count; i++)
		if (rw_rule_compare_meaning(group->rules[i], wanted) == 0)
			return false;
	if (wanted->object.kind != RW_OBJECT_CIDR || wanted->object.cidr.bits > 0)
		return true;
	if (is_narrowed(group, wanted))
		return false;
	if (is_tcp && wanted->ports.first == 22)
		return ssh_blocked;
	return !is_tcp || (wanted->ports.first != 80 && wanted->ports.first != 443) || mending->closes_all;
}

static bool has_finding(const struct rw_audit *audit, enum rw_check_number number)
{
	for (size_t i = 0; i < audit->findings.count; i++)
		if (((const struct rw_finding *)rw_vec_at(&audit->findings, i))->check ==
		    rw_check_named(number))
			return true;
	return false;
}

static int add_missing(struct mending *mending)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	bool ssh_blocked;
	int r = run_audit(mending, &audit);

	ssh_blocked = r == 0 && has_finding(&audit, RW_CHECK_SSH_BLOCKED);
	for (size_t i = 0; r == 0 && i < mending->default_count; i++) {
		struct rw_rule *rule;

		if (!is_missing(mending, mending->defaults[i], ssh_blocked))
			continue;
		rule = rw_rule_dup(mending->defaults[i]);
		if (!rule)
			return rw_error_oom(mending->err);
		/* Id, author and time are those of this change. */
		rule->id[0] = '\0';
		rule->created_ms = 0;
		r = rw_edit_add_rules(mending->draft, mending->group, &rule, 1, NULL, mending->err);
	}
	return r;
}

int rw_mend_cluster(struct rw_draft *draft, const char *reference, const struct rw_evidence *evidence,
		    struct rw_error *err)
{
	const struct rw_cluster *cluster = rw_model_find_cluster(rw_draft_model(draft), reference);
	RW_CLEANUP(mending_done)
	struct mending mending = {.draft = draft, .evidence = evidence, .err = err};
	int r;

	if (!cluster)
		return rw_error_set(err, -ENOENT, "there is no cluster \"%s\"", reference);
	memcpy(mending.cluster, cluster->id, RW_ID_SIZE);
	memcpy(mending.group, cluster->security_group, RW_ID_SIZE);
	r = find_defaults(&mending, cluster);
	if (r == 0)
		r = revoke_all(&mending);
	return r < 0 ? r : add_missing(&mending);
}
