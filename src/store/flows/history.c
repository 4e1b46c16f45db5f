/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/map.h"
#include "store/flows.h"

#define APPLICATION_ID 0x72776631 /* "rwf1" */
#define VERSION        1
#define PAGE_BYTES     4096
#define DAY_MS         INT64_C(86400000)

/* A query may take so many thousands of SQLite's steps: a third of a second or so. */
#define QUERY_STEPS 20000

/* Which rows a question is about. */
#define ASKED                                                                                                \
	" FROM flow WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR scope = ?3) AND (?4 IS NULL OR node = "   \
	"?4)"                                                                                                \
	" AND (?5 = 0 OR (?5 >> verdict) & 1) AND (?6 = 0 OR (?6 >> direction) & 1)"                         \
	" AND (?7 < 0 OR port = ?7) AND (?8 < 0 OR protocol = ?8) AND last >= ?9 AND first < ?10"

#define KEY                                                                                                  \
	"day = ?1 AND scope = ?2 AND node = ?3 AND verdict = ?4 AND direction = ?5 AND others = ?6"          \
	" AND protocol = ?7 AND port = ?8 AND interface = ?9 AND remote = ?10"

static const char schema[] =
	"CREATE TABLE flow ("
	" day INTEGER NOT NULL, scope TEXT NOT NULL, node TEXT NOT NULL, verdict INTEGER NOT NULL,"
	" direction INTEGER NOT NULL, others INTEGER NOT NULL, protocol INTEGER NOT NULL, port INTEGER NOT "
	"NULL,"
	" interface TEXT NOT NULL, remote BLOB NOT NULL, cause TEXT NOT NULL, served INTEGER NOT NULL,"
	" count INTEGER NOT NULL, answered INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" PRIMARY KEY (day, scope, node, verdict, direction, others, protocol, port, interface, remote)"
	") STRICT, WITHOUT ROWID;";

enum statement {
	UPDATE,
	INSERT,
	COUNT,
	PRUNE,
	FORGET,
	QUERY,
	DAYS,
	STATEMENT_COUNT_,
};

static const char *const texts[STATEMENT_COUNT_] = {
	[UPDATE] = "UPDATE flow SET cause = CASE ?11 WHEN '' THEN cause ELSE ?11 END,"
		   " served = CASE ?12 WHEN 0 THEN served ELSE ?12 END, count = count + ?13,"
		   " answered = answered + ?14, first = min(first, ?15), last = max(last, ?16) WHERE " KEY,
	[INSERT] = "INSERT INTO flow VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
		   "?15, ?16)",
	[COUNT] = "SELECT count(*) FROM flow WHERE day = ?1 AND scope = ?2",
	[PRUNE] = "DELETE FROM flow WHERE day < ?1",
	[FORGET] = "DELETE FROM flow WHERE node = ?1",
	/* The cause is that of the latest row. */
	[QUERY] =
		"SELECT scope, node, verdict, direction, others, protocol, port, interface, remote,"
		" substr(max(printf('%020d%s', last, cause)), 21), max(served), sum(count), sum(answered),"
		" min(first), max(last)" ASKED
		" GROUP BY scope, node, verdict, direction, others, protocol, port, interface, remote"
		" ORDER BY sum(count) DESC, max(last) DESC, node, direction, verdict, protocol, port, remote"
		" LIMIT ?11 OFFSET ?12",
	[DAYS] = "SELECT day, verdict, sum(count)" ASKED " GROUP BY day, verdict ORDER BY day, verdict",
};

struct rw_flow_history {
	sqlite3 *db;
	char *path; /* for errors */
	sqlite3_stmt *statements[STATEMENT_COUNT_];
	struct rw_flow_history_limits limits;
	struct rw_map counts; /* "day scope" -> rows there are + 1, of the days that were asked for */
	unsigned int steps;   /* thousands, of the query under way */
};

/* ---- errors ---- */

