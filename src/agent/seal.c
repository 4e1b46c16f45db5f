/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/seal.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/map.h"
#include "policy/copy.h"

/* Far more than a policy without rules and 16 addresses take. */
#define SEAL_SIZE_MAX  (4u << 20)
#define PEERS_SIZE_MAX 4096

/* The frame wants a position; that of a seal says nothing. */
static const struct rw_position position = {.incarnation = "sealed", .revision = 1};

/* ---- peers ---- */

static bool is_ssh(const struct rw_packet *opener, const uint16_t *ports, size_t count)
{
	for (size_t i = 0; opener->direction == RW_DIRECTION_INGRESS && i < count; i++)
		if (ports[i] == opener->local_port)
			return true;
	return false;
}

static struct rw_seal_candidate *find_candidate(struct rw_seal_peers *peers, const struct rw_packet *opener)
{
	for (size_t i = 0; i < peers->candidate_count; i++) {
		const struct rw_packet *known = &peers->candidates[i].opener;

		if (known->remote_port == opener->remote_port && known->local_port == opener->local_port &&
		    rw_address_equal(&known->remote, &opener->remote) &&
		    rw_address_equal(&known->local, &opener->local))
			return &peers->candidates[i];
	}
	return NULL;
}

/* Puts the address first; true when it was not. */
static bool promote(struct rw_seal_peers *peers, const struct rw_address *address)
{
	size_t at = 0;

	while (at < peers->count && !rw_address_equal(&peers->items[at], address))
		at++;
	if (at == 0 && peers->count)
		return false;
	if (at == peers->count && peers->count < RW_SEAL_PEERS_MAX)
		peers->count++;
	else if (at == peers->count)
		at--;
	memmove(&peers->items[1], &peers->items[0], at * sizeof(peers->items[0]));
	peers->items[0] = *address;
	return true;
}

static void forget_ended(struct rw_seal_peers *peers)
{
	size_t kept = 0;

	for (size_t i = 0; i < peers->candidate_count; i++)
		if (peers->candidates[i].seen)
			peers->candidates[kept++] = peers->candidates[i];
	peers->candidate_count = kept;
}

bool rw_seal_peers_look(struct rw_seal_peers *peers, const struct rw_connections *connections,
			const uint16_t *ssh_ports, size_t ssh_port_count, uint64_t now_ms)
{
	bool changed = false;

	for (size_t i = 0; i < peers->candidate_count; i++)
		peers->candidates[i].seen = false;
	for (size_t i = 0; i < connections->count; i++) {
		const struct rw_packet *opener = &connections->items[i].opener;
		struct rw_seal_candidate *candidate;

		if (!connections->items[i].interface[0] || !is_ssh(opener, ssh_ports, ssh_port_count))
			continue;
		candidate = find_candidate(peers, opener);
		if (!candidate && peers->candidate_count < RW_SEAL_CANDIDATES_MAX) {
			candidate = &peers->candidates[peers->candidate_count++];
			*candidate = (struct rw_seal_candidate){.opener = *opener, .since_ms = now_ms};
		}
		if (!candidate)
			continue;
		candidate->seen = true;
		/* Once a connection: else two sessions would change places for ever. */
		if (candidate->counted || now_ms - candidate->since_ms < RW_SEAL_PEER_AGE_MS)
			continue;
		candidate->counted = true;
		changed |= promote(peers, &opener->remote);
	}
	forget_ended(peers);
	return changed;
}

static void peers_path(const struct rw_agent_place *place, char path[RW_AGENT_PATH_SIZE])
{
	rw_agent_seal_path(place, "ssh-peers", path);
}

/* The check over what stands before it. */
static unsigned long long check_of(const char *text, size_t size)
{
	return (unsigned long long)rw_hash_bytes(text, size, 0);
}

int rw_seal_peers_save(const struct rw_agent_place *place, const struct rw_seal_peers *peers,
		       struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf = {0};
	char path[RW_AGENT_PATH_SIZE], text[RW_ADDRESS_TEXT_SIZE];
	int r = rw_file_make_folder(place->seal, 0700, err);

	if (r < 0)
		return r;
	rw_buf_init(&buf, PEERS_SIZE_MAX);
	for (size_t i = 0; i < peers->count; i++) {
		rw_address_format(&peers->items[i], text);
		(void)rw_buf_append_format(&buf, "%s\n", text);
	}
	(void)rw_buf_append_format(&buf, "check=%016llx\n", check_of(buf.data, buf.size));
	r = rw_buf_check(&buf, err);
	if (r < 0)
		return r;
	peers_path(place, path);
	return rw_file_write(path, buf.data, buf.size, 0600, err);
}

void rw_seal_peers_load(const struct rw_agent_place *place, struct rw_seal_peers *peers)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE], *check;
	unsigned long long expected;

	*peers = (struct rw_seal_peers){0};
	rw_buf_init(&buf, PEERS_SIZE_MAX);
	peers_path(place, path);
	if (rw_file_read(path, &buf, NULL) < 0)
		return;
	check = strstr(buf.data, "check=");
	if (!check || sscanf(check, "check=%16llx", &expected) != 1 ||
	    expected != check_of(buf.data, (size_t)(check - buf.data)))
		return;
	*check = '\0';
	for (char *line = buf.data; *line && peers->count < RW_SEAL_PEERS_MAX;) {
		size_t length = strcspn(line, "\n");
		bool last = !line[length];

		line[length] = '\0';
		if (rw_address_parse(line, &peers->items[peers->count], NULL) == 0)
			peers->count++;
		line += length + !last;
	}
}

