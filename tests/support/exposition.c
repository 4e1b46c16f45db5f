/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:"

struct sample {
	char name[96];
	char labels[256]; /* without le, which stands alone */
	char le[32];      /* "" = none */
	double value;
};

struct reader {
	struct exposition *exposition;
	unsigned int line;
	char type[16];  /* of the family at hand */
	bool has_help;  /* its HELP was read, TYPE is next */
	double bucket;  /* the last bucket of the histogram at hand */
	double bound;   /* ... and its bound */
	bool is_closed; /* the +Inf bucket was read */
	bool has_sum;
	size_t samples;
};

static const char *family_of(const struct reader *reader)
{
	const struct exposition *exposition = reader->exposition;

	return exposition->family_count ? exposition->families[exposition->family_count - 1] : "";
}

static void check(const struct reader *reader, bool good, const char *what)
{
	if (!good)
		fail_msg("line %u, family %s: %s", reader->line, family_of(reader), what);
}

static const char *read_name(const struct reader *reader, const char *at, char name[96])
{
	size_t length = strspn(at, NAME_LETTERS);

	check(reader, length && length < 96 && (at[0] < '0' || at[0] > '9'), "bad name");
	(void)memcpy(name, at, length);
	name[length] = '\0';
	return at + length;
}

/* Ends the family at hand. */
static void end_family(const struct reader *reader)
{
	check(reader, !reader->has_help, "HELP without TYPE");
	if (strcmp(reader->type, "histogram") == 0)
		check(reader, reader->is_closed && reader->has_sum, "histogram without +Inf or sum");
}

static void read_help(struct reader *reader, const char *at)
{
	struct exposition *exposition = reader->exposition;
	char name[96];

	end_family(reader);
	at = read_name(reader, at, name);
	check(reader, at[0] == ' ' && at[1], "HELP without text");
	for (size_t i = 0; i < exposition->family_count; i++)
		check(reader, strcmp(exposition->families[i], name) != 0, "family comes twice");
	check(reader, exposition->family_count < EXPOSITION_FAMILIES_MAX, "too many families");
	(void)strcpy(exposition->families[exposition->family_count++], name);
	reader->has_help = true;
	reader->samples = 0;
}

static void read_type(struct reader *reader, const char *at)
{
	char name[96];

	at = read_name(reader, at, name);
	check(reader, reader->has_help && strcmp(name, family_of(reader)) == 0, "TYPE without its HELP");
	check(reader,
	      strcmp(at, " counter") == 0 || strcmp(at, " gauge") == 0 || strcmp(at, " histogram") == 0,
	      "unknown type");
	(void)strcpy(reader->type, at + 1);
	check(reader,
	      (strcmp(reader->type, "counter") == 0) ==
		      (strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0),
	      "a counter ends in _total, and nothing else does");
	reader->has_help = reader->is_closed = reader->has_sum = false;
	reader->bound = -1;
	reader->bucket = 0;
}

/* key="value" with its escapes; 'at' behind it. */
static const char *read_label(const struct reader *reader, const char *at, struct sample *sample)
{
	const char *begin = at;
	char key[96];
	size_t used = strlen(sample->labels);

	at = read_name(reader, at, key);
	check(reader, at[0] == '=' && at[1] == '"', "label without value");
	for (at += 2; *at != '"'; at++) {
		check(reader, *at, "label without end");
		if (*at == '\\')
			check(reader, *++at == '"' || *at == '\\' || *at == 'n', "bad escape");
	}
	at++;
	if (strcmp(key, "le") == 0)
		(void)snprintf(sample->le, sizeof(sample->le), "%.*s", (int)(at - begin - 5), begin + 4);
	else
		(void)snprintf(sample->labels + used, sizeof(sample->labels) - used, "%.*s,",
			       (int)(at - begin), begin);
	return at;
}

static double read_number(const struct reader *reader, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	check(reader, text[0] && strspn(text, "0123456789.") == strlen(text) && !*end, "bad value");
	return value;
}

static void read_sample(const struct reader *reader, const char *at, struct sample *sample)
{
	at = read_name(reader, at, sample->name);
	if (*at == '{') {
		do
			at = read_label(reader, at + 1, sample);
		while (*at == ',');
		check(reader, *at++ == '}', "labels without end");
	}
	check(reader, *at == ' ', "sample without value");
	sample->value = read_number(reader, at + 1);
}