static int fail(const struct rw_flow_history *history, int result, const char *what, struct rw_error *err)
{
	static const struct {
		int result;
		int code;
	} codes[] = {
		{SQLITE_NOMEM, -ENOMEM},    {SQLITE_BUSY, -EBUSY},     {SQLITE_LOCKED, -EBUSY},
		{SQLITE_FULL, -ENOSPC},     {SQLITE_READONLY, -EROFS}, {SQLITE_PERM, -EACCES},
		{SQLITE_CORRUPT, -EUCLEAN}, {SQLITE_NOTADB, -EUCLEAN}, {SQLITE_INTERRUPT, -E2BIG},
	};
	int code = -EIO;

	for (size_t i = 0; i < RW_ARRAY_COUNT(codes); i++)
		if (codes[i].result == (result & 0xff))
			code = codes[i].code;
	return rw_error_set(err, code, "flow history %s: %s: %s", history->path, what,
			    sqlite3_errstr(result));
}

/* ---- opening ---- */

static int execute(const struct rw_flow_history *history, const char *text, struct rw_error *err)
{
	int result = sqlite3_exec(history->db, text, NULL, NULL, NULL);

	return result == SQLITE_OK ? 0 : fail(history, result, "open", err);
}

static int read_pragma(const struct rw_flow_history *history, const char *text, int64_t *ret_value,
		       struct rw_error *err)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(history->db, text, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : fail(history, result, "open", err);
}

static int configure(const struct rw_flow_history *history, struct rw_error *err)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
	};
	char text[160];

	for (size_t i = 0; i < RW_ARRAY_COUNT(options); i++) {
		int result = sqlite3_db_config(history->db, options[i].option, options[i].value, NULL);

		if (result != SQLITE_OK)
			return fail(history, result, "open", err);
	}
	/* Deleted rows are overwritten: what was forgotten is not in the file any more. */
	(void)snprintf(
		text, sizeof(text),
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA secure_delete = ON; PRAGMA max_page_count = %" PRIu64
		"; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
		history->limits.bytes / PAGE_BYTES);
	return execute(history, text, err);
}

static int make_schema(const struct rw_flow_history *history, struct rw_error *err)
{
	int64_t application = 0, version = 0;
	char text[sizeof(schema) + 160];
	int r = read_pragma(history, "PRAGMA application_id", &application, err);

	if (r == 0)
		r = read_pragma(history, "PRAGMA user_version", &version, err);
	if (r < 0)
		return r;
	if (version > VERSION)
		return rw_error_set(err, -EPROTO,
				    "flow history %s: the file has version %" PRId64
				    ", this program knows up to %d",
				    history->path, version, VERSION);
	if (application == APPLICATION_ID && version == VERSION)
		return 0;
	if (application || version)
		return rw_error_set(err, -EUCLEAN, "flow history %s: the file is of another program",
				    history->path);
	(void)snprintf(text, sizeof(text),
		       "BEGIN IMMEDIATE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		       schema, APPLICATION_ID, VERSION);
	return execute(history, text, err);
}

static int prepare(struct rw_flow_history *history, struct rw_error *err)
{
	for (int i = 0; i < STATEMENT_COUNT_; i++) {
		int result = sqlite3_prepare_v3(history->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
						&history->statements[i], NULL);

		if (result != SQLITE_OK)
			return fail(history, result, "open", err);
	}
	return 0;
}

/* Makes the file, so that its mode does not depend on the umask. */
static int create(const char *path, struct rw_error *err)
{
	RW_CLEANUP(rw_close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? rw_error_set(err, -errno, "flow history %s: %s", path, strerror(errno)) : 0;
}

static int ask_steps(void *context)
{
	struct rw_flow_history *history = context;

	return ++history->steps > QUERY_STEPS;
}

int rw_flow_history_open(const char *path, const struct rw_flow_history_limits *limits,
			 struct rw_flow_history **ret_history, struct rw_error *err)
{
	RW_CLEANUP(rw_flow_history_free) struct rw_flow_history *history = calloc(1, sizeof(*history));
	int result, r;

	if (!history)
		return rw_error_oom(err);
	rw_map_init(&history->counts, (uint64_t)(uintptr_t)history, NULL);
	history->limits = *limits;
	if (!limits->days)
		history->limits.days = RW_FLOW_HISTORY_DAYS;
	if (!limits->rows)
		history->limits.rows = RW_FLOW_HISTORY_ROWS;
	if (!limits->bytes)
		history->limits.bytes = RW_FLOW_HISTORY_BYTES;
	history->path = strdup(path ? path : ":memory:");
	if (!history->path)
		return rw_error_oom(err);
	r = path ? create(path, err) : 0;
	if (r < 0)
		return r;
	result = sqlite3_open_v2(history->path, &history->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				 NULL);
	if (!history->db)
		return rw_error_oom(err);
	if (result != SQLITE_OK)
		return fail(history, result, "open", err);
	r = configure(history, err);
	if (r == 0)
		r = make_schema(history, err);
	if (r == 0)
		r = prepare(history, err);
	if (r < 0)
		return r;
	*ret_history = RW_TAKE_PTR(history);
	return 0;
}

struct rw_flow_history *rw_flow_history_free(struct rw_flow_history *history)
{
	if (!history)
		return NULL;
	for (int i = 0; i < STATEMENT_COUNT_; i++)
		(void)sqlite3_finalize(history->statements[i]);
	(void)sqlite3_close(history->db);
	rw_map_done(&history->counts);
	free(history->path);
	free(history);
	return NULL;
}

/* ---- adding ---- */

static int64_t day_of(int64_t unix_ms)
{
	return unix_ms / DAY_MS;
}

static sqlite3_stmt *use(struct rw_flow_history *history, enum statement which)
{
	sqlite3_stmt *statement = history->statements[which];

	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	return statement;
}

/* Binding without a copy allocates nothing, so it fails only by mistake. */
static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	int result = text ? sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC)
			  : sqlite3_bind_null(statement, index);

	assert(result == SQLITE_OK);
	(void)result;
}

