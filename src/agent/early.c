/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/early.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define FILE_NAME     "early-drop"
#define FILE_SIZE_MAX 4096

/* The words of the file. */
static const struct {
	const char *word;
	enum rw_enforcer_early early;
	bool idle;
} file_words[] = {
	{"none", RW_ENFORCER_EARLY_NONE, false},           {"native", RW_ENFORCER_EARLY_NATIVE, false},
	{"generic", RW_ENFORCER_EARLY_GENERIC, false},     {"native-idle", RW_ENFORCER_EARLY_NATIVE, true},
	{"generic-idle", RW_ENFORCER_EARLY_GENERIC, true},
};

static int set_name(struct rw_early_wish *wish, const char *name, size_t length, struct rw_error *err)
{
	bool is_name = length > 0 && length < sizeof(wish->name);

	for (size_t i = 0; i < length && is_name; i++)
		is_name = name[i] > ' ' && name[i] < 0x7f && name[i] != '/';
	if (!is_name)
		return rw_error_set(err, -EINVAL, "not the name of an interface: \"%.*s\"",
				    length < 64 ? (int)length : 64, name);
	memcpy(wish->name, name, length);
	wish->name[length] = '\0';
	return 0;
}

static int set_mode(struct rw_early_wish *wish, const char *mode, struct rw_error *err)
{
	if (strcmp(mode, "native") == 0)
		wish->early = RW_ENFORCER_EARLY_NATIVE;
	else if (strcmp(mode, "generic") == 0)
		wish->early = RW_ENFORCER_EARLY_GENERIC;
	else
		return rw_error_set(err, -EINVAL, "the early stage is 'native' or 'generic', not \"%.32s\"",
				    mode);
	return 0;
}

int rw_early_wish_parse(const char *text, struct rw_early_wish *ret_wish, struct rw_error *err)
{
	struct rw_early_wish wish = {.early = RW_ENFORCER_EARLY_NATIVE};
	size_t length = strcspn(text, ":");
	int r = set_name(&wish, text, length, err);

	if (r == 0 && text[length])
		r = set_mode(&wish, text + length + 1, err);
	if (r == 0)
		*ret_wish = wish;
	return r;
}

int rw_early_wish_change(const struct rw_early_wishes *wishes, const char *words,
			 struct rw_early_wish *ret_wish, struct rw_error *err)
{
	char verb[16] = "", name[32] = "", mode[16] = "", more[2] = "";
	int count = sscanf(words, "%15s %31s %15s %1s", verb, name, mode, more);
	const struct rw_early_wish *before = rw_early_find(wishes, name);
	struct rw_early_wish wish = {0};
	int r;

	if (count < 2 || count > 3 || (count == 3 && strcmp(verb, "on") != 0))
		return rw_error_set(err, -EINVAL, "expected: on, off or remove, and an interface");
	r = set_name(&wish, name, strlen(name), err);
	if (r < 0)
		return r;
	if (before)
		wish.early = before->early;
	if (strcmp(verb, "on") == 0) {
		if (wish.early == RW_ENFORCER_EARLY_NONE)
			wish.early = RW_ENFORCER_EARLY_NATIVE;
		r = count == 3 ? set_mode(&wish, mode, err) : 0;
	} else if (strcmp(verb, "off") == 0) {
		if (wish.early == RW_ENFORCER_EARLY_NONE)
			return rw_error_set(err, -EINVAL, "%s has no early stage", name);
		wish.idle = true;
	} else if (strcmp(verb, "remove") == 0) {
		wish.early = RW_ENFORCER_EARLY_NONE;
	} else {
		r = rw_error_set(err, -EINVAL, "expected on, off or remove, not \"%s\"", verb);
	}
	if (r == 0)
		*ret_wish = wish;
	return r;
}

