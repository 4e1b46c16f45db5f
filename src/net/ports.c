/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ports.h"

#include <string.h>

#include "net/decimal.h"

/* One to five digits without leading zeros, 0..65535, moving *text behind them; -1 otherwise. */
static int parse_number(const char **text)
{
	const char *start = *text;
	int value = 0;

	while (**text >= '0' && **text <= '9' && *text - start < 6)
		value = value * 10 + (*(*text)++ - '0');
	if (*text == start || *text - start > 5 || value > 65535 || (*text - start > 1 && *start == '0'))
		return -1;
	return value;
}

static int bad_ports(const char *text, const char *why, struct rw_error *err)
{
	(void)rw_error_set(err, -EINVAL, "\"%.60s\" %s", text, why);
	(void)rw_error_hint(err, "Write first/last such as 22/22 or 8000/8100, or -1/-1 for no ports.");
	return -EINVAL;
}

/* A range at *text: two ports joined by one of 'joints', or one port alone when 'alone'. */
static int parse_range(const char *whole, const char **text, const char *joints, bool alone,
		       struct rw_ports *ret_ports, struct rw_error *err)
{
	int first = parse_number(text);
	int last = first;

	if (first >= 0 && **text && strchr(joints, **text)) {
		(*text)++;
		last = parse_number(text);
	} else if (!alone) {
		return bad_ports(whole, "is not a port range", err);
	}
	if (first < 0 || last < 0)
		return bad_ports(whole, "is not a port range", err);
	if (first < 1 || last < 1)
		return bad_ports(whole, "has a port outside 1 to 65535", err);
	if (first > last)
		return bad_ports(whole, "has its first port behind its last", err);
	*ret_ports = (struct rw_ports){(uint16_t)first, (uint16_t)last};
	return 0;
}

int rw_ports_parse(const char *text, struct rw_ports *ret_ports, struct rw_error *err)
{
	const char *rest = text;
	struct rw_ports ports;
	int r;

	if (strcmp(text, "-1/-1") == 0) {
		*ret_ports = RW_PORTS_ANY;
		return 0;
	}
	r = parse_range(text, &rest, "/", false, &ports, err);
	if (r < 0)
		return r;
	if (*rest)
		return bad_ports(text, "is not a port range", err);
	*ret_ports = ports;
	return 0;
}

void rw_ports_format(struct rw_ports ports, char text[RW_PORTS_TEXT_SIZE])
{
	if (rw_ports_is_any(ports)) {
		(void)strcpy(text, "-1/-1");
		return;
	}
	text = rw_decimal_put(text, ports.first);
	*text++ = '/';
	*rw_decimal_put(text, ports.last) = '\0';
}

int rw_ports_parse_list(const char *text, struct rw_ports ret_ranges[RW_PORTS_LIST_MAX],
			unsigned int *ret_count, struct rw_error *err)
{
	struct rw_ports ranges[RW_PORTS_LIST_MAX];
	const char *rest = text;
	unsigned int count = 0;

	if (strcmp(text, "-1/-1") == 0) {
		ret_ranges[0] = RW_PORTS_ANY;
		*ret_count = 1;
		return 0;
	}
	for (;;) {
		int r;

		if (count == RW_PORTS_LIST_MAX)
			return rw_error_set(err, -EINVAL, "more than %d port ranges in one list",
					    RW_PORTS_LIST_MAX);
		r = parse_range(text, &rest, "/-", true, &ranges[count], err);
		if (r < 0)
			return r;
		count++;
		if (!*rest)
			break;
		if (*rest++ != ',') {
			(void)rw_error_set(err, -EINVAL, "\"%.60s\" is not a list of ports", text);
			(void)rw_error_hint(err, "Write ports and ranges with commas: 80,443,8000-8100.");
			return -EINVAL;
		}
	}
	memcpy(ret_ranges, ranges, count * sizeof(*ranges));
	*ret_count = count;
	return 0;
}

static const struct {
	const char *name;
	uint16_t number;
} protocols[] = {
	{"tcp", RW_PROTOCOL_TCP},       {"udp", RW_PROTOCOL_UDP}, {"icmp", RW_PROTOCOL_ICMP},
	{"icmpv6", RW_PROTOCOL_ICMPV6}, {"gre", RW_PROTOCOL_GRE}, {"all", RW_PROTOCOL_ALL},
};

static bool equal_ignoring_case(const char *text, const char *lower)
{
	for (; *text && *lower; text++, lower++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + ('a' - 'A')) : *text;

		if (c != *lower)
			return false;
	}
	return *text == *lower;
}

int rw_protocol_parse(const char *text, uint16_t *ret_protocol, struct rw_error *err)
{
	const char *rest = text;
	int number;

	for (size_t i = 0; i < RW_ARRAY_COUNT(protocols); i++) {
		if (equal_ignoring_case(text, protocols[i].name)) {
			*ret_protocol = protocols[i].number;
			return 0;
		}
	}
	number = parse_number(&rest);
	if (number >= 0 && number <= 255 && !*rest) {
		*ret_protocol = (uint16_t)number;
		return 0;
	}
	(void)rw_error_set(err, -EINVAL, "\"%.60s\" is not a protocol", text);
	(void)rw_error_hint(err, "Write tcp, udp, icmp, icmpv6, gre, all or an IANA number from 0 to 255.");
	return -EINVAL;
}

void rw_protocol_format(uint16_t protocol, char text[RW_PROTOCOL_TEXT_SIZE])
{
	for (size_t i = 0; i < RW_ARRAY_COUNT(protocols); i++) {
		if (protocols[i].number == protocol) {
			(void)strcpy(text, protocols[i].name);
			return;
		}
	}
	*rw_decimal_put(text, protocol) = '\0';
}
