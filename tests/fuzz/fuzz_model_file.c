/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Model files and small rule files from any bytes; an accepted model is written, read and written to the same
 * bytes.
 */

#include <assert.h>
#include <string.h>

#include "wire/apply_file.h"
#include "wire/model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_model_free) struct rw_model *model = NULL;
	RW_CLEANUP(rw_model_free) struct rw_model *again = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf first;
	RW_CLEANUP(rw_buf_done) struct rw_buf second;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_apply_file file;

	rw_buf_init(&first, 64 << 20);
	rw_buf_init(&second, 64 << 20);
	if (rw_apply_file_decode((const char *)bytes, size, NULL, NULL, &file, NULL) == 0)
		rw_apply_file_done(&file);
	if (rw_model_file_decode((const char *)bytes, size, &model, &err) < 0) {
		assert(err.text[0]);
		return 0;
	}
	assert(rw_model_file_encode(&first, model, NULL) == 0);
	assert(rw_model_file_decode(first.data, first.size, &again, NULL) == 0);
	assert(rw_model_file_encode(&second, again, NULL) == 0);
	assert(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
	return 0;
}
