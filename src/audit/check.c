/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/check.h"

#include <string.h>

#include "base/cleanup.h"

#define CHECK(number, name, level, evidence, ...)                                                            \
	[RW_CHECK_##number] = {name, RW_SEVERITY_##level, RW_NEEDS_##evidence, __VA_ARGS__}

static const struct rw_check named[RW_CHECK_NAMED_COUNT_] = {
	CHECK(ALL_PORTS_OPEN, "all-ports-open", CRITICAL, NOTHING, "every port is open to the internet",
	      "Whatever anybody starts on the node is public at once.",
	      "Open the ports that are needed and revoke the rule: 'ringwall tighten' makes the plan.",
	      "minimal permission", "ec2_securitygroup_allow_ingress_from_internet_to_all_ports"),
	CHECK(OTHER_PORT_OPEN, "port-open", MEDIUM, NOTHING,
	      "a port of no known service is open to the internet",
	      "Each open port is a program that strangers may talk to.",
	      "Narrow the rule to who needs it, or to a load balancer's sources.", "minimal permission",
	      "ec2_securitygroup_allow_ingress_from_internet_to_any_port"),
	CHECK(WIDE_PORT_RANGE, "wide-port-range", HIGH, NOTHING,
	      "more than 1,000 ports are open to the internet",
	      "Programs that start later land in the open range.", "Open single ports.", "minimal permission",
	      ""),
	CHECK(WIDE_CIDR, "wide-cidr", MEDIUM, NOTHING, "a rule accepts a large part of the internet",
	      "Networks of this size hold strangers.", "Name the networks of those who need it.",
	      "minimal permission", "ec2_securitygroup_allow_wide_open_public_ipv4"),
	CHECK(ALL_PORTS_TO_ADDRESS, "all-ports-to-address", MEDIUM, NOTHING,
	      "every port is open to one public address",
	      "Who holds that address, or its next owner, reaches everything.", "Name the ports.",
	      "minimal permission", "ec2_securitygroup_allow_ingress_from_internet_to_all_ports"),
	CHECK(PRIVATE_RANGE, "private-range", LOW, NOTHING, "a rule accepts a whole private range",
	      "More machines than those of this network have such addresses.",
	      "Name the network's CIDR, or a group.", "group before addresses", ""),
	CHECK(PORT_WITHOUT_LISTENER, "port-without-listener", LOW, LISTENERS,
	      "a port is open on which nobody listens", "The rule waits for whatever starts there.",
	      "Revoke the rule; if it is a default one that is not needed, too.",
	      "default rules: delete those that are not needed", ""),
	CHECK(PORT_WITHOUT_FLOWS, "port-without-flows", INFO, FLOWS,
	      "a port is open that nobody used while flows were watched", "It may not be needed.",
	      "Ask its owner, then revoke the rule.", "minimal permission", ""),
	CHECK(SSH_BLOCKED, "ssh-blocked", HIGH, NOTHING,
	      "the SSH port is reachable from no management source", "Nobody can log on to mend what breaks.",
	      "Accept TCP 22 from the management CIDRs.", "do not block port 22", ""),
	CHECK(ICMP_CLOSED, "icmp-closed", LOW, NOTHING, "ICMP between the nodes is not accepted",
	      "Tools and path MTU discovery depend on it.", "Accept icmp from the network.",
	      "retain the ICMP rules", ""),
	CHECK(ICMP_OPEN, "icmp-open", INFO, NOTHING, "ICMP is open to the internet",
	      "Strangers can see that the machine is there.", "Narrow it to the networks that need it.",
	      "minimal permission", ""),
	CHECK(CONTAINERS_CLOSED, "containers-closed", HIGH, NOTHING,
	      "the container CIDR is not open where it is routed",
	      "Containers of different nodes cannot talk.", "Accept all from the container CIDR.",
	      "open the container network segment", ""),
	CHECK(OVERLAY_CLOSED, "overlay-closed", HIGH, NOTHING,
	      "the overlay's port between the nodes is closed", "Containers of different nodes cannot talk.",
	      "Accept UDP 4789 or 8472 (VXLAN) or 51820 (WireGuard) from the network.",
	      "open the container network segment", ""),
	CHECK(DEFAULT_MISSING, "default-missing", LOW, NOTHING, "a default rule is missing",
	      "Container Service relies on it.", "Add it back: 'ringwall cluster fix'.", "default rules", ""),
	CHECK(BALANCED_PORT_PUBLIC, "balanced-port-public", MEDIUM, NOTHING,
	      "a port behind a load balancer is open to the internet itself",
	      "Clients can go round the load balancer and what it checks.",
	      "Accept it from the load balancer's sources only.",
	      "do not open ports accessed by load balancers", ""),
	CHECK(BALANCED_PORT_CLOSED, "balanced-port-closed", HIGH, NOTHING,
	      "a port behind a load balancer is closed to it", "The service is down for its clients.",
	      "Accept it from the load balancer's sources.", "make sure you open all the ports you need", ""),
	CHECK(BALANCER_WITHOUT_SOURCES, "balancer-without-sources", LOW, NOTHING,
	      "a load balancer does not say where its packets come from",
	      "No rule can be made for it that is as narrow as it could be.", "Declare its sources.",
	      "minimal permission", ""),
	CHECK(SEVERAL_GROUPS, "several-groups", LOW, NOTHING,
	      "nodes of the cluster are in further groups that open ports",
	      "The cluster's group alone no longer says what is open.",
	      "Move the rules into the cluster's group.", "each cluster has one security group", ""),
	CHECK(SINGLE_ADDRESSES, "single-addresses", LOW, NOTHING,
	      "rules name single addresses of machines in the network",
	      "They go stale when a machine gets another address.",
	      "Put the machines into a group and name the group.",
	      "authorize a security group instead of an individual address", ""),
	CHECK(CLASSIC_NETWORK, "classic-network", MEDIUM, NOTHING, "the cluster is in a classic network",
	      "Classic networks isolate less than VPCs.", "Move it to a VPC when you can.",
	      "use VPC in priority", "ecs_instance_no_legacy_network"),
	CHECK(CLASSIC_INTRANET_OPEN, "classic-intranet-open", MEDIUM, NOTHING,
	      "an intranet rule accepts every address",
	      "Other tenants of the intranet reach the node; members reach each other without a rule.",
	      "Revoke it, or name who needs it.", "clarify the reason for intranet rules", ""),
	CHECK(CLASSIC_SAME_RULES, "classic-same-rules", INFO, NOTHING,
	      "a rule stands in the internet and in the intranet table",
	      "One of the two is often not needed.", "Keep it for the NIC type that needs it.",
	      "rules only for the NIC type", ""),
	CHECK(ELASTIC_IP, "elastic-ip", LOW, NOTHING, "nodes have an elastic IP",
	      "A node with a public address is reached without the load balancer.",
	      "Release it unless it is needed.", "do not bind an elastic IP unless necessary", ""),
	CHECK(IPV6_FORGOTTEN, "ipv6-forgotten", LOW, LISTENERS,
	      "a service listens on IPv6, but only IPv4 rules open its port",
	      "Clients that prefer IPv6 wait for a time-out first.",
	      "Add the same rule for ::/0, or close the listener.", "both families", ""),
	CHECK(IPV6_WIDER, "ipv6-wider", MEDIUM, NOTHING,
	      "a port is open to the internet over IPv6, but not over IPv4",
	      "Rules for IPv4 were narrowed, those for IPv6 forgotten.", "Narrow the IPv6 rule, too.",
	      "both families", ""),
	CHECK(SPOOFING_ROUTER, "spoofing-router", LOW, ROUTES,
	      "protection from forged inner addresses relies on the router",
	      "The intranet NIC is also the default route, so packets from outside may come by it.",
	      "See that the router drops sources of your networks from outside.", "spoofing", ""),
	CHECK(NOT_ENFORCED, "not-enforced", MEDIUM, NOTHING, "nodes only monitor",
	      "What the rules refuse passes.", "Enforce: 'ringwall cluster enforce'.", "enforcement", ""),
	CHECK(NO_AGENT, "no-agent", INFO, NOTHING, "nodes without an agent are enforced nowhere",
	      "They are members for others, unprotected themselves.",
	      "Join them, or leave them if another firewall protects them.", "enforcement", ""),
	CHECK(UNUSED_GROUP, "unused-group", LOW, NOTHING, "a group has no members and no rule names it",
	      "Nobody knows whether it may go.", "Delete it.", "housekeeping", "ec2_securitygroup_not_used"),
	CHECK(MANY_RULES, "many-rules", LOW, NOTHING, "the group has more than 50 rules",
	      "Nobody reads so many.", "Use groups, prefix lists and 'ringwall lint'.", "housekeeping",
	      "ec2_securitygroup_with_many_ingress_egress_rules"),
	CHECK(NO_DESCRIPTION, "no-description", INFO, NOTHING, "rules have no description",
	      "Nobody dares to remove what nobody explains.", "Say what each rule is for.", "housekeeping",
	      ""),
};

/* Services, each a check "open-NAME". */
#define SERVICE(name, level, what, mend, prowler)                                                            \
	{                                                                                                    \
		"open-" name, RW_SEVERITY_##level, RW_NEEDS_NOTHING, what " is open to the internet",        \
			"Strangers can talk to it, guess passwords and use its faults.", mend,               \
			"minimal permission", prowler                                                        \
	}
#define NARROW "Narrow the rule to who needs it, or let a load balancer or a private network stand between."

static const struct rw_check services[] = {
	SERVICE("ssh", HIGH, "SSH", "Narrow it to where you administer from: --management-cidr.",
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22"),
	SERVICE("rdp", HIGH, "remote desktop", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389"),
	SERVICE("telnet", HIGH, "Telnet", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_telnet_23"),
	SERVICE("ftp", HIGH, "FTP", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_ftp_port_20_21"),
	SERVICE("vnc", HIGH, "VNC", NARROW, ""),
	SERVICE("smb", HIGH, "Windows file sharing", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_high_risk_tcp_ports"),
	SERVICE("nfs", HIGH, "NFS", NARROW, ""),
	SERVICE("docker", CRITICAL, "the Docker API", NARROW, ""),
	SERVICE("swarm", HIGH, "Docker Swarm", NARROW, ""),
	SERVICE("etcd", CRITICAL, "etcd", NARROW, ""),
	SERVICE("kubernetes-api", MEDIUM, "the Kubernetes API server", NARROW, ""),
	SERVICE("kubelet", HIGH, "the kubelet", NARROW, ""),
	SERVICE("nomad-consul", HIGH, "Nomad or Consul", NARROW, ""),
	SERVICE("salt", HIGH, "Salt", NARROW, ""),
	SERVICE("mysql", HIGH, "MySQL", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_mysql_3306"),
	SERVICE("postgresql", HIGH, "PostgreSQL", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_postgres_5432"),
	SERVICE("sql-server", HIGH, "SQL Server", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_sql_server_1433_1434"),
	SERVICE("oracle", HIGH, "Oracle", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_oracle_1521_2483"),
	SERVICE("mongodb", HIGH, "MongoDB", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_mongodb_27017_27018"),
	SERVICE("redis", HIGH, "Redis", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_redis_6379"),
	SERVICE("memcached", HIGH, "Memcached", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_memcached_11211"),
	SERVICE("elasticsearch", HIGH, "Elasticsearch or Kibana", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_elasticsearch_kibana_9200_9300_"
		"5601"),
	SERVICE("kafka", HIGH, "Kafka", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_kafka_9092"),
	SERVICE("cassandra", HIGH, "Cassandra", NARROW,
		"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_cassandra_7199_9160_8888"),
	SERVICE("hadoop", HIGH, "Hadoop", NARROW, ""),
	SERVICE("ldap", MEDIUM, "LDAP", NARROW, ""),
	SERVICE("snmp", MEDIUM, "SNMP", NARROW, ""),
	SERVICE("smtp", MEDIUM, "SMTP", NARROW, ""),
	SERVICE("mail-boxes", MEDIUM, "POP3 or IMAP", NARROW, ""),
	SERVICE("dns", MEDIUM, "DNS", NARROW, ""),
	SERVICE("development", MEDIUM, "a port of development servers", NARROW, ""),
	SERVICE("http", INFO, "HTTP", NARROW, ""),
	SERVICE("https", INFO, "HTTPS", NARROW, ""),
};

/* Which ports belong to which service, ascending by (protocol, first port). */
static const struct {
	uint16_t protocol;
	struct rw_ports ports;
	uint8_t service; /* index in services */
} service_ports[] = {
	{RW_PROTOCOL_TCP, {20, 21}, 3},        /* ftp */
	{RW_PROTOCOL_TCP, {22, 22}, 0},        /* ssh */
	{RW_PROTOCOL_TCP, {23, 23}, 2},        /* telnet */
	{RW_PROTOCOL_TCP, {25, 25}, 27},       /* smtp */
	{RW_PROTOCOL_TCP, {53, 53}, 29},       /* dns */
	{RW_PROTOCOL_TCP, {80, 80}, 31},       /* http */
	{RW_PROTOCOL_TCP, {110, 110}, 28},     /* mail-boxes */
	{RW_PROTOCOL_TCP, {135, 135}, 5},      /* smb */
	{RW_PROTOCOL_TCP, {137, 139}, 5},      /* smb */
	{RW_PROTOCOL_TCP, {143, 143}, 28},     /* mail-boxes */
	{RW_PROTOCOL_TCP, {389, 389}, 25},     /* ldap */
	{RW_PROTOCOL_TCP, {443, 443}, 32},     /* https */
	{RW_PROTOCOL_TCP, {445, 445}, 5},      /* smb */
	{RW_PROTOCOL_TCP, {636, 636}, 25},     /* ldap */
	{RW_PROTOCOL_TCP, {1433, 1434}, 16},   /* sql-server */
	{RW_PROTOCOL_TCP, {1521, 1522}, 17},   /* oracle */
	{RW_PROTOCOL_TCP, {2049, 2049}, 6},    /* nfs */
	{RW_PROTOCOL_TCP, {2375, 2376}, 7},    /* docker */
	{RW_PROTOCOL_TCP, {2377, 2377}, 8},    /* swarm */
	{RW_PROTOCOL_TCP, {2379, 2380}, 9},    /* etcd */
	{RW_PROTOCOL_TCP, {2483, 2484}, 17},   /* oracle */
	{RW_PROTOCOL_TCP, {3000, 3000}, 30},   /* development */
	{RW_PROTOCOL_TCP, {3306, 3306}, 14},   /* mysql */
	{RW_PROTOCOL_TCP, {3376, 3376}, 8},    /* swarm */
	{RW_PROTOCOL_TCP, {3389, 3389}, 1},    /* rdp */
	{RW_PROTOCOL_TCP, {4001, 4001}, 9},    /* etcd */
	{RW_PROTOCOL_TCP, {4333, 4333}, 14},   /* mysql */
	{RW_PROTOCOL_TCP, {4505, 4506}, 13},   /* salt */
	{RW_PROTOCOL_TCP, {4646, 4648}, 12},   /* nomad-consul */
	{RW_PROTOCOL_TCP, {5000, 5000}, 30},   /* development */
	{RW_PROTOCOL_TCP, {5432, 5432}, 15},   /* postgresql */
	{RW_PROTOCOL_TCP, {5500, 5500}, 4},    /* vnc */
	{RW_PROTOCOL_TCP, {5601, 5601}, 21},   /* elasticsearch */
	{RW_PROTOCOL_TCP, {5900, 5906}, 4},    /* vnc */
	{RW_PROTOCOL_TCP, {6379, 6379}, 19},   /* redis */
	{RW_PROTOCOL_TCP, {6443, 6443}, 10},   /* kubernetes-api */
	{RW_PROTOCOL_TCP, {7000, 7001}, 23},   /* cassandra */
	{RW_PROTOCOL_TCP, {7199, 7199}, 23},   /* cassandra */
	{RW_PROTOCOL_TCP, {7946, 7946}, 8},    /* swarm */
	{RW_PROTOCOL_TCP, {8020, 8020}, 24},   /* hadoop */
	{RW_PROTOCOL_TCP, {8080, 8080}, 30},   /* development */
	{RW_PROTOCOL_TCP, {8088, 8088}, 30},   /* development */
	{RW_PROTOCOL_TCP, {8300, 8302}, 12},   /* nomad-consul */
	{RW_PROTOCOL_TCP, {8500, 8502}, 12},   /* nomad-consul */
	{RW_PROTOCOL_TCP, {8888, 8888}, 23},   /* cassandra */
	{RW_PROTOCOL_TCP, {9042, 9042}, 23},   /* cassandra */
	{RW_PROTOCOL_TCP, {9092, 9092}, 22},   /* kafka */
	{RW_PROTOCOL_TCP, {9160, 9160}, 23},   /* cassandra */
	{RW_PROTOCOL_TCP, {9200, 9200}, 21},   /* elasticsearch */
	{RW_PROTOCOL_TCP, {9300, 9300}, 21},   /* elasticsearch */
	{RW_PROTOCOL_TCP, {10250, 10250}, 11}, /* kubelet */
	{RW_PROTOCOL_TCP, {10255, 10255}, 11}, /* kubelet */
	{RW_PROTOCOL_TCP, {11211, 11211}, 20}, /* memcached */
	{RW_PROTOCOL_TCP, {27017, 27019}, 18}, /* mongodb */
	{RW_PROTOCOL_TCP, {50070, 50070}, 24}, /* hadoop */
	{RW_PROTOCOL_TCP, {50470, 50470}, 24}, /* hadoop */
	{RW_PROTOCOL_UDP, {53, 53}, 29},       /* dns */
	{RW_PROTOCOL_UDP, {137, 138}, 5},      /* smb */
	{RW_PROTOCOL_UDP, {161, 161}, 26},     /* snmp */
	{RW_PROTOCOL_UDP, {389, 389}, 25},     /* ldap */
	{RW_PROTOCOL_UDP, {445, 445}, 5},      /* smb */
	{RW_PROTOCOL_UDP, {1434, 1434}, 16},   /* sql-server */
	{RW_PROTOCOL_UDP, {2049, 2049}, 6},    /* nfs */
	{RW_PROTOCOL_UDP, {4789, 4789}, 8},    /* swarm */
	{RW_PROTOCOL_UDP, {7946, 7946}, 8},    /* swarm */
	{RW_PROTOCOL_UDP, {11211, 11211}, 20}, /* memcached */
};

size_t rw_check_count(void)
{
	return RW_ARRAY_COUNT(named) + RW_ARRAY_COUNT(services);
}

const struct rw_check *rw_check_at(size_t index)
{
	return index < RW_ARRAY_COUNT(named) ? &named[index] : &services[index - RW_ARRAY_COUNT(named)];
}

const struct rw_check *rw_check_named(enum rw_check_number number)
{
	return &named[number];
}

const struct rw_check *rw_check_find(const char *id)
{
	for (size_t i = 0; i < rw_check_count(); i++)
		if (strcmp(rw_check_at(i)->id, id) == 0)
			return rw_check_at(i);
	return NULL;
}

size_t rw_service_count(void)
{
	return RW_ARRAY_COUNT(service_ports);
}

struct rw_service rw_service_at(size_t index)
{
	return (struct rw_service){
		.protocol = service_ports[index].protocol,
		.ports = service_ports[index].ports,
		.check = &services[service_ports[index].service],
	};
}

static const char *const severity_names[RW_SEVERITY_COUNT_] = {
	[RW_SEVERITY_INFO] = "info", [RW_SEVERITY_LOW] = "low",           [RW_SEVERITY_MEDIUM] = "medium",
	[RW_SEVERITY_HIGH] = "high", [RW_SEVERITY_CRITICAL] = "critical",
};

const char *rw_severity_name(enum rw_severity severity)
{
	return severity_names[severity];
}

int rw_severity_find(const char *name)
{
	for (int severity = 0; severity < RW_SEVERITY_COUNT_; severity++)
		if (strcmp(severity_names[severity], name) == 0)
			return severity;
	return -1;
}

const char *rw_check_needs_name(enum rw_check_needs needs)
{
	static const char *const names[] = {"nothing", "listeners", "flows", "routes"};

	return names[needs];
}
