/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "filter.h"

/*
 * The first step of a live machine: a real sshd on port 2222 with a session through it, and something that
 * listens on UDP 51820.  Nothing that the rules of a new cluster open.  Joining, and enforcing after that,
 * say what they would cut, and do so only when told.
 */

#define NODE     fleet_addresses[0]
#define SSH_PORT 2222
#define LOOK_MS  250
#define LOOKS    120
#define ECHO_MS  10000 /* a session that lives answers sooner, whatever the machine does */
#define QUIET_MS 500

#define SSH                                                                                                  \
	"/usr/bin/ssh -q -p 2222 -i %s/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "    \
	"-o BatchMode=yes root@10.77.0.11"

struct session {
	pid_t pid;
	int fd; /* our end of its standard input and output */
};

struct step {
	struct world *world;
	struct process sshd;
	int wireguard;
	struct session session; /* somebody works on the node all the while */
};

/* ---- sshd and those who come by it ---- */

static void start_sshd(struct step *step)
{
	const struct world *world = step->world;
	const char *folder = world->folder;
	char config[128], log[128];
	const char *argv[] = {"/usr/sbin/sshd", "-D", "-e", "-f", config, NULL};

	fleet_path(world, "sshd_config", config);
	fleet_path(world, "sshd.log", log);
	netns_run(world->hub,
		  "mkdir -p /run/sshd && cd %s && ssh-keygen -q -t ed25519 -N '' -f host && "
		  "ssh-keygen -q -t ed25519 -N '' -f user && printf 'Port %d\nListenAddress %s\n"
		  "HostKey %s/host\nAuthorizedKeysFile %s/user.pub\nPermitRootLogin prohibit-password\n"
		  "UsePAM no\nStrictModes no\nPidFile none\nClientAliveInterval 2\nClientAliveCountMax 5\n' "
		  ">sshd_config",
		  folder, SSH_PORT, NODE, folder, folder);
	process_start(&step->sshd, world->nodes[0], log, argv);
	process_expect_log(&step->sshd, "Server listening");
}

