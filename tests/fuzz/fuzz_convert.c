/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every format of src/convert from any bytes.  The first byte says which.  What comes out is a valid model that
 * can be written and read again; what is refused says why and leaves nothing.
 */

#include <assert.h>

#include "base/buf.h"
#include "convert/convert.h"
#include "wire/model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_and_read(const struct rw_model *model)
{
	RW_CLEANUP(rw_model_free) struct rw_model *again = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf text = {0};

	rw_buf_init(&text, 256u << 20);
	assert(rw_model_file_encode(&text, model, NULL) == 0);
	assert(rw_model_file_decode(text.data, text.size, &again, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_conversion_done) struct rw_conversion conversion = {0};
	struct rw_convert_input input = {.name = "input"};
	struct rw_error err = RW_ERROR_NONE;
	int r;

	if (size == 0)
		return 0;
	input.text = (const char *)bytes + 1;
	input.size = size - 1;
	r = rw_convert((enum rw_convert_format)(bytes[0] % RW_CONVERT_FORMAT_COUNT_), &input, 1, NULL,
		       &conversion, &err);
	assert(r == 0 || (r == err.code && err.text[0] && !conversion.model));
	if (r == 0)
		write_and_read(conversion.model);
	return 0;
}
