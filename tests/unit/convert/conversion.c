/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "conversion.h"

#include <stdio.h>
#include <string.h>

#include "wire/rule_text.h"

void conversion_of(enum rw_convert_format format, const char *text, struct rw_conversion *ret_conversion)
{
	struct rw_convert_input input = {"input", text, strlen(text)};
	struct rw_error err = RW_ERROR_NONE;

	if (rw_convert(format, &input, 1, NULL, ret_conversion, &err) < 0)
		fail_msg("%s: %s: %s", err.field, err.text, text);
}

void conversion_refuses(enum rw_convert_format format, const char *text, const char *words)
{
	struct rw_convert_input input = {"input", text, strlen(text)};
	struct rw_conversion conversion = {0};
	struct rw_error err = RW_ERROR_NONE;
	char shown[1024];
	int r = rw_convert(format, &input, 1, NULL, &conversion, &err);

	if (r >= 0)
		fail_msg("was not refused: %s", text);
	assert_int_equal(r, err.code);
	assert_null(conversion.model);
	(void)snprintf(shown, sizeof(shown), "%s: %s", err.field, err.text);
	if (!strstr(shown, words))
		fail_msg("'%s' is not in '%s'", words, shown);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *conversion_rules(const struct rw_conversion *conversion, const char *group_name)
{
	const struct rw_group *group = rw_model_find_group(conversion->model, group_name);
	RW_CLEANUP(rw_buf_done) struct rw_buf all = {0};
	char *lines[256];

	assert_non_null(group);
	assert_true(group->rule_count <= 256);
	for (size_t i = 0; i < group->rule_count; i++) {
		RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};

		rw_buf_init(&text, 4096);
		rw_rule_text_format(group->rules[i], NULL, &text);
		lines[i] = rw_buf_take_text(&text);
		assert_non_null(lines[i]);
	}
	qsort(lines, group->rule_count, sizeof(*lines), compare_texts);
	rw_buf_init(&all, 1 << 20);
	for (size_t i = 0; i < group->rule_count; i++) {
		(void)rw_buf_append_format(&all, "%s\n", lines[i]);
		free(lines[i]);
	}
	return rw_buf_take_text(&all);
}

char *conversion_notes(const struct rw_conversion *conversion)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf all = {0};

	rw_buf_init(&all, 1 << 20);
	for (size_t i = 0; i < conversion->notes.count; i++) {
		const struct rw_note *note = rw_vec_at(&conversion->notes, i);

		(void)rw_buf_append_format(&all, "%u %s: %s: %s\n", note->line,
					   note->left_out ? "left out" : "note", note->what, note->reason);
	}
	return rw_buf_take_text(&all);
}

struct rw_policy *conversion_policy(const struct rw_conversion *conversion, const char *name)
{
	const struct rw_node *node = rw_model_find_node(conversion->model, name);
	const struct rw_policy_surroundings surroundings = {0};
	struct rw_policy *policy = NULL;

	assert_non_null(node);
	assert_int_equal(rw_policy_derive(conversion->model, node->id, &surroundings, NULL, &policy, NULL),
			 0);
	return policy;
}

