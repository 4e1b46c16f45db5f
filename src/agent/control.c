/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/control.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "agent/drop_line.h"

struct client {
	struct rw_control *control;
	int fd; /* < 0 = free */
	struct rw_loop_watch *watch;
	uint64_t number; /* order of arrival */
	char line[RW_CONTROL_LINE_MAX];
	size_t size;
	struct rw_buf answer; /* not yet written */
	bool answering;
	bool following;
	uint64_t lost; /* lines that a follower did not take, and was not told of */
};

struct rw_control {
	struct rw_loop *loop;
	rw_control_fn *fn;
	void *context;
	int fd;
	struct rw_loop_watch *watch;
	struct client clients[RW_CONTROL_CLIENTS];
	uint64_t next_number;
	char path[RW_AGENT_PATH_SIZE];
};

static int make_address(const struct rw_agent_place *place, struct sockaddr_un *address, struct rw_error *err)
{
	char path[RW_AGENT_PATH_SIZE];

	rw_agent_run_path(place, "control.sock", path);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return rw_error_set(err, -ENAMETOOLONG, "path is too long for a socket: %s", path);
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

/* ---- server ---- */

static void drop_client(struct client *client)
{
	client->watch = rw_loop_watch_free(client->watch);
	client->fd = rw_close(client->fd);
	rw_buf_done(&client->answer);
	client->size = 0;
	client->answering = client->following = false;
	client->lost = 0;
}

static void write_answer(struct client *client)
{
	while (client->answer.size) {
		ssize_t written = send(client->fd, client->answer.data, client->answer.size,
				       MSG_NOSIGNAL | MSG_DONTWAIT);

		if (written < 0 && errno == EAGAIN) {
			rw_loop_watch_set(client->watch, RW_LOOP_WRITABLE);
			return;
		}
		if (written <= 0)
			break;
		rw_buf_consume(&client->answer, (size_t)written);
	}
	if (client->following && !client->answer.size)
		rw_loop_watch_set(client->watch, RW_LOOP_READABLE);
	else
		drop_client(client);
}

static size_t count_followers(const struct rw_control *control)
{
	size_t count = 0;

	for (size_t i = 0; i < RW_CONTROL_CLIENTS; i++)
		count += control->clients[i].fd >= 0 && control->clients[i].following;
	return count;
}

/* Makes the client a follower, unless there are enough. */
static int begin_following(struct client *client, struct rw_error *err)
{
	if (count_followers(client->control) == RW_CONTROL_FOLLOWERS) {
		(void)rw_error_set(err, -EBUSY, "%d others follow this agent already", RW_CONTROL_FOLLOWERS);
		return rw_error_hint(err, "End one of the running 'ringwall-agent capture'.");
	}
	client->following = true;
	return 0;
}

static void answer_command(struct client *client, const char *command)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf body;
	struct rw_error err = RW_ERROR_NONE;
	int r;

	rw_buf_init(&body, RW_CONTROL_ANSWER_MAX);
	r = client->control->fn(client->control->context, command, &body, &err);
	if (r == RW_CONTROL_FOLLOW)
		r = begin_following(client, &err);
	if (r == 0)
		r = rw_buf_check(&body, &err);
	rw_buf_init(&client->answer, RW_CONTROL_ANSWER_MAX + 1024);
	client->answering = true;
	if (r < 0) {
		(void)rw_buf_append_format(&client->answer, "error\n%s\n%s", err.text, err.hint);
	} else {
		(void)rw_buf_append_text(&client->answer, "ok\n");
		(void)rw_buf_append(&client->answer, body.data, body.size);
	}
	write_answer(client);
}

