/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/seen.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX  4096
#define WORDS_MAX 12

static int refuse(const struct rw_convert_input *input, unsigned int line, struct rw_error *err,
		  const char *what)
{
	(void)rw_error_set(err, -EINVAL, "%s: line %u: %s", input->name, line, what);
	return rw_error_hint(err, "Give the output of 'ss -tulpn', with its header line.");
}

/*
 * "0.0.0.0:22", "[::]:22", "*:8080", "127.0.0.53%lo:53", "[::ffff:127.0.0.1]:8005".  False when it is none; 'ret_inner' for what only the
 * node itself reaches.
 */
static bool parse_local(char *text, struct rw_evidence_listener *listener, bool *ret_inner)
{
	char *colon = strrchr(text, ':');
	char *address = text;
	char *zone, *end;
	unsigned long port;

	if (!colon || !colon[1])
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port < 1 || port > 65535)
		return false;
	listener->port = (uint16_t)port;
	*colon = '\0';
	if (address[0] == '[' && colon[-1] == ']') {
		address++;
		colon[-1] = '\0';
	}
	zone = strchr(address, '%');
	*ret_inner = zone && strcmp(zone, "%lo") == 0;
	if (zone)
		*zone = '\0';
	if (strcmp(address, "*") == 0)
		return true;
	/* An address of IPv4 at a socket that serves both families. */
	if (strncasecmp(address, "::ffff:", 7) == 0 && strchr(address, '.'))
		address += 7;
	if (rw_address_parse(address, &listener->address, NULL) < 0)
		return false;
	*ret_inner |= listener->address.family == 4 ? listener->address.bytes[0] == 127
						    : strcmp(address, "::1") == 0;
	/* All addresses of IPv4 are no single one; "::" usually serves both families. */
	if (strcmp(address, "::") == 0)
		listener->address = (struct rw_address){0};
	return true;
}

/* The first name of users:(("sshd",pid=1,fd=3)). */
static void copy_process(const char *users, char process[32])
{
	const char *name = users ? strstr(users, "((\"") : NULL;

	if (name)
		(void)snprintf(process, 32, "%.*s", (int)strcspn(name + 3, "\""), name + 3);
}

/* 1 for a socket that only the node itself reaches. */
static int read_socket(const struct rw_convert_input *input, unsigned int number, char *line,
		       struct rw_evidence_listener *listener, struct rw_error *err)
{
	const char *users = strstr(line, "users:");
	char *words[WORDS_MAX] = {0}, *save = NULL;
	unsigned int count = 0;
	bool inner;

	copy_process(users, listener->process);
	for (char *word = strtok_r(line, " \t", &save); word && count < WORDS_MAX;
	     word = strtok_r(NULL, " \t", &save))
		words[count++] = word;
	if (count < 6)
		return refuse(input, number, err, "has fewer than six columns");
	if (strcmp(words[0], "tcp") != 0 && strcmp(words[0], "udp") != 0)
		return 1;
	listener->protocol = words[0][0] == 't' ? RW_PROTOCOL_TCP : RW_PROTOCOL_UDP;
	if (!parse_local(words[4], listener, &inner))
		return refuse(input, number, err, "the fifth column is no local address with a port");
	return inner ? 1 : 0;
}

int rw_convert_listening(const struct rw_convert_input *input, const char *node, struct rw_evidence *evidence,
			 struct rw_error *err)
{
	struct rw_evidence_node *seen;
	unsigned int number = 0;
	size_t start = 0;

	if (rw_evidence_add_node(evidence, node, &seen) < 0)
		return rw_error_oom(err);
	if (input->size < 5 || strncmp(input->text, "Netid", 5) != 0)
		return refuse(input, 1, err, "does not begin with 'Netid'");
	seen->listeners_known = true;
	while (start < input->size) {
		const char *newline = memchr(input->text + start, '\n', input->size - start);
		size_t end = newline ? (size_t)(newline - input->text) : input->size;
		struct rw_evidence_listener listener = {0}, *slot;
		char line[LINE_MAX];
		int r;

		number++;
		if (end - start >= sizeof(line) || memchr(input->text + start, '\0', end - start))
			return refuse(input, number, err, "is too long, or no text");
		memcpy(line, input->text + start, end - start);
		line[end - start] = '\0';
		start = end + 1;
		if (number == 1 || !line[strspn(line, " \t\r")])
			continue;
		r = read_socket(input, number, line, &listener, err);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		r = rw_vec_push(&seen->listeners, &slot);
		if (r < 0)
			return r == -ENOMEM ? rw_error_oom(err)
					    : rw_error_set(err, r, "%s: more than %d listeners", input->name,
							   RW_EVIDENCE_LISTENERS_MAX);
		*slot = listener;
	}
	return 0;
}
