/* SPDX-License-Identifier: Apache-2.0 */
#include "alibaba/parameters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/encoding.h"

#define NAME_MAX_BYTES 128 /* of a name that is put together here */

/* Decodes 'length' characters to *cursor and moves it behind the NUL; decoded text is never longer. */
static int decode_piece(const char *text, size_t length, char **cursor, struct rw_error *err)
{
	char *out = *cursor;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '%') {
			char digits[3] = {i + 1 < length ? text[i + 1] : '\0',
					  i + 2 < length ? text[i + 2] : '\0'};

			if (rw_hex_decode(digits, &c, 1) < 0)
				return rw_error_set(err, -EINVAL, "a parameter holds a malformed %%-escape");
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		if (c == '\0')
			return rw_error_set(err, -EINVAL, "a parameter holds a NUL");
		*out++ = c;
	}
	*out++ = '\0';
	*cursor = out;
	return 0;
}

static int read_one(const char *text, size_t length, bool in_form, char **cursor,
		    struct rw_alibaba_parameters *parameters, struct rw_error *err)
{
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals ? (size_t)(equals - text) : length;
	struct rw_alibaba_parameter *parameter;
	const char *name = *cursor;
	int r;

	if (name_length == 0)
		return rw_error_set(err, -EINVAL, "there is a value without a name");
	r = decode_piece(text, name_length, cursor, err);
	if (r < 0)
		return r;
	r = rw_vec_push(&parameters->list, &parameter);
	if (r < 0)
		return r == -E2BIG ? rw_error_set(err, r, "there are more than %d parameters",
						  RW_ALIBABA_PARAMETERS_MAX)
				   : rw_error_oom(err);
	*parameter = (struct rw_alibaba_parameter){.name = name, .value = "", .in_form = in_form};
	if (!equals)
		return 0;
	parameter->value = *cursor;
	return decode_piece(equals + 1, length - name_length - 1, cursor, err);
}

static int read_all(const char *text, bool in_form, char **ret_storage,
		    struct rw_alibaba_parameters *parameters, struct rw_error *err)
{
	char *cursor;

	if (!text || !text[0])
		return 0;
	/* A piece has a separator behind it, or the end, whose place its NUL takes. */
	*ret_storage = cursor = malloc(strlen(text) + 1);
	if (!cursor)
		return rw_error_oom(err);
	while (*text) {
		size_t length = strcspn(text, "&");
		int r = length ? read_one(text, length, in_form, &cursor, parameters, err) : 0;

		if (r < 0)
			return r;
		text += length;
		text += *text == '&';
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct rw_alibaba_parameter *one = a;
	const struct rw_alibaba_parameter *other = b;

	return strcmp(one->name, other->name);
}

int rw_alibaba_parameters_read(const char *query, const char *form,
			       struct rw_alibaba_parameters *ret_parameters, struct rw_error *err)
{
	struct rw_vec *list = &ret_parameters->list;
	int r;

	*ret_parameters = (struct rw_alibaba_parameters){0};
	rw_vec_init(list, sizeof(struct rw_alibaba_parameter), RW_ALIBABA_PARAMETERS_MAX);
	r = read_all(query, false, &ret_parameters->query, ret_parameters, err);
	if (r == 0)
		r = read_all(form, true, &ret_parameters->form, ret_parameters, err);
	if (r < 0)
		return r;
	if (list->count > 1)
		qsort(list->data, list->count, list->element_size, by_name);
	for (size_t i = 1; i < list->count; i++) {
		const struct rw_alibaba_parameter *parameter = rw_vec_at(list, i);

		if (by_name(rw_vec_at(list, i - 1), parameter) == 0)
			return rw_error_field(err, parameter->name, "it is given twice");
	}
	return 0;
}

void rw_alibaba_parameters_done(struct rw_alibaba_parameters *parameters)
{
	rw_vec_done(&parameters->list);
	free(parameters->query);
	free(parameters->form);
}

const char *rw_alibaba_parameter(const struct rw_alibaba_parameters *parameters, const char *name)
{
	const struct rw_alibaba_parameter wanted = {.name = name};
	const struct rw_alibaba_parameter *found = NULL;

	if (parameters->list.count > 0)
		found = bsearch(&wanted, parameters->list.data, parameters->list.count, sizeof(wanted),
				by_name);
	return found ? found->value : NULL;
}

const char *rw_alibaba_element(const struct rw_alibaba_parameters *parameters, const char *list,
			       unsigned int number, const char *field)
{
	char name[NAME_MAX_BYTES];

	(void)snprintf(name, sizeof(name), "%s.%u%s%s", list, number, field ? "." : "", field ? field : "");
	return rw_alibaba_parameter(parameters, name);
}

/* The N of "list.N" or "list.N.field": 0 when 'name' is not of the list, RW_ALIBABA_LIST_MAX + 1 when it is no N. */
static unsigned int number_of(const char *name, const char *list)
{
	size_t length = strlen(list);
	unsigned int number = 0;
	size_t digits;

	if (strncmp(name, list, length) != 0 || name[length] != '.')
		return 0;
	name += length + 1;
	digits = strspn(name, "0123456789");
	for (size_t i = 0; digits <= 3 && i < digits; i++)
		number = number * 10 + (unsigned int)(name[i] - '0');
	if (name[0] == '0' || digits == 0 || digits > 3 || (name[digits] && name[digits] != '.') ||
	    number > RW_ALIBABA_LIST_MAX)
		return RW_ALIBABA_LIST_MAX + 1;
	return number;
}

int rw_alibaba_list_count(const struct rw_alibaba_parameters *parameters, const char *list, unsigned int most,
			  unsigned int *ret_count, struct rw_error *err)
{
	bool there[RW_ALIBABA_LIST_MAX + 1] = {false};
	unsigned int count = 0;

	for (size_t i = 0; i < parameters->list.count; i++) {
		const struct rw_alibaba_parameter *parameter = rw_vec_at(&parameters->list, i);
		unsigned int number = number_of(parameter->name, list);

		if (number > most)
			return rw_error_field(err, parameter->name, "%s is numbered from 1 to %u", list,
					      most);
		there[number] = true;
		count = number > count ? number : count;
	}
	for (unsigned int i = 1; i <= count; i++)
		if (!there[i])
			return rw_error_field(err, list, "number %u is missing", i);
	*ret_count = count;
	return 0;
}