/* A follower says nothing; when it goes, reading tells. */
static void follow(struct client *client, unsigned int events)
{
	char said[64];
	ssize_t got;

	if (events & RW_LOOP_WRITABLE) {
		write_answer(client);
		return;
	}
	got = recv(client->fd, said, sizeof(said), MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		drop_client(client);
}

static void tell_follower(struct client *client, const char *line, size_t size)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf both;

	rw_buf_init(&both, RW_CONTROL_QUEUE_MAX);
	if (client->lost)
		rw_drop_line_write_lost(client->lost, &both);
	(void)rw_buf_append(&both, line, size);
	if (both.failed || client->answer.size + both.size > RW_CONTROL_QUEUE_MAX ||
	    rw_buf_append(&client->answer, both.data, both.size) < 0) {
		client->lost++;
		return;
	}
	client->lost = 0;
	write_answer(client);
}

bool rw_control_is_followed(const struct rw_control *control)
{
	return count_followers(control) != 0;
}

void rw_control_tell(struct rw_control *control, const char *line, size_t size)
{
	for (size_t i = 0; i < RW_CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0 && control->clients[i].following)
			tell_follower(&control->clients[i], line, size);
}

static void on_client(unsigned int events, void *userdata)
{
	struct client *client = userdata;
	char *end;
	ssize_t got;

	if (client->following) {
		follow(client, events);
		return;
	}
	if (client->answering) {
		write_answer(client);
		return;
	}
	got = recv(client->fd, client->line + client->size, sizeof(client->line) - client->size,
		   MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		drop_client(client);
		return;
	}
	client->size += (size_t)got;
	end = memchr(client->line, '\n', client->size);
	if (!end && client->size == sizeof(client->line)) {
		drop_client(client);
	} else if (end) {
		*end = '\0';
		answer_command(client, client->line);
	}
}

_Static_assert(RW_CONTROL_FOLLOWERS < RW_CONTROL_CLIENTS, "somebody can always make way");

/* A free place, or that of the oldest client who does not follow. */
static struct client *make_place(struct rw_control *control)
{
	struct client *place = NULL;

	for (size_t i = 0; i < RW_CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->fd < 0)
			return client;
		if (!client->following && (!place || client->number < place->number))
			place = client;
	}
	drop_client(place);
	return place;
}

static void on_connection(unsigned int events, void *userdata)
{
	struct rw_control *control = userdata;
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	(void)events;
	if (fd < 0)
		return;
	client = make_place(control);
	client->fd = fd;
	client->number = control->next_number++;
	if (rw_loop_watch_new(control->loop, fd, on_client, client, &client->watch) < 0) {
		drop_client(client);
		return;
	}
	rw_loop_watch_set(client->watch, RW_LOOP_READABLE);
}

