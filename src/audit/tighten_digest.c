/* SPDX-License-Identifier: Apache-2.0 */

/* Whether a step is still the one that somebody has seen. */

#include <stdio.h>
#include <string.h>

#include "audit/tighten_internal.h"
#include "base/map.h"

static uint64_t add_text(uint64_t digest, const char *text)
{
	return rw_hash_bytes(text, strlen(text), digest);
}

/* All that a plan says of its rules; their ids are new in every plan. */
static uint64_t add_rule(uint64_t digest, const struct rw_rule *rule)
{
	char object[RW_PREFIX_TEXT_SIZE], text[256];

	if (rule->object.kind == RW_OBJECT_CIDR)
		rw_prefix_format(&rule->object.cidr, object);
	else
		(void)snprintf(object, sizeof(object), "%.*s", (int)sizeof(object) - 1, rule->object.id);
	(void)snprintf(text, sizeof(text), "+ %d %d %u %u/%u %d %s %u", (int)rule->nic_type,
		       (int)rule->policy, rule->protocol, rule->ports.first, rule->ports.last,
		       (int)rule->object.kind, object, rule->priority);
	return add_text(digest, text);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Refusals come in the order of records, one for each client: the services count, each once. */
static int add_refusals(const struct tightening *t, const struct rw_tighten_step *step, uint64_t *digest)
{
	RW_CLEANUP(rw_free) uint64_t *services = calloc(step->refusals.count + 1, sizeof(*services));
	size_t count = 0;

	if (!services)
		return rw_error_oom(t->err);
	for (size_t i = 0; i < step->refusals.count; i++) {
		const struct rw_tighten_refusal *refusal = rw_vec_at(&step->refusals, i);
		char text[320];

		if (refusal->only_knocked)
			continue;
		(void)snprintf(text, sizeof(text), "! %s %s %u/%u %s", refusal->node, refusal->interface,
			       refusal->flow.protocol, refusal->flow.port, refusal->why);
		services[count++] = add_text(0, text);
	}
	qsort(services, count, sizeof(*services), compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || services[i] != services[i - 1])
			*digest = rw_hash_bytes(&services[i], sizeof(services[i]), *digest);
	return 0;
}

int tighten_digest_step(const struct tightening *t, struct rw_tighten_step *step)
{
	uint64_t digest = add_text(0, rw_tighten_step_name(step->kind));
	int r;

	for (size_t i = 0; i < step->add.count; i++)
		digest = add_rule(digest, ((const struct rw_tighten_rule *)rw_vec_at(&step->add, i))->rule);
	for (size_t i = 0; i < step->revoke.count; i++)
		digest = add_text(digest, (*(struct rw_rule *const *)rw_vec_at(&step->revoke, i))->id);
	r = add_refusals(t, step, &digest);
	step->digest = digest;
	return r;
}