const char conversion_alibaba[] =
	"{\"RequestId\":\"1\",\"Vpcs\":{\"Vpc\":[{\"VpcId\":\"vpc-bp1\",\"VpcName\":\"prod\","
	"\"CidrBlock\":\"10.0.0.0/16\",\"Ipv6CidrBlock\":\"\","
	"\"SecondaryCidrBlocks\":{\"SecondaryCidrBlock\":[\"10.8.0.0/16\"]}}]}}\n"
	"{\"SecurityGroups\":{\"SecurityGroup\":[{\"SecurityGroupId\":\"sg-bp1\","
	"\"CreationTime\":\"2017-10-11T09:00:00Z\",\"SecurityGroupType\":"
	"\"normal\"},"
	"{\"SecurityGroupId\":\"sg-bp2\",\"SecurityGroupType\":\"normal\"}]}}\n"
	"{\"PrefixListId\":\"pl-x\",\"PrefixListName\":\"offices\",\"MaxEntries\":5,\"Description\":"
	"\"all offices\",\"CreationTime\":\"2017-10-11T09:30:00Z\",\"Entries\":{\"Entry\":["
	"{\"Cidr\":\"203.0.113.0/24\",\"Description\":\"north\"},{\"Cidr\":\"198.51.100.0/24\"}]}}\n"
	"{\"SecurityGroupId\":\"sg-bp1\",\"SecurityGroupName\":\"alicloud-cs\",\"VpcId\":\"vpc-bp1\","
	"\"Description\":\"security group of ACS Cluster\",\"InnerAccessPolicy\":\"Accept\","
	"\"Permissions\":{\"Permission\":["
	"{\"IpProtocol\":\"ICMP\",\"PortRange\":\"-1/-1\",\"SourceCidrIp\":\"0.0.0.0/"
	"0\",\"Policy\":\"Accept\","
	"\"NicType\":\"intranet\",\"Direction\":\"ingress\",\"Priority\":\"1\",\"SecurityGroupRuleId\":\"sgr-"
	"a1\","
	"\"CreateTime\":\"2017-10-11T10:00:00Z\",\"Description\":\"ping\",\"SourceGroupId\":\"\"},"
	"{\"IpProtocol\":\"ALL\",\"PortRange\":\"-1/-1\",\"SourceCidrIp\":\"0.0.0.0/"
	"0\",\"Policy\":\"Accept\","
	"\"NicType\":\"intranet\",\"Direction\":\"ingress\",\"Priority\":110,\"SecurityGroupRuleId\":\"sgr-"
	"a2\"},"
	"{\"IpProtocol\":\"TCP\",\"PortRange\":\"22/22\",\"SourcePrefixListId\":\"pl-x\",\"Policy\":\"Drop\","
	"\"Direction\":\"ingress\",\"Priority\":2},"
	"{\"IpProtocol\":\"TCP\",\"PortRange\":\"5432/"
	"5432\",\"SourceGroupId\":\"sg-bp2\",\"Policy\":\"Accept\","
	"\"Direction\":\"ingress\"},"
	"{\"IpProtocol\":\"TCP\",\"PortRange\":\"\",\"PortRangeListId\":\"prl-1\",\"SourceCidrIp\":\"10.0.0."
	"0/8\","
	"\"Direction\":\"ingress\"},"
	"{\"IpProtocol\":\"TCP\",\"PortRange\":\"80/"
	"80\",\"SourceGroupId\":\"sg-other\",\"Direction\":\"ingress\"},"
	"{\"IpProtocol\":\"UDP\",\"PortRange\":\"53/53\",\"DestCidrIp\":\"10.0.0.2/"
	"32\",\"SourceCidrIp\":\"\","
	"\"Direction\":\"egress\",\"Policy\":\"Accept\"}]}}\n"
	"{\"SecurityGroupId\":\"sg-bp2\",\"SecurityGroupName\":\"db\",\"VpcId\":\"vpc-bp1\","
	"\"InnerAccessPolicy\":\"Drop\",\"Permissions\":{\"Permission\":[]}}\n"
	"{\"cluster_id\":\"c0123456789abcdef0123456789abcdef\",\"name\":\"shop\",\"cluster_type\":\"aliyun\","
	"\"security_group_id\":\"sg-bp1\",\"subnet_cidr\":\"172.18.0.0/16\","
	"\"created\":\"2017-10-11T08:00:00+08:00\"}\n"
	"{\"Instances\":{\"Instance\":[{\"InstanceId\":\"i-bp1\",\"InstanceName\":\"web\","
	"\"SecurityGroupIds\":{\"SecurityGroupId\":[\"sg-bp1\",\"sg-bp2\",\"sg-gone\"]},"
	"\"VpcAttributes\":{\"VpcId\":\"vpc-bp1\",\"PrivateIpAddress\":{\"IpAddress\":[\"10.0.0.5\"]}},"
	"\"EipAddress\":{\"IpAddress\":\"203.0.113.7\"},\"PublicIpAddress\":{\"IpAddress\":[]},"
	"\"NetworkInterfaces\":{\"NetworkInterface\":["
	"{\"Type\":\"Secondary\",\"PrivateIpSets\":{\"PrivateIpSet\":[{\"PrivateIpAddress\":\"10.0.0.6\"}]}},"
	"{\"Type\":\"Primary\",\"PrivateIpSets\":{\"PrivateIpSet\":[{\"PrivateIpAddress\":\"10.0.0.5\"}]}}]}}"
	"]}}\n"
	"{\"LoadBalancerId\":\"lb-bp1\",\"LoadBalancerName\":\"front\",\"BackendServers\":{\"BackendServer\":"
	"["
	"{\"ServerId\":\"i-bp1\",\"Weight\":100}]},\"ListenerPortsAndProtocol\":{\"ListenerPortAndProtocol\":"
	"["
	"{\"ListenerPort\":80,\"ListenerProtocol\":\"http\"},{\"ListenerPort\":53,\"ListenerProtocol\":"
	"\"udp\"}]}}\n"
	"{\"Listeners\":[{\"LoadBalancerId\":\"lb-bp1\",\"ListenerPort\":80,\"ListenerProtocol\":\"http\","
	"\"BackendServerPort\":8080}]}\n";

