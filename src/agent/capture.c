/* SPDX-License-Identifier: Apache-2.0 */

/*
 * 'ringwall-agent capture'.  The kernel's events have one reader.  While an agent runs that is the agent, which
 * hands them on over its control socket.  While none does, we are: for some milliseconds at a time, under the
 * agent's lock, so that an agent that starts is never kept waiting and never meets a second reader.
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/commands.h"
#include "agent/control.h"
#include "agent/drop_line.h"
#include "agent/explain.h"
#include "agent/pcapng.h"
#include "enforce/bpf/bpf.h"

#define PATIENCE_MS 3000u
#define LOOK_MS     200 /* between readings while no agent runs */
#define BURST_MAX   128 /* drops a reading */
#define BLOCK_SIZE  (4 * RW_PCAPNG_COMMENT_MAX)
#define SECOND_NS   1000000000ll

struct capture {
	const struct rw_agent_place *place;
	const struct rw_capture_options *options;
	int file; /* of pcapng; -EBADF = lines are printed */
	struct rw_pcapng pcapng;
	struct rw_buf out;
	int agent; /* connection to a running one; -EBADF = none */
	struct rw_buf received;
	struct rw_enforce_bpf_drops *drops; /* NULL while an agent runs */
	struct rw_explainer explainer;
	struct rw_enforcer_drop *burst; /* BURST_MAX, read under the lock */
	size_t burst_count;
	uint64_t shown;
	uint64_t untold;  /* refused packets of which the kernel told nothing */
	uint64_t lost;    /* lines that came too fast for us */
	uint64_t missing; /* both, since the last packet shown */
	struct rw_error *err;
};

/* ---- output ---- */

static int64_t nanoseconds(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* Unix time of a moment on the kernel's monotonic clock. */
static int64_t realtime_of(const struct rw_enforcer_drop *drop)
{
	return nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_MONOTONIC) + (int64_t)drop->monotonic_ns;
}

static int flush(struct capture *capture)
{
	int fd = capture->file >= 0 ? capture->file : STDOUT_FILENO;
	const char *at = capture->out.data;
	size_t left = capture->out.size;
	int r = rw_buf_check(&capture->out, capture->err);

	while (r == 0 && left) {
		ssize_t written = write(fd, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return rw_error_set(capture->err, -errno, "cannot write: %s", strerror(errno));
		at += written;
		left -= (size_t)written;
	}
	rw_buf_clear(&capture->out);
	return r;
}

static int append_pcapng(struct capture *capture, const struct rw_enforcer_drop *drop)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf comment;
	struct rw_pcapng_packet packet = {
		.interface = drop->interface,
		.layer3 = drop->layer3,
		.outbound = drop->packet.direction == RW_DIRECTION_EGRESS,
		.time_ns = (uint64_t)realtime_of(drop),
		.bytes = drop->bytes,
		.captured = drop->captured,
		.length = drop->length,
		.lost = capture->missing,
	};

	rw_buf_init(&comment, RW_PCAPNG_COMMENT_MAX);
	rw_drop_append_verdict(drop, &comment);
	packet.comment = comment.data;
	if (rw_pcapng_append(&capture->pcapng, &packet, &capture->out) < 0)
		return rw_error_set(capture->err, -E2BIG, "packets of more than %d interfaces have come",
				    RW_PCAPNG_INTERFACES_MAX);
	return 0;
}

static void append_line(struct capture *capture, const struct rw_enforcer_drop *drop)
{
	int64_t time_ns = realtime_of(drop);
	time_t seconds = (time_t)(time_ns / SECOND_NS);
	struct tm local;
	char clock[16];

	(void)localtime_r(&seconds, &local);
	(void)strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	(void)rw_buf_append_format(&capture->out, "%s.%06lld ", clock, time_ns % SECOND_NS / 1000);
	rw_drop_append_text(drop, &capture->out);
	(void)rw_buf_append_text(&capture->out, "\n");
}

static void append_json(struct capture *capture, const struct rw_enforcer_drop *drop)
{
	struct rw_report_drop told = rw_drop_to_report(drop, realtime_of(drop) / 1000000);
	struct rw_json_writer json;

	rw_json_writer_init(&json, &capture->out, false);
	rw_report_write_drop(&json, &told);
	(void)rw_buf_append_text(&capture->out, "\n");
}