static int listen_at(struct rw_control *control, const struct sockaddr_un *address, struct rw_error *err)
{
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return rw_error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	(void)unlink(control->path);
	/* The folder is 0700 already; the mode of the socket itself is set before anybody can connect. */
	if (bind(control->fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    chmod(control->path, 0600) < 0 || listen(control->fd, RW_CONTROL_CLIENTS) < 0)
		return rw_error_set(err, -errno, "%s: %s", control->path, strerror(errno));
	return 0;
}

int rw_control_new(struct rw_loop *loop, const struct rw_agent_place *place, rw_control_fn *fn, void *context,
		   struct rw_control **ret_control, struct rw_error *err)
{
	RW_CLEANUP(rw_control_free) struct rw_control *control = calloc(1, sizeof(*control));
	struct sockaddr_un address;
	int r;

	if (!control)
		return rw_error_oom(err);
	control->loop = loop;
	control->fn = fn;
	control->context = context;
	control->fd = -EBADF;
	for (size_t i = 0; i < RW_CONTROL_CLIENTS; i++)
		control->clients[i] = (struct client){.control = control, .fd = -EBADF};
	r = make_address(place, &address, err);
	if (r < 0)
		return r;
	memcpy(control->path, address.sun_path, strlen(address.sun_path) + 1);
	r = listen_at(control, &address, err);
	if (r < 0)
		return r;
	if (rw_loop_watch_new(loop, control->fd, on_connection, control, &control->watch) < 0)
		return rw_error_oom(err);
	rw_loop_watch_set(control->watch, RW_LOOP_READABLE);
	*ret_control = RW_TAKE_PTR(control);
	return 0;
}

struct rw_control *rw_control_free(struct rw_control *control)
{
	if (!control)
		return NULL;
	for (size_t i = 0; i < RW_CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0)
			drop_client(&control->clients[i]);
	control->watch = rw_loop_watch_free(control->watch);
	if (control->fd >= 0)
		(void)unlink(control->path);
	control->fd = rw_close(control->fd);
	free(control);
	return NULL;
}

/* ---- client ---- */

/* Splits the agent's "error" answer into text and hint. */
static int take_error(char *text, struct rw_error *err)
{
	char *line_end = strchr(text, '\n');

	if (line_end)
		*line_end = '\0';
	(void)rw_error_set(err, -EIO, "%s", text);
	if (line_end && line_end[1])
		(void)rw_error_hint(err, "%s", line_end + 1);
	return -EIO;
}

static int receive_answer(int fd, struct rw_buf *answer, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf all;
	char block[4096];
	ssize_t got;
	int r;

	rw_buf_init(&all, RW_CONTROL_ANSWER_MAX + 1024);
	while ((got = recv(fd, block, sizeof(block), 0)) > 0) {
		r = rw_buf_append(&all, block, (size_t)got);
		if (r < 0)
			return rw_error_set(err, r, "the agent's answer is too long");
	}
	if (got < 0)
		return rw_error_set(err, errno == EAGAIN ? -ETIMEDOUT : -errno,
				    "the agent does not answer: %s",
				    strerror(errno == EAGAIN ? ETIMEDOUT : errno));
	if (strncmp(all.data, "error\n", 6) == 0)
		return take_error(all.data + 6, err);
	if (strncmp(all.data, "ok\n", 3) != 0)
		return rw_error_set(err, -EIO, "the agent has not answered the command");
	r = rw_buf_append(answer, all.data + 3, all.size - 3);
	return r < 0 ? rw_error_set(err, r, "the agent's answer is too long") : 0;
}

/* Connects and sends the command. */
static int send_command(const struct rw_agent_place *place, const char *command, unsigned int timeout_ms,
			int *ret_fd, struct rw_error *err)
{
	RW_CLEANUP(rw_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	struct sockaddr_un address;
	char line[RW_CONTROL_LINE_MAX];
	int length;
	int r = make_address(place, &address, err);

	if (r < 0)
		return r;
	if (fd < 0)
		return rw_error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
			return RW_CONTROL_ABSENT;
		return rw_error_set(err, -errno, "%s: %s", address.sun_path, strerror(errno));
	}
	length = snprintf(line, sizeof(line), "%s\n", command);
	if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length)
		return rw_error_set(err, -EIO, "the agent does not take the command");
	*ret_fd = RW_TAKE_FD(fd);
	return 0;
}

int rw_control_call(const struct rw_agent_place *place, const char *command, unsigned int timeout_ms,
		    struct rw_buf *answer, struct rw_error *err)
{
	RW_CLEANUP(rw_close) int fd = -EBADF;
	int r = send_command(place, command, timeout_ms, &fd, err);

	return r == 0 ? receive_answer(fd, answer, err) : r;
}

int rw_control_follow(const struct rw_agent_place *place, const char *command, unsigned int timeout_ms,
		      int *ret_fd, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf answer;
	RW_CLEANUP(rw_close) int fd = -EBADF;
	char said[3];
	int r;

	rw_buf_init(&answer, RW_CONTROL_ANSWER_MAX);
	r = send_command(place, command, timeout_ms, &fd, err);
	if (r != 0)
		return r;
	/* Not more than this line: what comes behind it is the caller's. */
	if (recv(fd, said, sizeof(said), MSG_PEEK | MSG_WAITALL) != sizeof(said) ||
	    memcmp(said, "ok\n", sizeof(said)) != 0) {
		r = receive_answer(fd, &answer, err);
		return r < 0 ? r : rw_error_set(err, -EIO, "the agent has not answered the command");
	}
	(void)recv(fd, said, sizeof(said), 0);
	*ret_fd = RW_TAKE_FD(fd);
	return 0;
}
