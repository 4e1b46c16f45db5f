/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analyze/trace.h"
#include "audit/audit_internal.h"
#include "group/default_rules.h"
#include "group/validate.h"

void rw_audit_done(struct rw_audit *audit)
{
	rw_vec_done(&audit->findings);
	rw_vec_done(&audit->unknown);
	for (size_t i = 0; i < audit->subjects.count; i++)
		rw_vec_done(&((struct rw_audit_subject *)rw_vec_at(&audit->subjects, i))->to_internet);
	rw_vec_done(&audit->subjects);
}

int rw_audit_worst(const struct rw_audit *audit)
{
	int worst = -1;

	for (size_t i = 0; i < audit->findings.count; i++) {
		const struct rw_finding *finding = rw_vec_at(&audit->findings, i);

		if (!finding->suppressed && (int)finding->check->severity > worst)
			worst = (int)finding->check->severity;
	}
	return worst;
}

/* ---- findings ---- */

static bool matches_word(const char *pattern, const char *word)
{
	return strcmp(pattern, "*") == 0 || strcmp(pattern, word) == 0;
}

static const struct rw_suppression *find_suppression(const struct subject *subject,
						     const struct rw_check *check)
{
	const struct rw_audit_input *input = subject->run->input;

	for (size_t i = 0; i < input->suppression_count; i++) {
		const struct rw_suppression *suppression = &input->suppressions[i];

		if (matches_word(suppression->check, check->id) &&
		    (matches_word(suppression->subject, subject->id)) &&
		    (suppression->expires_ms == 0 || suppression->expires_ms > input->now_ms))
			return suppression;
	}
	return NULL;
}

int finding_add(struct subject *subject, const struct rw_check *check, struct rw_finding **ret_finding,
		const char *format, ...)
{
	struct rw_audit *audit = subject->run->audit;
	struct rw_finding *finding;
	va_list arguments;
	int r = rw_vec_push(&audit->findings, &finding);

	if (r == -E2BIG)
		return rw_error_set(subject->run->err, r, "the audit has more than %d findings",
				    RW_AUDIT_FINDINGS_MAX);
	if (r < 0)
		return rw_error_oom(subject->run->err);
	finding->check = check;
	finding->subject_kind = subject->kind;
	(void)snprintf(finding->subject, sizeof(finding->subject), "%s", subject->id);
	(void)snprintf(finding->subject_name, sizeof(finding->subject_name), "%s", subject->name);
	memcpy(finding->group, subject->group->id, RW_ID_SIZE);
	finding->suppressed = find_suppression(subject, check);
	audit->suppressed += finding->suppressed != NULL;
	va_start(arguments, format);
	(void)vsnprintf(finding->detail, sizeof(finding->detail), format, arguments);
	va_end(arguments);
	if (ret_finding)
		*ret_finding = finding;
	return 0;
}

bool is_default_rule(const struct subject *subject, const struct rw_rule *rule)
{
	for (size_t i = 0; i < subject->default_rule_count; i++)
		if (rw_rule_compare_meaning(subject->default_rules[i], rule) == 0)
			return true;
	return false;
}

void finding_add_rule(const struct subject *subject, struct rw_finding *finding, const struct rw_rule *rule)
{
	for (size_t i = 0; i < finding->rule_count && i < RW_FINDING_RULES_MAX; i++)
		if (strcmp(finding->rules[i], rule->id) == 0)
			return;
	finding->is_default =
		(finding->rule_count == 0 || finding->is_default) && is_default_rule(subject, rule);
	if (finding->rule_count < RW_FINDING_RULES_MAX)
		memcpy(finding->rules[finding->rule_count], rule->id, RW_ID_SIZE);
	finding->rule_count++;
}

int finding_show(const struct subject *subject, const struct exposed *exposed, rw_set set,
		 struct rw_finding *finding)
{
	RW_CLEANUP(rw_trace_done) struct rw_trace trace = {0};
	/* Wherever there is a choice: an address that is nobody's, and an ordinary port. */
	struct rw_packet packet = {.direction = RW_DIRECTION_INGRESS, .hop_limit = 64, .remote_port = 40000};
	int r;