static bool is_done(const struct capture *capture)
{
	return capture->options->count && capture->shown == capture->options->count;
}

/* Shows a drop that the filter takes. */
static int show(struct capture *capture, const struct rw_enforcer_drop *drop)
{
	int r = 0;

	capture->untold += drop->suppressed;
	capture->missing += drop->suppressed;
	if (is_done(capture) || !rw_flow_filter_takes_packet(&capture->options->filter, &drop->packet))
		return 0;
	if (capture->file >= 0)
		r = append_pcapng(capture, drop);
	else if (capture->options->as_json)
		append_json(capture, drop);
	else
		append_line(capture, drop);
	if (r == 0)
		r = flush(capture);
	capture->shown++;
	capture->missing = 0;
	return r;
}

/* ---- from a running agent ---- */

static int take_line(struct capture *capture, const char *text, size_t size)
{
	struct rw_drop_line line;
	int r = rw_drop_line_read(text, size, &line, capture->err);

	if (r < 0)
		return rw_error_wrap(capture->err, "the running agent is of another version");
	if (!line.lost)
		return show(capture, &line.drop);
	capture->lost += line.lost;
	capture->missing += line.lost;
	return 0;
}

/* Takes what has come; at its end, the agent has ended. */
static int receive(struct capture *capture)
{
	char block[4096];
	ssize_t got = recv(capture->agent, block, sizeof(block), MSG_DONTWAIT);
	char *end;
	int r;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0) {
		fprintf(stderr, "ringwall-agent: the agent has ended: the kernel's events follow\n");
		capture->agent = rw_close(capture->agent);
		rw_buf_clear(&capture->received);
		return 0;
	}
	r = rw_buf_append(&capture->received, block, (size_t)got);
	if (r < 0)
		return rw_error_set(capture->err, r, "a line of the running agent is too long");
	while (r == 0 && (end = memchr(capture->received.data, '\n', capture->received.size))) {
		size_t size = (size_t)(end - capture->received.data);

		r = take_line(capture, capture->received.data, size);
		rw_buf_consume(&capture->received, size + 1);
	}
	return r;
}

/* ---- without an agent ---- */

static void take_burst(void *context, const struct rw_enforcer_drop *drop)
{
	struct capture *capture = context;

	capture->burst[capture->burst_count++] = *drop;
}

/* The kernel tells no ids of rules: they are found by asking the saved policy. */
static void name_rule(const struct capture *capture, struct rw_enforcer_drop *drop)
{
	struct rw_decision decision;

	if (drop->cause == RW_CAUSE_RULE && drop->is_current && !drop->rule[0] &&
	    rw_explain(&capture->explainer, drop->interface, &drop->packet, &decision) &&
	    decision.cause == RW_CAUSE_RULE)
		memcpy(drop->rule, decision.detail, strnlen(decision.detail, sizeof(drop->rule) - 1));
}

static int read_kernel(struct capture *capture)
{
	int r = 0, lock;

	/* Whoever has the lock is an agent that starts: the next look finds its socket. */
	if (rw_agent_try_lock(capture->place, &lock, NULL) < 0)
		return 0;
	capture->burst_count = 0;
	rw_enforce_bpf_drops_read(capture->drops, BURST_MAX, take_burst, capture);
	(void)rw_close(lock);
	for (size_t i = 0; r == 0 && i < capture->burst_count; i++) {
		name_rule(capture, &capture->burst[i]);
		r = show(capture, &capture->burst[i]);
	}
	return r;
}

/* Looks for a running agent; without one, opens what is pinned. */
static int find_source(struct capture *capture)
{
	int r = rw_control_follow(capture->place, "capture", PATIENCE_MS, &capture->agent, capture->err);

	if (r < 0)
		return r;
	if (r == 0) {
		if (capture->drops)
			fprintf(stderr, "ringwall-agent: an agent runs now: its events follow\n");
		capture->drops = rw_enforce_bpf_drops_close(capture->drops);
		return 0;
	}
	if (capture->drops)
		return 0;
	r = rw_enforce_bpf_drops_open(capture->place->pin_dir, &capture->drops, capture->err);
	if (r < 0)
		return r;
	rw_explainer_done(&capture->explainer);
	return rw_explainer_load(capture->place, &capture->explainer, capture->err);
}

