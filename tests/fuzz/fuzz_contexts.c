/* SPDX-License-Identifier: Apache-2.0 */

/* The CLI's kept contexts from any bytes; the file is read from memory. */

#include <assert.h>
#include <stdint.h>

#include "base/file.h"
#include "cli/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __wrap_rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err);

static const uint8_t *content;
static size_t content_size;

int __wrap_rw_file_read(const char *path, struct rw_buf *buf, struct rw_error *err)
{
	(void)path;
	(void)rw_buf_append(buf, content, content_size);
	return rw_buf_check(buf, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_contexts_done) struct rw_contexts contexts = {0};
	RW_CLEANUP(rw_cli_login_done) struct rw_cli_login login = {0};
	struct rw_error err = RW_ERROR_NONE;
	int r;

	content = bytes;
	content_size = size;
	r = rw_contexts_load(&contexts, &err);
	assert(r == 0 || (r == err.code && err.text[0]));
	if (r == 0 &&
	    rw_contexts_find(&contexts, contexts.current ? contexts.current : "demo", &login, &err) == 0)
		assert(login.server);
	return 0;
}
