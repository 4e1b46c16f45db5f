/* SPDX-License-Identifier: Apache-2.0 */
#include "group/limits.h"

#include <string.h>

const struct rw_limits rw_limits_default = {
	.networks = 100,
	.clusters = 100,
	.nodes = 20000,
	.groups = 500,
	.prefix_lists = 100,
	.load_balancers = 500,
	.promises = 500,
	.cidrs_per_network = 16,
	.cidrs_per_cluster = 16,
	.interfaces_per_node = 64,
	.addresses_per_interface = 64,
	.groups_per_interface = 10,
	.rules_per_group = 1000,
	.rules_per_interface = 1000,
	.group_rules_per_group = 20,
	.rules_per_call = 100,
	.members_per_group = 65536,
	.cidrs_per_prefix_list = 200,
	.listeners_per_load_balancer = 50,
	.name_length = 128,
	.tags_per_object = 20,
	.text_length = 512,
};

#define LIMIT(member)                                                                                        \
	{                                                                                                    \
#member, offsetof(struct rw_limits, member)                                                  \
	}

static const struct {
	const char *name;
	size_t offset;
} names[] = {
	LIMIT(networks),
	LIMIT(clusters),
	LIMIT(nodes),
	LIMIT(groups),
	LIMIT(prefix_lists),
	LIMIT(load_balancers),
	LIMIT(promises),
	LIMIT(cidrs_per_network),
	LIMIT(cidrs_per_cluster),
	LIMIT(interfaces_per_node),
	LIMIT(addresses_per_interface),
	LIMIT(groups_per_interface),
	LIMIT(rules_per_group),
	LIMIT(rules_per_interface),
	LIMIT(group_rules_per_group),
	LIMIT(rules_per_call),
	LIMIT(members_per_group),
	LIMIT(cidrs_per_prefix_list),
	LIMIT(listeners_per_load_balancer),
	LIMIT(name_length),
	LIMIT(tags_per_object),
	LIMIT(text_length),
};

static int refuse_name(const char *name, size_t length, struct rw_error *err)
{
	char all[sizeof(err->hint)] = "";

	(void)rw_error_field(err, "limit", "there is no limit '%.*s'", (int)length, name);
	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++) {
		size_t used = strlen(all);

		if (used + strlen(names[i].name) + 3 > sizeof(all))
			break;
		strcpy(all + used, used ? ", " : "");
		strcat(all, names[i].name);
	}
	return rw_error_hint(err, "%s", all);
}

int rw_limits_set(struct rw_limits *limits, const char *text, struct rw_error *err)
{
	size_t length = strcspn(text, "=");
	const char *digits = text[length] ? text + length + 1 : "";
	size_t count = strspn(digits, "0123456789");
	size_t number = 0;

	if (count <= 9 && !digits[count])
		for (size_t i = 0; i < count; i++)
			number = number * 10 + (size_t)(digits[i] - '0');
	if (number == 0) {
		(void)rw_error_field(err, "limit",
				     "'%.100s' is not NAME=NUMBER with a number of 1 to 999,999,999", text);
		return rw_error_hint(err, "Write for example rules_per_group=2000.");
	}
	for (size_t i = 0; i < RW_ARRAY_COUNT(names); i++) {
		if (strlen(names[i].name) != length || strncmp(names[i].name, text, length) != 0)
			continue;
		memcpy((char *)limits + names[i].offset, &number, sizeof(number));
		return 0;
	}
	return refuse_name(text, length, err);
}