/* ---- the command ---- */

/*
 * Packets are nobody else's business: a file that is there already becomes ours alone, and one of somebody else is
 * not written to.  -EPERM then.  What is no file, as a pipe, is as it is.
 */
static int open_private(const char *path)
{
	RW_CLEANUP(rw_close) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat file;

	if (fd < 0 || fstat(fd, &file) < 0)
		return -errno;
	if (!S_ISREG(file.st_mode))
		return RW_TAKE_FD(fd);
	if (file.st_uid != geteuid())
		return -EPERM;
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, 0) < 0)
		return -errno;
	return RW_TAKE_FD(fd);
}

static int open_output(struct capture *capture)
{
	const char *path = capture->options->file;

	if (!path)
		return 0;
	if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
		return rw_error_field(capture->err, "--write",
				      "- is a terminal: give a file, or a pipe into tcpdump -n -r -");
	capture->file =
		strcmp(path, "-") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : open_private(path);
	if (capture->file < 0) {
		int code = strcmp(path, "-") == 0 ? -errno : capture->file;

		return rw_error_set(capture->err, code, "--write %s: %s", path, strerror(-code));
	}
	rw_pcapng_begin(&capture->pcapng, "ringwall-agent " RW_VERSION, &capture->out);
	return flush(capture);
}

/* A descriptor that polls readable when the user or the system wants an end. */
static int watch_signals(struct rw_error *err)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? rw_error_set(err, -errno, "cannot watch signals: %s", strerror(errno)) : fd;
}

static int run(struct capture *capture, int signals)
{
	/* First, lest a file be emptied for nothing. */
	int r = find_source(capture);

	if (r == 0)
		r = open_output(capture);
	if (r == 0)
		fprintf(stderr, "ringwall-agent: capturing refused packets%s\n",
			capture->agent < 0 ? "; no agent is running" : "");
	while (r == 0 && !is_done(capture)) {
		struct pollfd fds[2] = {{.fd = signals, .events = POLLIN},
					{.fd = capture->agent, .events = POLLIN}};

		if (poll(fds, 2, capture->agent < 0 ? LOOK_MS : -1) < 0 && errno != EINTR)
			return rw_error_set(capture->err, -errno, "cannot wait: %s", strerror(errno));
		if (fds[0].revents)
			break;
		if (capture->agent >= 0) {
			r = fds[1].revents ? receive(capture) : 0;
			continue;
		}
		r = find_source(capture);
		if (r == 0 && capture->agent < 0)
			r = read_kernel(capture);
	}
	return r;
}

static void sum_up(const struct capture *capture)
{
	fprintf(stderr,
		"ringwall-agent: %llu packet%s shown, %llu lost here, %llu more refused of which the kernel "
		"did not tell\n",
		(unsigned long long)capture->shown, capture->shown == 1 ? "" : "s",
		(unsigned long long)capture->lost, (unsigned long long)capture->untold);
}

static void done(struct capture *capture)
{
	capture->agent = rw_close(capture->agent);
	capture->drops = rw_enforce_bpf_drops_close(capture->drops);
	rw_explainer_done(&capture->explainer);
	capture->file = rw_close(capture->file);
	rw_buf_done(&capture->out);
	rw_buf_done(&capture->received);
	free(capture->burst);
}

int rw_command_capture(const struct rw_agent_place *place, const struct rw_capture_options *options,
		       struct rw_error *err)
{
	struct capture capture = {
		.place = place, .options = options, .file = -EBADF, .agent = -EBADF, .err = err};
	RW_CLEANUP(rw_close) int signals = -EBADF;
	int r;

	signals = watch_signals(err);
	if (signals < 0)
		return signals;
	rw_buf_init(&capture.out, BLOCK_SIZE);
	rw_buf_init(&capture.received, 65536);
	capture.burst = calloc(BURST_MAX, sizeof(*capture.burst));
	r = capture.burst ? run(&capture, signals) : rw_error_oom(err);
	if (r == 0 || capture.shown)
		sum_up(&capture);
	done(&capture);
	return r;
}
