/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that runs out at any allocation of a conversion is -ENOMEM and leaves nothing behind. */

#include "test.h"

#include <string.h>

#include "conversion.h"
#include "oom.h"

struct example {
	enum rw_convert_format format;
	const char *text;
};

static int convert(void *userdata, struct rw_error *err)
{
	RW_CLEANUP(rw_conversion_done) struct rw_conversion conversion = {0};
	const struct example *example = userdata;
	struct rw_convert_input input = {"input", example->text, strlen(example->text)};

	return rw_convert(example->format, &input, 1, NULL, &conversion, err);
}

static void every_format_survives_it(void **state)
{
	struct example examples[] = {
		{RW_CONVERT_ALIBABA, conversion_alibaba},
		{RW_CONVERT_AWS, conversion_aws},
		{RW_CONVERT_IPTABLES, conversion_iptables},
		{RW_CONVERT_UFW, conversion_ufw},
	};

	(void)state;
	for (size_t i = 0; i < RW_ARRAY_COUNT(examples); i++)
		oom_each(&(struct oom_work){.run = convert, .userdata = &examples[i], .least = 50});
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_format_survives_it)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