static void bind_integer(sqlite3_stmt *statement, int index, int64_t value)
{
	int result = sqlite3_bind_int64(statement, index, value);

	assert(result == SQLITE_OK);
	(void)result;
}

static int run(struct rw_flow_history *history, sqlite3_stmt *statement, const char *what,
	       struct rw_error *err)
{
	int result = sqlite3_step(statement);

	(void)sqlite3_reset(statement);
	return result == SQLITE_DONE ? 0 : fail(history, result, what, err);
}

static void bind_row(sqlite3_stmt *statement, const struct rw_flow_row *row)
{
	bind_integer(statement, 1, day_of(row->last_ms));
	bind_text(statement, 2, row->scope);
	bind_text(statement, 3, row->node);
	bind_integer(statement, 4, row->verdict);
	bind_integer(statement, 5, row->direction);
	bind_integer(statement, 6, row->is_others);
	bind_integer(statement, 7, row->protocol);
	bind_integer(statement, 8, row->port);
	bind_text(statement, 9, row->interface);
	(void)sqlite3_bind_blob(statement, 10, row->remote, row->remote_size, SQLITE_STATIC);
	bind_text(statement, 11, row->cause);
	bind_integer(statement, 12, row->served);
	/* Sums of these stay far from overflow, whatever a node claims. */
	bind_integer(statement, 13, row->count > UINT32_MAX ? UINT32_MAX : (int64_t)row->count);
	bind_integer(statement, 14, row->answered > UINT32_MAX ? UINT32_MAX : (int64_t)row->answered);
	bind_integer(statement, 15, row->first_ms);
	bind_integer(statement, 16, row->last_ms);
}

/* Rows of the scope on that day. */
static int count_rows(struct rw_flow_history *history, const struct rw_flow_row *row, const char *key,
		      size_t *ret_count, struct rw_error *err)
{
	uintptr_t known = (uintptr_t)rw_map_find(&history->counts, key);
	sqlite3_stmt *statement;
	int result;

	if (known) {
		*ret_count = known - 1;
		return 0;
	}
	statement = use(history, COUNT);
	bind_integer(statement, 1, day_of(row->last_ms));
	bind_text(statement, 2, row->scope);
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_count = (size_t)sqlite3_column_int64(statement, 0);
	(void)sqlite3_reset(statement);
	return result == SQLITE_ROW ? 0 : fail(history, result, "count", err);
}

#define ABSENT 1 /* outcome of update: there is no such row */

static int update(struct rw_flow_history *history, const struct rw_flow_row *row, struct rw_error *err)
{
	sqlite3_stmt *statement = use(history, UPDATE);
	int r;

	bind_row(statement, row);
	r = run(history, statement, "update", err);
	return r == 0 && sqlite3_changes(history->db) == 0 ? ABSENT : r;
}