	packet.remote = rw_address_from_bytes(4, (const uint8_t[]){203, 0, 113, 9});
	rw_set_witness(subject->sets, set, &packet);
	r = rw_trace(exposed->policy, exposed->interface, &packet, &trace, subject->run->err);
	if (r < 0)
		return r;
	if (!finding->has_witness) {
		finding->has_witness = true;
		finding->witness = packet;
		(void)snprintf(finding->witness_node, sizeof(finding->witness_node), "%s",
			       exposed->policy->node_name);
		(void)snprintf(finding->witness_interface, sizeof(finding->witness_interface), "%s",
			       exposed->policy->interfaces[exposed->interface].name);
	}
	for (size_t i = 0; i < trace.match_count; i++)
		if (trace.matches[i].rule->policy == RW_VERDICT_ACCEPT)
			finding_add_rule(subject, finding, trace.matches[i].rule);
	return 0;
}

int unknown_add(struct subject *subject, enum rw_check_number number, size_t nodes)
{
	struct rw_unknown *unknown;
	int r = rw_vec_push(&subject->run->audit->unknown, &unknown);

	if (r < 0)
		return r == -ENOMEM ? rw_error_oom(subject->run->err) : 0;
	unknown->check = rw_check_named(number);
	unknown->subject_kind = subject->kind;
	unknown->nodes = nodes;
	(void)snprintf(unknown->subject, sizeof(unknown->subject), "%s", subject->id);
	(void)snprintf(unknown->subject_name, sizeof(unknown->subject_name), "%s", subject->name);
	return 0;
}

int set_covers(const struct subject *subject, rw_set set, const struct rw_set_box *box, bool *ret_covers)
{
	rw_set wanted, rest;
	int r = rw_set_of_box(subject->sets, box, &wanted, subject->run->err);

	if (r == 0)
		r = rw_set_subtract(subject->sets, wanted, set, &rest, subject->run->err);
	if (r == 0)
		*ret_covers = rest == RW_SET_EMPTY;
	return r;
}

int set_meets(const struct subject *subject, rw_set set, const struct rw_set_box *box, bool *ret_meets)
{
	rw_set wanted, both;
	int r = rw_set_of_box(subject->sets, box, &wanted, subject->run->err);

	if (r == 0)
		r = rw_set_intersect(subject->sets, wanted, set, &both, subject->run->err);
	if (r == 0)
		*ret_meets = both != RW_SET_EMPTY;
	return r;
}

/* ---- subjects ---- */

static void subject_done(struct subject *subject)
{
	for (size_t i = 0; i < subject->exposed.count; i++)
		exposed_done(rw_vec_at(&subject->exposed, i));
	rw_vec_done(&subject->exposed);
	for (size_t i = 0; i < subject->default_rule_count; i++)
		rw_rule_unref(subject->default_rules[i]);
	free(subject->default_rules);
	free(subject->nodes);
	subject->sets = rw_sets_free(subject->sets);
}
RW_DEFINE_DONE(struct subject, subject_done)

/* Ids of rules that are only compared by meaning. */
static void fill_zero(const struct rw_random *random, void *bytes, size_t size)
{
	(void)random;
	memset(bytes, 0, size);
}

static int make_default_rules(struct subject *subject)
{
	static const struct rw_random nothing = {.fill = fill_zero};
	const struct rw_default_rules wanted = {
		.network = subject->network,
		.cluster = subject->cluster,
		.ipv6 = true, /* twins for ::/0 are defaults wherever they stand */
		.author = "",
		.random = &nothing,
	};

	return rw_default_rules_make(&wanted, &subject->default_rules, &subject->default_rule_count,
				     subject->run->err);
}

/* True when the node is judged with this group: it has no cluster and names the group first. */
static bool belongs(const struct subject *subject, const struct rw_node *node)
{
	if (subject->cluster)
		return strcmp(node->cluster, subject->cluster->id) == 0;
	return !node->cluster[0] && node->security_group_count > 0 &&
	       strcmp(node->security_groups[0], subject->group->id) == 0;
}

static void note_families(struct subject *subject, const struct rw_node *node)
{
	for (size_t i = 0; i < node->interface_count; i++)
		for (size_t j = 0; j < node->interfaces[i].address_count; j++) {
			const struct rw_address *address = &node->interfaces[i].addresses[j];

			subject->has_v4 |= address->family == 4;
			subject->has_v6 |= address->family == 6 && rw_address_is_global(address);
		}
}

/* Notes that the subject was judged, and what of it is open. */
static int keep_subject(const struct subject *subject)
{
	struct rw_audit_subject *kept;
	int r = rw_vec_push(&subject->run->audit->subjects, &kept);

	if (r < 0)
		return rw_error_oom(subject->run->err);
	kept->kind = subject->kind;
	(void)snprintf(kept->id, sizeof(kept->id), "%s", subject->id);
	(void)snprintf(kept->name, sizeof(kept->name), "%s", subject->name);
	rw_vec_init(&kept->to_internet, sizeof(struct rw_audit_open),
		    SIZE_MAX / sizeof(struct rw_audit_open));
	for (size_t i = 0; r == 0 && i < subject->exposed.count; i++) {
		const struct exposed *exposed = rw_vec_at(&subject->exposed, i);

		r = opens_add(&kept->to_internet, &exposed->ranges, subject->run->err);
	}
	opens_sort(&kept->to_internet);
	return r;
}

