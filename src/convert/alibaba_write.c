/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/alibaba_write.h"

#include <string.h>

/* The words of a rule that both languages share. */
struct words {
	char protocol[RW_PROTOCOL_TEXT_SIZE];
	char ports[RW_PORTS_TEXT_SIZE];
	char object[RW_PREFIX_TEXT_SIZE]; /* CIDR or id */
	const char *nic_type;
	bool is_numbered; /* a protocol that has no name there */
};

static void find_words(const struct rw_rule *rule, struct words *words)
{
	rw_protocol_format(rule->protocol, words->protocol);
	rw_ports_format(rule->ports, words->ports);
	if (rule->object.kind == RW_OBJECT_CIDR)
		rw_prefix_format(&rule->object.cidr, words->object);
	else
		memcpy(words->object, rule->object.id, RW_ID_SIZE);
	words->nic_type = rule->nic_type == RW_NIC_INTERNET ? "internet" : "intranet";
	words->is_numbered = words->protocol[0] >= '0' && words->protocol[0] <= '9';
}

/* ---- aliyun-cli ---- */

static void write_command(struct rw_buf *buf, const char *action, const char *group,
			  const struct rw_rule *rule)
{
	static const char *const objects[] = {
		[RW_OBJECT_CIDR] = "SourceCidrIp",
		[RW_OBJECT_GROUP] = "SourceGroupId",
		[RW_OBJECT_PREFIX_LIST] = "SourcePrefixListId",
	};
	const char *object = rule->object.kind == RW_OBJECT_CIDR && rule->object.cidr.address.family == 6
				     ? "Ipv6SourceCidrIp"
				     : objects[rule->object.kind];
	struct words words = {0};

	find_words(rule, &words);
	if (words.is_numbered)
		(void)rw_buf_append_text(buf, "# Alibaba Cloud has no rules by protocol number: ");
	(void)rw_buf_append_format(buf,
				   "aliyun ecs %s --SecurityGroupId %s --Permissions.1.IpProtocol %s "
				   "--Permissions.1.PortRange %s --Permissions.1.%s %s "
				   "--Permissions.1.NicType %s --Permissions.1.Policy accept "
				   "--Permissions.1.Priority %u",
				   action, group, words.protocol, words.ports, object, words.object,
				   words.nic_type, rule->priority);
	if (strcmp(action, "AuthorizeSecurityGroup") == 0 && rule->description[0])
		(void)rw_buf_append_format(buf, " --Permissions.1.Description '%s'", rule->description);
	(void)rw_buf_append_text(buf, "\n");
}

int rw_tighten_write_aliyun(const struct rw_tighten_plan *plan, struct rw_buf *buf, struct rw_error *err)
{
	(void)rw_buf_append_text(buf,
				 "#!/bin/sh\n# Run one step, look whether all still works, then the next.\n"
				 "set -e\n");
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct rw_tighten_step *step = rw_vec_at(&plan->steps, i);

		(void)rw_buf_append_format(buf, "\n# step %zu: %s\n", i + 1,
					   rw_tighten_step_title(step->kind));
		for (size_t j = 0; j < step->add.count; j++)
			write_command(buf, "AuthorizeSecurityGroup", plan->group,
				      ((const struct rw_tighten_rule *)rw_vec_at(&step->add, j))->rule);
		for (size_t j = 0; j < step->revoke.count; j++)
			write_command(buf, "RevokeSecurityGroup", plan->group,
				      *(struct rw_rule **)rw_vec_at(&step->revoke, j));
	}
	return rw_buf_check(buf, err);
}

/* ---- Terraform ---- */

static void write_resource(struct rw_buf *buf, size_t number, const char *group, const struct rw_rule *rule)
{
	static const char *const objects[] = {
		[RW_OBJECT_CIDR] = "cidr_ip",
		[RW_OBJECT_GROUP] = "source_security_group_id",
		[RW_OBJECT_PREFIX_LIST] = "prefix_list_id",
	};
	const char *object = rule->object.kind == RW_OBJECT_CIDR && rule->object.cidr.address.family == 6
				     ? "ipv6_cidr_ip"
				     : objects[rule->object.kind];
	struct words words = {0};

	find_words(rule, &words);
	if (words.is_numbered || rule->protocol == RW_PROTOCOL_ICMPV6) {
		(void)rw_buf_append_format(
			buf, "# The provider has no protocol %s: add the rule from %s (%s) otherwise.\n\n",
			words.protocol, words.object, words.nic_type);
		return;
	}
	(void)rw_buf_append_format(buf,
				   "resource \"alicloud_security_group_rule\" \"tightened_%zu\" {\n"
				   "  security_group_id = \"%s\"\n"
				   "  type              = \"ingress\"\n"
				   "  ip_protocol       = \"%s\"\n"
				   "  nic_type          = \"%s\"\n"
				   "  policy            = \"accept\"\n"
				   "  port_range        = \"%s\"\n"
				   "  priority          = %u\n"
				   "  %-17s = \"%s\"\n"
				   "  description       = \"%s\"\n"
				   "}\n\n",
				   number, group, words.protocol, words.nic_type, words.ports, rule->priority,
				   object, words.object, rule->description);
}

static void write_deletion(struct rw_buf *buf, const struct rw_rule *rule)
{
	struct words words = {0};

	find_words(rule, &words);
	(void)rw_buf_append_format(buf,
				   "# Take out the resource of the rule: accept %s %s from %s, nic_type %s, "
				   "priority %u\n",
				   words.protocol, words.ports, words.object, words.nic_type, rule->priority);
}

int rw_tighten_write_terraform(const struct rw_tighten_plan *plan, struct rw_buf *buf, struct rw_error *err)
{
	size_t number = 0;

	(void)rw_buf_append_text(buf, "# Apply one step, look whether all still works, then the next.\n");
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct rw_tighten_step *step = rw_vec_at(&plan->steps, i);

		(void)rw_buf_append_format(buf, "\n# step %zu: %s\n", i + 1,
					   rw_tighten_step_title(step->kind));
		for (size_t j = 0; j < step->add.count; j++)
			write_resource(buf, ++number, plan->group,
				       ((const struct rw_tighten_rule *)rw_vec_at(&step->add, j))->rule);
		for (size_t j = 0; j < step->revoke.count; j++)
			write_deletion(buf, *(struct rw_rule **)rw_vec_at(&step->revoke, j));
	}
	return rw_buf_check(buf, err);
}
