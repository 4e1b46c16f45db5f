/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is said of early stages: the file that keeps it, the option, the command.  Whatever stands there, what is taken
 * has names of interfaces, is bounded, and comes out of the file as it went in.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "agent/early.h"
#include "base/file.h"

static struct {
	char text[8192];
	size_t size;
} file;

int __wrap_rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err);
int __wrap_rw_file_write(const char *path, const void *bytes, size_t size, mode_t mode, struct rw_error *err);
int __wrap_rw_agent_state_make(const struct rw_agent_place *place, struct rw_error *err);

int __wrap_rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err)
{
	(void)path;
	(void)err;
	return rw_buf_append(buf, file.text, file.size);
}

int __wrap_rw_file_write(const char *path, const void *bytes, size_t size, mode_t mode, struct rw_error *err)
{
	(void)path;
	(void)mode;
	(void)err;
	assert(size <= sizeof(file.text));
	memcpy(file.text, bytes, size);
	file.size = size;
	return 0;
}

int __wrap_rw_agent_state_make(const struct rw_agent_place *place, struct rw_error *err)
{
	(void)place;
	(void)err;
	return 0;
}

static void check(const struct rw_early_wish *wish)
{
	size_t length = strnlen(wish->name, sizeof(wish->name));

	assert(length > 0 && length < sizeof(wish->name) && !strpbrk(wish->name, "/ \n"));
}

static void load(const char *text, size_t size)
{
	const struct rw_agent_place place = {.state = "/nowhere"};
	struct rw_early_wishes wishes = {0}, again = {0};

	memcpy(file.text, text, size);
	file.size = size;
	if (rw_early_load(&place, &wishes, NULL) < 0) {
		assert(wishes.count == 0);
		return;
	}
	assert(wishes.count <= RW_EARLY_WISHES_MAX);
	for (size_t i = 0; i < wishes.count; i++)
		check(&wishes.items[i]);
	assert(rw_early_save(&place, &wishes, NULL) == 0);
	assert(rw_early_load(&place, &again, NULL) == 0);
	assert(memcmp(&wishes, &again, sizeof(wishes)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct rw_early_wishes wishes = {0};
	struct rw_early_wish wish;
	char text[4096];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (rw_early_wish_parse(text, &wish, NULL) == 0)
		check(&wish);
	if (rw_early_wish_change(&wishes, text, &wish, NULL) == 0)
		check(&wish);
	load(text, size);
	return 0;
}