/* ---- the policy of a sealed node ---- */

struct rw_policy *rw_seal_make(const struct rw_policy *policy)
{
	struct rw_policy *sealed = rw_policy_copy_system(policy);

	if (!sealed)
		return NULL;
	sealed->enforcement = RW_ENFORCE;
	/* In no group: nothing is accepted either way. */
	for (size_t i = 0; i < sealed->interface_count; i++) {
		free(sealed->interfaces[i].groups);
		sealed->interfaces[i].groups = NULL;
		sealed->interfaces[i].group_count = 0;
	}
	return sealed;
}

/* What to hold when the mark cannot be read: every device that could be enforced and has an address. */
static int make_ignorant(struct rw_policy **ret_sealed)
{
	static const uint16_t ssh_port = 22;
	RW_CLEANUP(rw_policy_unref) struct rw_policy *sealed = rw_policy_new();
	struct rw_prefix all[2];

	if (!sealed)
		return -ENOMEM;
	if (rw_prefix_parse("0.0.0.0/0", &all[0], NULL) < 0 || rw_prefix_parse("::/0", &all[1], NULL) < 0 ||
	    !rw_array_dup(&sealed->network_cidrs, &sealed->network_cidr_count, all, 2, sizeof(all[0])) ||
	    !rw_array_dup(&sealed->ssh_ports, &sealed->ssh_port_count, &ssh_port, 1, sizeof(ssh_port)))
		return -ENOMEM;
	(void)snprintf(sealed->node, sizeof(sealed->node), "n-unknown");
	(void)snprintf(sealed->node_name, sizeof(sealed->node_name), "unknown");
	sealed->enforcement = RW_ENFORCE;
	*ret_sealed = RW_TAKE_PTR(sealed);
	return 0;
}

static int add_peers(const struct rw_agent_place *place, struct rw_policy *sealed)
{
	RW_CLEANUP(rw_free) struct rw_seal_peers *peers = malloc(sizeof(*peers));
	size_t count = sealed->management_cidr_count;
	struct rw_prefix *cidrs;

	if (!peers)
		return -ENOMEM;
	rw_seal_peers_load(place, peers);
	if (!peers->count)
		return 0;
	cidrs = realloc(sealed->management_cidrs, (count + peers->count) * sizeof(*cidrs));
	if (!cidrs)
		return -ENOMEM;
	for (size_t i = 0; i < peers->count; i++)
		cidrs[count + i] = rw_prefix_of_address(&peers->items[i]);
	sealed->management_cidrs = cidrs;
	sealed->management_cidr_count = count + peers->count;
	return 0;
}

/* ---- the mark ---- */

static void mark_path(const struct rw_agent_place *place, char path[RW_AGENT_PATH_SIZE])
{
	rw_agent_seal_path(place, "policy", path);
}

int rw_seal_save(const struct rw_agent_place *place, const struct rw_policy *sealed, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf fresh;
	RW_CLEANUP(rw_buf_done) struct rw_buf old;
	char path[RW_AGENT_PATH_SIZE];
	int r;

	rw_buf_init(&fresh, SEAL_SIZE_MAX);
	rw_buf_init(&old, SEAL_SIZE_MAX);
	r = rw_stream_encode_snapshot(&fresh, RW_STREAM_VERSION, &position, sealed, RW_ESTABLISHED_CUT, err);
	if (r == 0)
		r = rw_file_make_folder(place->seal, 0700, err);
	if (r < 0)
		return r;
	mark_path(place, path);
	if (rw_file_read(path, &old, NULL) == 0 && old.size == fresh.size &&
	    memcmp(old.data, fresh.data, fresh.size) == 0)
		return 0;
	return rw_file_write(path, fresh.data, fresh.size, 0600, err);
}

void rw_seal_remove(const struct rw_agent_place *place)
{
	char path[RW_AGENT_PATH_SIZE];

	mark_path(place, path);
	(void)unlink(path);
	peers_path(place, path);
	(void)unlink(path);
	(void)rmdir(place->seal);
}

bool rw_seal_exists(const struct rw_agent_place *place)
{
	char path[RW_AGENT_PATH_SIZE];

	mark_path(place, path);
	return access(path, F_OK) == 0;
}

int rw_seal_load(const struct rw_agent_place *place, struct rw_policy **ret_sealed, struct rw_error *err)
{
	RW_CLEANUP(rw_policy_unref) struct rw_policy *sealed = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];
	struct rw_position unused;
	int r, outcome = 0;

	rw_buf_init(&buf, SEAL_SIZE_MAX);
	mark_path(place, path);
	r = rw_file_read(path, &buf, err);
	if (r == -ENOENT || r == -ENOTDIR)
		return RW_SEAL_ABSENT;
	if (r == 0) {
		r = rw_policy_file_decode(buf.data, buf.size, &unused, &sealed, err);
		if (r < 0)
			(void)rw_error_wrap(err, "%s", path);
	}
	if (r < 0 && r != -ENOMEM) {
		outcome = RW_SEAL_DAMAGED;
		r = make_ignorant(&sealed);
	}
	if (r == 0)
		r = add_peers(place, sealed);
	if (r < 0)
		return rw_error_oom(err);
	*ret_sealed = RW_TAKE_PTR(sealed);
	return outcome;
}