/* In the child: never returns. */
static void become_ssh(const struct world *world, int end)
{
	char command[512];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setns(world->client, CLONE_NEWNET) < 0)
		_exit(126);
	(void)dup2(end, STDIN_FILENO);
	(void)dup2(end, STDOUT_FILENO);
	(void)snprintf(command, sizeof(command), "exec " SSH " cat", world->folder);
	(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static bool says(const struct session *session, int wait_ms)
{
	char word[16];

	if (write(session->fd, "word\n", 5) != 5)
		return false;
	return netns_readable(session->fd, wait_ms) && read(session->fd, word, sizeof(word)) > 0;
}

static struct session log_in(const struct world *world)
{
	struct session session;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	session.pid = fork();
	assert_true(session.pid >= 0);
	if (session.pid == 0)
		become_ssh(world, ends[1]);
	(void)close(ends[1]);
	session.fd = ends[0];
	assert_true(says(&session, PROCESS_PATIENCE_MS));
	return session;
}

static void log_out(const struct session *session)
{
	(void)kill(session->pid, SIGKILL);
	(void)waitpid(session->pid, NULL, 0);
	(void)close(session->fd);
}

static void assert_lives(const struct step *step)
{
	assert_true(says(&step->session, ECHO_MS));
	process_assert_connects(step->world->client, NODE, SSH_PORT);
}

static void assert_cut(const struct step *step)
{
	process_expect_connects(step->world->client, NODE, SSH_PORT, false);
	assert_false(says(&step->session, QUIET_MS));
	process_expect_connects(step->world->client, NODE, 80, true);
}

static int make_step(void **state)
{
	struct step *step = calloc(1, sizeof(*step));
	void *world;

	assert_non_null(step);
	assert_int_equal(fleet_make_unjoined(&world), 0);
	step->world = world;
	start_sshd(step);
	step->wireguard = filter_udp(step->world->nodes[0], NODE, 51820);
	step->session = log_in(step->world);
	*state = step;
	return 0;
}

static int free_step(void **state)
{
	struct step *step = *state;
	void *world = step->world;

	log_out(&step->session);
	process_stop(&step->sshd, SIGTERM);
	(void)close(step->wireguard);
	free(step);
	return fleet_free(&world);
}

/* ---- commands ---- */

static void absolute(const char *path, char *text, size_t size)
{
	char *found = realpath(path, NULL);

	assert_non_null(found);
	assert_true(strlen(found) < size);
	(void)snprintf(text, size, "%s", found);
	free(found);
}

/* Runs join on the node, by ssh: 'answers' NULL = without a terminal. */
static int join(const struct step *step, const struct fleet_token *token, const char *answers,
		const char *flags, char *text, size_t size)
{
	const struct world *world = step->world;
	char agent[512], state[128], shell[2048];
	const char *argv[] = {"/bin/sh", "-c", shell, NULL};

	absolute(fleet_programs.agent, agent, sizeof(agent));
	fleet_state(world, 0, state);
	(void)snprintf(shell, sizeof(shell),
		       "printf '%s' | " SSH " %s '%s join --server " URL
		       " --token %s --ca-fingerprint %s --name one "
		       "--state %s --interface eth0 %s' 2>&1",
		       answers ? answers : "", world->folder, answers ? "-tt" : "-T", agent, token->token,
		       token->fingerprint, state, flags);
	return process_run(world->client, text, size, argv);
}

/* Runs the command line with nobody to ask; all that it prints is in 'text'. */
static int command(const struct step *step, const char *words, char *text, size_t size)
{
	char shell[1024];
	const char *argv[] = {"/bin/sh", "-c", shell, NULL};

	(void)snprintf(shell, sizeof(shell), "%s %s </dev/null 2>&1", fleet_programs.cli, words);
	return process_run(step->world->control, text, size, argv);
}

static void assert_says(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("\"%s\" is not in:\n%s", wanted, text);
}

/* Waits until a command says so. */
static void expect_says(const struct step *step, const char *words, const char *wanted)
{
	char text[8192];

	for (int look = 0; look < LOOKS; look++) {
		if (command(step, words, text, sizeof(text)) == 0 && strstr(text, wanted))
			return;
		(void)poll(NULL, 0, LOOK_MS);
	}
	fail_msg("\"%s\" is not in:\n%s", wanted, text);
}

static void assert_not_enrolled(const struct step *step)
{
	char path[128];

	fleet_state(step->world, 0, path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_not_equal(FLEET_COMMAND(step->world, "node", "show", "one"), 0);
}

static void run_agent(const struct step *step)
{
	fleet_start_agent(step->world, 0);
	process_expect_log(&step->world->agents[0], "policy in force");
}

/* Joins without a terminal, and runs the agent until the controller knows what it sees. */
static void be_monitored(const struct step *step)
{
	struct fleet_token token = fleet_make_token(step->world);
	char text[8192];

	assert_int_equal(join(step, &token, NULL, "", text, sizeof(text)), 0);
	run_agent(step);
	expect_says(step, "node preview one", "(SSH session)");
}

static void assert_lists_what_would_be_cut(const char *text)
{
	assert_says(text, "eth0             named by operator or policy");
	assert_says(text, "  udp/51820  ");
	assert_says(text, "  tcp/2222  sshd");
	assert_says(text, "  tcp  10.77.0.11 port 2222  from  10.77.0.4 port ");
	assert_null(strstr(text, "  tcp/80  "));
}

/* ---- joining ---- */

static void joins_in_monitor_when_nobody_can_be_asked_and_cuts_nothing(void **state)
{
	const struct step *step = *state;
	struct fleet_token token = fleet_make_token(step->world);
	char text[8192];

	assert_int_equal(join(step, &token, NULL, "", text, sizeof(text)), 0);
	assert_lists_what_would_be_cut(text);
	assert_says(text, "(your SSH session)");
	assert_says(text, "Your SSH session would be cut.");
	assert_says(text, "Nobody can be asked here");
	assert_says(text, "in monitor");
	run_agent(step);
	assert_lives(step);
	fleet_assert_opens(step->world, 0, 9379);
	expect_says(step, "node show one", "monitored");
	expect_says(step, "status", "monitored");
	assert_int_equal(
		command(step, "rule add demo allow tcp 9000 from any --wait=30s", text, sizeof(text)), 0);
	assert_says(text, "enforced on 0 of 1 nodes, applied (monitored) on 1");
}

static void refuses_to_join_by_cutting_the_callers_session(void **state)
{
	const struct step *step = *state;
	struct fleet_token token = fleet_make_token(step->world);
	char text[8192];

	assert_int_equal(join(step, &token, NULL, "--yes", text, sizeof(text)), 1);
	assert_lists_what_would_be_cut(text);
	assert_says(text, "enforcing would cut your SSH session from 10.77.0.4 port ");
	assert_says(text, " to 10.77.0.11 port 2222 (default)");
	assert_not_enrolled(step);
	/* The token was not used up. */
	assert_int_equal(join(step, &token, NULL, "--yes --force", text, sizeof(text)), 0);
	run_agent(step);
	assert_cut(step);
	assert_false(fleet_opens(step->world, 0, 9379));
}

static void asks_at_a_terminal_and_leaves_everything_as_it_was_for_a_no(void **state)
{
	const struct step *step = *state;
	struct fleet_token token = fleet_make_token(step->world);
	char text[8192];

	assert_int_equal(join(step, &token, "no\\n", "", text, sizeof(text)), 1);
	assert_says(text, "Join in monitor instead?"); /* as the session would be cut */
	assert_says(text, "nothing was changed");
	assert_not_enrolled(step);
	assert_int_equal(fleet_allow(step->world, "2222"), 0);
	assert_int_equal(join(step, &token, "no\\n", "", text, sizeof(text)), 1);
	assert_says(text, "Your SSH session would go on.");
	assert_says(text, "[yes/no/monitor]");
	assert_not_enrolled(step);
	assert_int_equal(join(step, &token, "yes\\n", "", text, sizeof(text)), 0);
	run_agent(step);
	process_expect_connects(step->world->client, NODE, 9379, false);
	assert_lives(step);
}

static void joins_in_monitor_when_that_is_answered(void **state)
{
	const struct step *step = *state;
	struct fleet_token token = fleet_make_token(step->world);
	char text[8192];

	assert_int_equal(join(step, &token, "yes\\n", "", text, sizeof(text)), 0);
	assert_says(text, "Join in monitor instead?");
	run_agent(step);
	assert_lives(step);
	expect_says(step, "node show one", "monitored");
}

/* ---- enforcing what is monitored ---- */

static void shows_what_monitoring_saw_and_refuses_to_cut_a_session(void **state)
{
	const struct step *step = *state;
	char text[8192];

	be_monitored(step);
	fleet_assert_opens(step->world, 0, 9379);
	expect_says(step, "node preview one", " by default");
	assert_int_equal(command(step, "node enforce one --yes", text, sizeof(text)), 1);
	assert_lists_what_would_be_cut(text);
	assert_says(text, "guard ssh-session: node one: enforcement would begin and cut the SSH session from "
			  "10.77.0.4 port ");
	assert_int_equal(command(step, "node update one --enforcement enforce", text, sizeof(text)), 1);
	assert_says(text, "guard ssh-session");
	assert_lives(step);
	expect_says(step, "node show one", "monitored");
	assert_int_equal(command(step, "node enforce one --yes --force --wait=30s", text, sizeof(text)), 0);
	assert_says(text, "enforced on 1 of 1 nodes");
	assert_cut(step);
	expect_says(step, "node show one", "connected");
}

static void enforces_without_asking_only_by_yes(void **state)
{
	const struct step *step = *state;
	char text[8192];

	be_monitored(step);
	assert_int_equal(fleet_allow(step->world, "2222"), 0);
	assert_int_equal(command(step, "node enforce one", text, sizeof(text)), 1);
	assert_says(text, "nobody can be asked here");
	fleet_assert_opens(step->world, 0, 9379);
	/* The rule that was just added counts, whenever the agent looked last. */
	assert_int_equal(command(step, "node enforce one --yes --wait=30s", text, sizeof(text)), 0);
	process_expect_connects(step->world->client, NODE, 9379, false);
	assert_lives(step);
}

static void enforces_a_monitored_cluster_by_the_same_way(void **state)
{
	const struct step *step = *state;
	struct fleet_token token = fleet_make_token(step->world);
	char text[8192];

	assert_int_equal(FLEET_COMMAND(step->world, "cluster", "update", "demo", "--enforcement", "monitor"),
			 0);
	assert_int_equal(join(step, &token, NULL, "", text, sizeof(text)), 0);
	assert_says(text, "in monitor");
	run_agent(step);
	expect_says(step, "node preview one", "(SSH session)");
	assert_int_equal(command(step, "cluster enforce demo --yes", text, sizeof(text)), 1);
	assert_lists_what_would_be_cut(text);
	assert_says(text, "guard ssh-session");
	assert_lives(step);
	assert_int_equal(fleet_allow(step->world, "2222"), 0);
	assert_int_equal(command(step, "cluster enforce demo --yes --wait=30s", text, sizeof(text)), 0);
	process_expect_connects(step->world->client, NODE, 9379, false);
	assert_lives(step);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_step, free_step)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(joins_in_monitor_when_nobody_can_be_asked_and_cuts_nothing),
		TEST(refuses_to_join_by_cutting_the_callers_session),
		TEST(asks_at_a_terminal_and_leaves_everything_as_it_was_for_a_no),
		TEST(joins_in_monitor_when_that_is_answered),
		TEST(shows_what_monitoring_saw_and_refuses_to_cut_a_session),
		TEST(enforces_without_asking_only_by_yes),
		TEST(enforces_a_monitored_cluster_by_the_same_way),
	};

	if (argc != 4)
		return 2;
	fleet_programs = (struct fleet_programs){argv[1], argv[2], argv[3]};
	netns_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