const char conversion_aws[] =
	"{\"Vpcs\":[{\"VpcId\":\"vpc-0a\",\"CidrBlock\":\"10.0.0.0/16\",\"CidrBlockAssociationSet\":["
	"{\"CidrBlock\":\"10.0.0.0/16\"},{\"CidrBlock\":\"10.9.0.0/16\"}],"
	"\"Tags\":[{\"Key\":\"Name\",\"Value\":\"prod\"}]}]}\n"
	"{\"SecurityGroups\":[{\"GroupId\":\"sg-0a\",\"GroupName\":\"web\",\"Description\":\"web tier\","
	"\"VpcId\":\"vpc-0a\",\"IpPermissions\":["
	"{\"IpProtocol\":\"tcp\",\"FromPort\":80,\"ToPort\":81,\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\","
	"\"Description\":\"all\"}],\"Ipv6Ranges\":[{\"CidrIpv6\":\"::/0\"}],\"UserIdGroupPairs\":[],"
	"\"PrefixListIds\":[{\"PrefixListId\":\"pl-1\"}]},"
	"{\"IpProtocol\":\"icmp\",\"FromPort\":8,\"ToPort\":-1,\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]},"
	"{\"IpProtocol\":\"-1\",\"UserIdGroupPairs\":[{\"GroupId\":\"sg-0a\"}]}],"
	"\"IpPermissionsEgress\":[{\"IpProtocol\":\"-1\",\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}]}]},"
	"{\"GroupId\":\"sg-0b\",\"GroupName\":\"db\",\"VpcId\":\"vpc-0a\",\"IpPermissions\":["
	"{\"IpProtocol\":\"tcp\",\"FromPort\":5432,\"ToPort\":5432,\"UserIdGroupPairs\":["
	"{\"GroupId\":\"sg-0a\"},{\"GroupId\":\"sg-peer\"}]}]}]}\n"
	"{\"Reservations\":[{\"Instances\":[{\"InstanceId\":\"i-0a\",\"VpcId\":\"vpc-0a\",\"Tags\":["
	"{\"Key\":\"Name\",\"Value\":\"web-1\"}],\"NetworkInterfaces\":[{\"Attachment\":{\"DeviceIndex\":0},"
	"\"PrivateIpAddresses\":[{\"PrivateIpAddress\":\"10.0.0.5\",\"Association\":{\"PublicIp\":\"203.0."
	"113.7\"}}],"
	"\"Ipv6Addresses\":[],\"Groups\":[{\"GroupId\":\"sg-0a\"}]},"
	"{\"Attachment\":{\"DeviceIndex\":1},\"PrivateIpAddresses\":[{\"PrivateIpAddress\":\"10.0.0.6\"}],"
	"\"Groups\":[{\"GroupId\":\"sg-0a\"},{\"GroupId\":\"sg-0b\"}]}]},"
	"{\"InstanceId\":\"i-gone\",\"NetworkInterfaces\":[]}]}]}\n";