static int judge(struct run *run, enum rw_kind kind, const void *object, const struct rw_node **nodes,
		 size_t node_count)
{
	RW_CLEANUP(subject_done) struct subject subject = {.run = run, .kind = kind};
	const struct rw_model *model = run->input->model;
	int r;

	rw_vec_init(&subject.exposed, sizeof(struct exposed), 4096);
	subject.id = rw_object_id(kind, object);
	subject.name = rw_object_name(kind, object);
	subject.cluster = kind == RW_KIND_CLUSTER ? object : NULL;
	subject.group =
		subject.cluster ? rw_model_find_group(model, subject.cluster->security_group) : object;
	subject.network = subject.group ? rw_model_find_network(model, subject.group->network) : NULL;
	if (!subject.network)
		return 0;
	subject.nodes = calloc(node_count + 1, sizeof(struct rw_node *));
	if (!subject.nodes)
		return rw_error_oom(run->err);
	for (size_t i = 0; i < node_count; i++) {
		if (!belongs(&subject, nodes[i]))
			continue;
		subject.nodes[subject.node_count++] = nodes[i];
		note_families(&subject, nodes[i]);
	}
	r = rw_sets_new(0, &subject.sets, run->err);
	if (r == 0 && subject.cluster)
		r = make_default_rules(&subject);
	if (r == 0)
		r = exposed_find(&subject);
	if (r == 0)
		r = keep_subject(&subject);
	if (r == 0)
		r = judge_services(&subject);
	if (r == 0)
		r = judge_network(&subject);
	if (r == 0)
		r = judge_rules(&subject);
	return r < 0 ? rw_error_wrap(run->err, "%s %s", rw_kind_name(kind), subject.name) : 0;
}

/* ---- all ---- */

/* Nodes sorted by where they belong, so that each subject finds its own next to each other. */
struct index {
	const struct rw_node **nodes;
	size_t count;
};

static const char *home_of(const struct rw_node *node)
{
	if (node->cluster[0])
		return node->cluster;
	return node->security_group_count > 0 ? node->security_groups[0] : "";
}

static int compare_homes(const void *a, const void *b)
{
	const struct rw_node *left = *(const struct rw_node *const *)a;
	const struct rw_node *right = *(const struct rw_node *const *)b;
	int order = strcmp(home_of(left), home_of(right));

	return order ? order : strcmp(left->id, right->id);
}

static int index_nodes(const struct rw_model *model, struct index *index)
{
	index->count = rw_model_count(model, RW_KIND_NODE);
	index->nodes = calloc(index->count + 1, sizeof(struct rw_node *));
	if (!index->nodes)
		return -ENOMEM;
	for (size_t i = 0; i < index->count; i++)
		index->nodes[i] = rw_model_at(model, RW_KIND_NODE, i);
	if (index->count > 1)
		qsort(index->nodes, index->count, sizeof(*index->nodes), compare_homes);
	return 0;
}

static int compare_home_key(const void *key, const void *element)
{
	return strcmp(key, home_of(*(const struct rw_node *const *)element));
}

static int judge_home(struct run *run, const struct index *index, enum rw_kind kind, const void *object)
{
	const char *id = rw_object_id(kind, object);
	const struct rw_node **found = index->count ? bsearch(id, index->nodes, index->count,
							      sizeof(*index->nodes), compare_home_key)
						    : NULL;
	size_t first, last;

	if (!found)
		return judge(run, kind, object, NULL, 0);
	first = (size_t)(found - index->nodes);
	last = first + 1;
	while (first > 0 && strcmp(home_of(index->nodes[first - 1]), id) == 0)
		first--;
	while (last < index->count && strcmp(home_of(index->nodes[last]), id) == 0)
		last++;
	return judge(run, kind, object, &index->nodes[first], last - first);
}

static bool is_wanted(const struct run *run, const char *id)
{
	return !run->input->subject || strcmp(run->input->subject, id) == 0;
}

