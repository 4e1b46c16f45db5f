/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The small file of 'apply -f' from any bytes; every rule that it gives must be one that can be written
 * again.
 */

#include <assert.h>

#include "wire/apply_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	RW_CLEANUP(rw_apply_file_done) struct rw_apply_file file = {0};
	struct rw_error err = RW_ERROR_NONE;
	int r = rw_apply_file_decode((const char *)bytes, size, NULL, NULL, &file, &err);

	assert(r == 0 || (r == err.code && err.text[0]));
	for (size_t i = 0; r == 0 && i < file.targets.count; i++) {
		const struct rw_apply_target *target = rw_vec_at(&file.targets, i);

		assert(target->reference);
		for (size_t j = 0; j < target->rules.count; j++)
			assert((*(struct rw_rule **)rw_vec_at(&target->rules, j))->references);
	}
	return 0;
}