static void check_bucket(struct reader *reader, const struct sample *sample)
{
	bool last = strcmp(sample->le, "+Inf") == 0;
	double bound = last ? 0 : read_number(reader, sample->le);

	if (reader->is_closed) { /* the next histogram of the family */
		check(reader, reader->has_sum, "histogram without sum");
		reader->bound = -1;
		reader->bucket = 0;
		reader->is_closed = reader->has_sum = false;
	}
	check(reader, last || bound > reader->bound, "bounds do not ascend");
	check(reader, sample->value >= reader->bucket, "buckets are not cumulative");
	reader->bound = bound;
	reader->bucket = sample->value;
	reader->is_closed = last;
}

static void check_sample(struct reader *reader, const struct sample *sample)
{
	size_t length = strlen(family_of(reader));

	reader->samples++;
	check(reader, !reader->has_help && length && strncmp(sample->name, family_of(reader), length) == 0,
	      "sample of no family");
	if (strcmp(reader->type, "histogram") != 0) {
		check(reader, !sample->name[length] && !sample->le[0], "sample of no family");
	} else if (strcmp(sample->name + length, "_bucket") == 0) {
		check(reader, sample->le[0], "bucket without le");
		check_bucket(reader, sample);
	} else if (strcmp(sample->name + length, "_sum") == 0) {
		check(reader, reader->is_closed, "sum before the buckets' end");
		reader->has_sum = true;
	} else {
		check(reader, strcmp(sample->name + length, "_count") == 0 && reader->is_closed,
		      "sample of no family");
		check(reader, sample->value == reader->bucket, "count is not that of the buckets");
	}
}

/* The line must not stand in the text a second time, with whatever value. */
static void check_unique(const struct reader *reader, const char *line)
{
	size_t length = (size_t)(strrchr(line, ' ') - line) + 1;
	unsigned int found = 0;

	for (const char *at = reader->exposition->text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		found += strncmp(at, line, length) == 0;
	}
	check(reader, found == 1, "sample comes twice");
}

static void read_line(struct reader *reader, const char *line)
{
	struct sample sample = {.value = 0};

	if (strncmp(line, "# HELP ", 7) == 0) {
		read_help(reader, line + 7);
	} else if (strncmp(line, "# TYPE ", 7) == 0) {
		read_type(reader, line + 7);
	} else {
		read_sample(reader, line, &sample);
		check_sample(reader, &sample);
		check_unique(reader, line);
	}
}

void exposition_read(struct exposition *exposition, const char *text)
{
	struct reader reader = {.exposition = exposition};

	*exposition = (struct exposition){.text = text};
	assert_true(text[0] && text[strlen(text) - 1] == '\n');
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		assert_non_null(line);
		reader.line++;
		read_line(&reader, line);
		free(line);
		text += length + 1;
	}
	end_family(&reader);
}

double exposition_value(const struct exposition *exposition, const char *sample)
{
	size_t length = strlen(sample);

	for (const char *at = exposition->text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, sample, length) == 0 && at[length] == ' ')
			return strtod(at + length + 1, NULL);
	}
	fail_msg("no sample %s", sample);
	return 0;
}

/* ---- documents ---- */

static bool has_family(const struct exposition *exposition, const char *name)
{
	for (size_t i = 0; i < exposition->family_count; i++)
		if (strcmp(exposition->families[i], name) == 0)
			return true;
	return false;
}

void exposition_expect_documented(const struct exposition *exposition, const char *path, const char *heading)
{
	FILE *file = fopen(path, "re");
	bool is_inside = false;
	size_t documented = 0;
	char line[1024];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char name[96];

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			is_inside = strcmp(line, heading) == 0;
		if (!is_inside || sscanf(line, "| `%95[a-z_]", name) != 1)
			continue;
		documented++;
		if (!has_family(exposition, name))
			fail_msg("%s lists %s, which there is not", path, name);
	}
	(void)fclose(file);
	/* Each documented name is there: with as many, each that is there is documented. */
	for (size_t i = 0; documented != exposition->family_count && i < exposition->family_count; i++)
		print_message("exposed: %s\n", exposition->families[i]);
	assert_int_equal(documented, exposition->family_count);
}