static int judge_all(struct run *run, const struct index *index)
{
	const struct rw_model *model = run->input->model;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_CLUSTER); i++) {
		const struct rw_cluster *cluster = rw_model_at(model, RW_KIND_CLUSTER, i);

		if (is_wanted(run, cluster->id))
			r = judge_home(run, index, RW_KIND_CLUSTER, cluster);
	}
	for (size_t i = 0; r == 0 && i < rw_model_count(model, RW_KIND_GROUP); i++) {
		const struct rw_group *group = rw_model_at(model, RW_KIND_GROUP, i);

		if (!group->managed_by[0] && is_wanted(run, group->id))
			r = judge_home(run, index, RW_KIND_GROUP, group);
	}
	return r;
}

static int compare_findings(const void *a, const void *b)
{
	const struct rw_finding *left = a, *right = b;
	int order = (int)right->check->severity - (int)left->check->severity;

	if (order == 0)
		order = (int)left->subject_kind - (int)right->subject_kind;
	if (order == 0)
		order = strcmp(left->subject, right->subject);
	return order ? order : strcmp(left->check->id, right->check->id);
}

int rw_audit_run(const struct rw_audit_input *input, struct rw_audit *ret_audit, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit audit = {0};
	RW_CLEANUP(rw_policy_cache_free) struct rw_policy_cache *own_cache = NULL;
	RW_CLEANUP(rw_policy_cache_free) struct rw_policy_cache *before_cache = NULL;
	struct run run = {.input = input, .audit = &audit, .cache = input->cache, .err = err};
	struct index index = {0};
	int r;

	rw_vec_init(&audit.findings, sizeof(struct rw_finding), RW_AUDIT_FINDINGS_MAX);
	rw_vec_init(&audit.unknown, sizeof(struct rw_unknown), RW_AUDIT_FINDINGS_MAX);
	rw_vec_init(&audit.subjects, sizeof(struct rw_audit_subject),
		    SIZE_MAX / sizeof(struct rw_audit_subject));
	if (!run.cache)
		run.cache = own_cache = rw_policy_cache_new();
	if (input->before)
		run.before_cache = before_cache = rw_policy_cache_new();
	if (!run.cache || (input->before && !before_cache) || index_nodes(input->model, &index) < 0)
		r = rw_error_oom(err);
	else
		r = judge_all(&run, &index);
	free(index.nodes);
	rw_members_free(run.members);
	if (r == 0 && input->subject && audit.subjects.count == 0)
		r = rw_error_set(err, -ENOENT, "there is no cluster or free-standing group %s",
				 input->subject);
	if (r < 0)
		return r;
	if (audit.findings.count > 1)
		qsort(audit.findings.data, audit.findings.count, sizeof(struct rw_finding), compare_findings);
	*ret_audit = audit;
	audit = (struct rw_audit){0};
	return 0;
}

/* ---- what a change adds ---- */

static bool was_there(const struct rw_audit *before, const struct rw_finding *finding)
{
	for (size_t i = 0; i < before->findings.count; i++) {
		const struct rw_finding *other = rw_vec_at(&before->findings, i);

		if (other->check == finding->check && strcmp(other->detail, finding->detail) == 0)
			return true;
	}
	return false;
}

/* A subject that is new had no findings. */
static int audit_before(const struct rw_audit_input *input, const struct rw_model *model,
			struct rw_audit *ret_audit, struct rw_error *err)
{
	struct rw_audit_input before = *input;
	int r;

	before.model = model;
	before.before = NULL;
	before.cache = NULL;
	if (!rw_model_find(model, RW_KIND_CLUSTER, input->subject) &&
	    !rw_model_find(model, RW_KIND_GROUP, input->subject))
		return 0;
	r = rw_audit_run(&before, ret_audit, err);
	return r == -ENOENT ? 0 : r;
}

int rw_audit_added(const struct rw_audit_input *input, const struct rw_model *before,
		   struct rw_audit *ret_added, struct rw_error *err)
{
	RW_CLEANUP(rw_audit_done) struct rw_audit was = {0};
	struct rw_audit_input after = *input;
	size_t kept = 0;
	int r = audit_before(input, before, &was, err);

	after.before = before;
	if (r == 0)
		r = rw_audit_run(&after, ret_added, err);
	if (r < 0)
		return r;
	ret_added->suppressed = 0;
	ret_added->unknown.count = 0;
	for (size_t i = 0; i < ret_added->findings.count; i++) {
		struct rw_finding *finding = rw_vec_at(&ret_added->findings, i);

		if (!finding->is_opening && was_there(&was, finding))
			continue;
		ret_added->suppressed += finding->suppressed != NULL;
		*(struct rw_finding *)rw_vec_at(&ret_added->findings, kept++) = *finding;
	}
	ret_added->findings.count = kept;
	return 0;
}