const char conversion_iptables[] =
	"# Generated by iptables-save v1.8.9 (nf_tables) on Fri Nov 27 15:00:00 2026\n"
	"*filter\n"
	":INPUT DROP [0:0]\n"
	":FORWARD DROP [0:0]\n"
	":OUTPUT ACCEPT [0:0]\n"
	":DOCKER - [0:0]\n"
	":DOCKER-USER - [0:0]\n"
	"-A INPUT -i lo -j ACCEPT\n"
	"-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	"-A INPUT -p icmp -j ACCEPT\n"
	"-A INPUT -i eth1 -p tcp -m tcp --dport 22 -m comment --comment \"by \\\"hand\\\"\" -j ACCEPT\n"
	"-A INPUT -s 203.0.113.66/32 -j REJECT --reject-with icmp-port-unreachable\n"
	"-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT\n"
	"-A INPUT -p tcp -m tcp --dport 9000 -m limit --limit 3/min -j ACCEPT\n"
	"-A INPUT -s 10.0.0.0/255.0.0.0 -p tcp -m tcp --dport 5432 -j ACCEPT\n"
	"-A FORWARD -j DOCKER-USER\n"
	"-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	"-A FORWARD -o docker0 -j DOCKER\n"
	"-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\n"
	"-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT\n"
	"-A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 6379 -j ACCEPT\n"
	"-A DOCKER-USER -s 198.51.100.0/24 -p tcp -m conntrack --ctorigdstport 6379 --ctdir ORIGINAL -j "
	"RETURN\n"
	"-A DOCKER-USER -p tcp -m conntrack --ctorigdstport 6379 --ctdir ORIGINAL -j DROP\n"
	"-A DOCKER-USER -j RETURN\n"
	"COMMIT\n"
	"*nat\n"
	":PREROUTING ACCEPT [0:0]\n"
	":DOCKER - [0:0]\n"
	"-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n"
	"-A DOCKER -i docker0 -j RETURN\n"
	"-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80\n"
	"-A DOCKER ! -i docker0 -p tcp -m tcp --dport 6379 -j DNAT --to-destination 172.17.0.3:6379\n"
	"COMMIT\n";

const char conversion_ufw[] = "Status: active\n"
			      "Logging: on (low)\n"
			      "Default: deny (incoming), allow (outgoing), disabled (routed)\n"
			      "New profiles: skip\n"
			      "\n"
			      "To                         Action      From\n"
			      "--                         ------      ----\n"
			      "22/tcp                     LIMIT IN    Anywhere                   # ssh\n"
			      "80,443/tcp (Nginx Full)    ALLOW IN    Anywhere\n"
			      "6379                       DENY IN     203.0.113.0/24\n"
			      "6379/tcp                   ALLOW IN    10.0.0.0/8\n"
			      "Anywhere on eth1           ALLOW IN    10.0.0.0/8\n"
			      "10.0.0.5 6000:6007/udp     ALLOW IN    10.0.0.0/8 1024:65535/udp\n"
			      "OpenSSH                    ALLOW IN    Anywhere\n"
			      "8080/tcp                   ALLOW FWD   Anywhere\n"
			      "22/tcp (v6)                ALLOW IN    Anywhere (v6)\n"
			      "53/udp                     DENY OUT    Anywhere\n";
