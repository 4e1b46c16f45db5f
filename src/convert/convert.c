/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/convert.h"

#include <string.h>

#include "convert/builder.h"
#include "group/validate.h"

typedef int translator(struct rw_builder *builder, const struct rw_convert_input *inputs, size_t count,
		       struct rw_error *err);

static const struct {
	const char *name;
	translator *translate;
} formats[RW_CONVERT_FORMAT_COUNT_] = {
	[RW_CONVERT_ALIBABA] = {"alibaba", rw_convert_alibaba},
	[RW_CONVERT_AWS] = {"aws", rw_convert_aws},
	[RW_CONVERT_IPTABLES] = {"iptables", rw_convert_iptables},
	[RW_CONVERT_UFW] = {"ufw", rw_convert_ufw},
};

int rw_convert_format_find(const char *name)
{
	for (int format = 0; format < RW_CONVERT_FORMAT_COUNT_; format++)
		if (strcmp(formats[format].name, name) == 0)
			return format;
	return -1;
}

void rw_conversion_done(struct rw_conversion *conversion)
{
	for (size_t i = 0; i < conversion->notes.count; i++) {
		struct rw_note *note = rw_vec_at(&conversion->notes, i);

		free(note->what);
		free(note->reason);
	}
	rw_vec_done(&conversion->notes);
	conversion->model = rw_model_free(conversion->model);
}

/* What the translators cannot see alone: counts, overlaps, references. */
static int check_model(const struct rw_conversion *conversion, struct rw_error *err)
{
	struct rw_validate_where where;
	int r = rw_validate_model(conversion->model, NULL, &where, err);

	if (r < 0)
		return rw_error_wrap(err, "the input says what no model can hold: %s %s",
				     rw_kind_name(where.kind), where.id);
	return 0;
}

int rw_convert(enum rw_convert_format format, const struct rw_convert_input *inputs, size_t count,
	       const struct rw_convert_options *options, struct rw_conversion *ret_conversion,
	       struct rw_error *err)
{
	static const struct rw_convert_options none = {0};
	RW_CLEANUP(rw_conversion_done) struct rw_conversion conversion = {.model = rw_model_new()};
	struct rw_builder builder = {.conversion = &conversion, .options = options ? options : &none};
	int r;

	rw_vec_init(&conversion.notes, sizeof(struct rw_note), RW_CONVERT_NOTES_MAX);
	if (!conversion.model)
		return rw_error_oom(err);
	if (count == 0 || count > RW_CONVERT_INPUTS_MAX)
		return rw_error_set(err, -EINVAL, "give 1 to %d files, not %zu", RW_CONVERT_INPUTS_MAX,
				    count);
	for (size_t i = 0; i < count; i++)
		if (inputs[i].size > RW_CONVERT_INPUT_MAX)
			return rw_error_set(err, -E2BIG, "%s: larger than %u MiB", inputs[i].name,
					    RW_CONVERT_INPUT_MAX >> 20);
	builder.file = inputs[0].name;
	r = formats[format].translate(&builder, inputs, count, err);
	if (r == 0)
		r = check_model(&conversion, err);
	if (r < 0)
		return r;
	*ret_conversion = conversion;
	conversion = (struct rw_conversion){0};
	rw_vec_init(&conversion.notes, sizeof(struct rw_note), 0);
	return 0;
}