static int insert(struct rw_flow_history *history, const struct rw_flow_row *row, const char *key,
		  size_t count, struct rw_error *err)
{
	sqlite3_stmt *statement = use(history, INSERT);
	int r;

	bind_row(statement, row);
	r = run(history, statement, "insert", err);
	if (r == 0 && rw_map_set(&history->counts, key, (void *)(uintptr_t)(count + 2)) < 0)
		r = rw_error_oom(err);
	return r;
}

/* What the row is counted as when it has no room: the next wider one; false when it is the widest. */
static bool widen(struct rw_flow_row *row)
{
	if (row->is_others)
		return false;
	if (row->remote_size) {
		row->remote_size = 0;
		return true;
	}
	row->is_others = true;
	row->protocol = row->port = 0;
	row->served = 0;
	row->cause[0] = row->interface[0] = '\0';
	return true;
}

static size_t room_for(const struct rw_flow_history *history, const struct rw_flow_row *row)
{
	size_t rows = history->limits.rows;

	return row->is_others ? SIZE_MAX : row->remote_size ? rows : rows + rows / 4;
}

static int add_row(struct rw_flow_history *history, const struct rw_flow_row *given, struct rw_error *err)
{
	struct rw_flow_row row = *given;
	char key[RW_FLOW_HISTORY_ID_SIZE + 24];
	size_t count = 0;
	int r;

	(void)snprintf(key, sizeof(key), "%" PRId64 " %s", day_of(row.last_ms), row.scope);
	do {
		r = update(history, &row, err);
		if (r != ABSENT)
			return r;
		r = count_rows(history, &row, key, &count, err);
		if (r < 0)
			return r;
		if (count < room_for(history, &row))
			return insert(history, &row, key, count, err);
	} while (widen(&row));
	return 0;
}

static void forget_counts(struct rw_flow_history *history)
{
	rw_map_done(&history->counts);
	rw_map_init(&history->counts, (uint64_t)(uintptr_t)history, NULL);
}

/* Ends a transaction: what was counted in one that is rolled back is not there. */
static int end(struct rw_flow_history *history, int r, struct rw_error *err)
{
	if (r == 0)
		r = execute(history, "COMMIT", err);
	if (r < 0) {
		if (!sqlite3_get_autocommit(history->db))
			(void)execute(history, "ROLLBACK", NULL);
		forget_counts(history);
	}
	return r;
}

int rw_flow_history_add(struct rw_flow_history *history, int64_t now_ms, const struct rw_flow_row *rows,
			size_t count, struct rw_error *err)
{
	int64_t today = day_of(now_ms);
	int r = execute(history, "BEGIN IMMEDIATE", err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++) {
		int64_t day = day_of(rows[i].last_ms);

		/* A node's clock may be a little ahead at midnight. */
		if (day <= today + 1 && day > today - (int64_t)history->limits.days)
			r = add_row(history, &rows[i], err);
	}
	return end(history, r, err);
}

int rw_flow_history_prune(struct rw_flow_history *history, int64_t now_ms, struct rw_error *err)
{
	sqlite3_stmt *statement = use(history, PRUNE);
	int r;

	bind_integer(statement, 1, day_of(now_ms) - (int64_t)history->limits.days + 1);
	r = run(history, statement, "prune", err);
	forget_counts(history);
	return r;
}

int rw_flow_history_forget(struct rw_flow_history *history, const char *node, struct rw_error *err)
{
	sqlite3_stmt *statement = use(history, FORGET);
	int r;

	bind_text(statement, 1, node);
	r = run(history, statement, "forget", err);
	forget_counts(history);
	return r;
}

/* ---- asking ---- */

static void read_text(sqlite3_stmt *statement, int column, char *text, size_t size)
{
	const char *value = (const char *)sqlite3_column_text(statement, column);

	(void)snprintf(text, size, "%s", value ? value : "");
}