const struct rw_early_wish *rw_early_find(const struct rw_early_wishes *wishes, const char *name)
{
	for (size_t i = 0; i < wishes->count; i++)
		if (strcmp(wishes->items[i].name, name) == 0)
			return &wishes->items[i];
	return NULL;
}

int rw_early_set(struct rw_early_wishes *wishes, const struct rw_early_wish *wish, struct rw_error *err)
{
	for (size_t i = 0; i < wishes->count; i++) {
		if (strcmp(wishes->items[i].name, wish->name) == 0) {
			wishes->items[i] = *wish;
			return 0;
		}
	}
	if (wishes->count == RW_EARLY_WISHES_MAX)
		return rw_error_set(err, -E2BIG, "more than %d interfaces with an early stage",
				    RW_EARLY_WISHES_MAX);
	wishes->items[wishes->count++] = *wish;
	return 0;
}

/* ---- the file ---- */

static int read_line(const char *line, struct rw_early_wishes *wishes, struct rw_error *err)
{
	char name[32], word[16], more[2];
	struct rw_early_wish wish = {0};
	int r;

	if (sscanf(line, "%31s %15s %1s", name, word, more) != 2)
		return rw_error_set(err, -EINVAL, "expected an interface and a word");
	r = set_name(&wish, name, strlen(name), err);
	for (size_t i = 0; r == 0 && i < RW_ARRAY_COUNT(file_words); i++) {
		if (strcmp(word, file_words[i].word) != 0)
			continue;
		wish.early = file_words[i].early;
		wish.idle = file_words[i].idle;
		return rw_early_set(wishes, &wish, err);
	}
	return r < 0 ? r : rw_error_set(err, -EINVAL, "no such word: %s", word);
}

int rw_early_load(const struct rw_agent_place *place, struct rw_early_wishes *wishes, struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_early_wishes read = *wishes;
	char path[RW_AGENT_PATH_SIZE], *rest, *line;
	unsigned int number = 0;
	int r;

	rw_agent_state_path(place, FILE_NAME, path);
	rw_buf_init(&buf, FILE_SIZE_MAX);
	r = rw_file_read(path, &buf, err);
	if (r == -ENOENT) {
		if (err)
			*err = RW_ERROR_NONE;
		return 0;
	}
	if (r < 0)
		return r;
	rest = buf.data;
	while ((line = strsep(&rest, "\n"))) {
		number++;
		if (!*line)
			continue;
		r = read_line(line, &read, err);
		if (r < 0)
			return rw_error_wrap(err, "%s line %u", path, number);
	}
	*wishes = read;
	return 0;
}

int rw_early_save(const struct rw_agent_place *place, const struct rw_early_wishes *wishes,
		  struct rw_error *err)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	char path[RW_AGENT_PATH_SIZE];
	int r;

	rw_agent_state_path(place, FILE_NAME, path);
	rw_buf_init(&buf, FILE_SIZE_MAX);
	for (size_t i = 0; i < wishes->count; i++)
		for (size_t k = 0; k < RW_ARRAY_COUNT(file_words); k++)
			if (file_words[k].early == wishes->items[i].early &&
			    file_words[k].idle == wishes->items[i].idle)
				(void)rw_buf_append_format(&buf, "%s %s\n", wishes->items[i].name,
							   file_words[k].word);
	r = rw_buf_check(&buf, err);
	/* Standalone, there may be no state folder yet. */
	if (r == 0)
		r = rw_agent_state_make(place, err);
	return r < 0 ? r : rw_file_write(path, buf.data, buf.size, 0600, err);
}

/* ---- words ---- */

const char *rw_early_state_word(const struct rw_enforcer_device_status *device)
{
	if (device->early == RW_ENFORCER_EARLY_NONE)
		return device->early_text ? "absent" : NULL;
	return device->early_idle ? "idle" : "dropping";
}

const char *rw_early_hook_word(const struct rw_enforcer_device_status *device)
{
	return device->early == RW_ENFORCER_EARLY_GENERIC ? "xdp-generic" : "xdp";
}