static void read_row(sqlite3_stmt *statement, struct rw_flow_row *row)
{
	const void *remote = sqlite3_column_blob(statement, 8);
	int remote_size = sqlite3_column_bytes(statement, 8);

	*row = (struct rw_flow_row){
		.verdict = (uint8_t)sqlite3_column_int(statement, 2),
		.direction = (uint8_t)sqlite3_column_int(statement, 3),
		.is_others = sqlite3_column_int(statement, 4),
		.protocol = (uint16_t)sqlite3_column_int(statement, 5),
		.port = (uint16_t)sqlite3_column_int(statement, 6),
		.served = (uint8_t)sqlite3_column_int(statement, 10),
		.count = (uint64_t)sqlite3_column_int64(statement, 11),
		.answered = (uint64_t)sqlite3_column_int64(statement, 12),
		.first_ms = sqlite3_column_int64(statement, 13),
		.last_ms = sqlite3_column_int64(statement, 14),
	};
	read_text(statement, 0, row->scope, sizeof(row->scope));
	read_text(statement, 1, row->node, sizeof(row->node));
	read_text(statement, 7, row->interface, sizeof(row->interface));
	read_text(statement, 9, row->cause, sizeof(row->cause));
	if (remote && (remote_size == 4 || remote_size == 16)) {
		row->remote_size = (uint8_t)remote_size;
		memcpy(row->remote, remote, (size_t)remote_size);
	}
}

static sqlite3_stmt *bind_query(struct rw_flow_history *history, enum statement which,
				const struct rw_flow_query *query)
{
	sqlite3_stmt *statement = use(history, which);

	bind_integer(statement, 1, day_of(query->since_ms));
	bind_integer(statement, 2, query->until_ms ? day_of(query->until_ms) : INT64_MAX);
	bind_text(statement, 3, query->scope);
	bind_text(statement, 4, query->node);
	bind_integer(statement, 5, query->verdicts);
	bind_integer(statement, 6, query->directions);
	bind_integer(statement, 7, query->port);
	bind_integer(statement, 8, query->protocol);
	bind_integer(statement, 9, query->since_ms);
	bind_integer(statement, 10, query->until_ms ? query->until_ms : INT64_MAX);
	return statement;
}

/* Steps of SQLite are counted from here on. */
static void begin_asking(struct rw_flow_history *history)
{
	history->steps = 0;
	sqlite3_progress_handler(history->db, 1000, ask_steps, history);
}

/* Ends a question; 'result' SQLITE_DONE when all of it was given. */
static int end_asking(struct rw_flow_history *history, sqlite3_stmt *statement, int result,
		      struct rw_error *err)
{
	int r;

	sqlite3_progress_handler(history->db, 0, NULL, NULL);
	(void)sqlite3_reset(statement);
	if (result == SQLITE_DONE)
		return 0;
	r = fail(history, result, "query", err);
	if (r == -E2BIG) {
		(void)rw_error_set(err, r, "this asks for too much of the flow history at once");
		(void)rw_error_hint(err, "Ask for one cluster, one node, or less time.");
	}
	return r;
}

int rw_flow_history_query(struct rw_flow_history *history, const struct rw_flow_query *query,
			  rw_flow_row_fn *each, void *context, bool *ret_more, struct rw_error *err)
{
	sqlite3_stmt *statement = bind_query(history, QUERY, query);
	struct rw_flow_row row;
	size_t count = 0;
	int result;

	bind_integer(statement, 11, (int64_t)query->limit + 1);
	bind_integer(statement, 12, (int64_t)query->offset);
	if (ret_more)
		*ret_more = false;
	begin_asking(history);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		if (count++ == query->limit) {
			if (ret_more)
				*ret_more = true;
			result = SQLITE_DONE;
			break;
		}
		read_row(statement, &row);
		if (!each(context, &row)) {
			result = SQLITE_DONE;
			break;
		}
	}
	return end_asking(history, statement, result, err);
}

int rw_flow_history_days(struct rw_flow_history *history, const struct rw_flow_query *query,
			 rw_flow_day_fn *each, void *context, struct rw_error *err)
{
	sqlite3_stmt *statement = bind_query(history, DAYS, query);
	int result;

	begin_asking(history);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		if (!each(context, sqlite3_column_int64(statement, 0) * DAY_MS,
			  (uint8_t)sqlite3_column_int(statement, 1),
			  (uint64_t)sqlite3_column_int64(statement, 2))) {
			result = SQLITE_DONE;
			break;
		}
	}
	return end_asking(history, statement, result, err);
}
