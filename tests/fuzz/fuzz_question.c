/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Questions about a small model from any bytes: "t" and the two ends of a trace, "r" (or "b", with what accepts)
 * and sources, target and service of reach, "d" and a drop event.  Parts are parted by line feeds.  Each gets an answer that is JSON, or
 * an error with a text.
 */

#include <assert.h>
#include <string.h>

#include "wire/analysis.h"
#include "wire/model_file.h"
#include "wire/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define ANSWER_MAX (1u << 20)

static const char model_text[] =
	"{\"version\":1,\"networks\":[{\"id\":\"vpc-1\",\"name\":\"net\",\"kind\":\"vpc\",\"cidrs\":[\"10.0."
	"0.0/16\"]}],"
	"\"nodes\":[{\"id\":\"n-1\",\"name\":\"one\",\"network\":\"vpc-1\",\"security_groups\":[\"sg-1\"],"
	"\"interfaces\":[{\"name\":\"eth0\",\"addresses\":[\"10.0.0.1\",\"2001:db8::1\"]}]}],"
	"\"security_groups\":[{\"id\":\"sg-1\",\"name\":\"web\",\"network\":\"vpc-1\",\"rules\":[{\"id\":"
	"\"sgr-1\","
	"\"direction\":\"ingress\",\"policy\":\"accept\",\"protocol\":\"tcp\",\"ports\":\"80/90\","
	"\"object\":{\"cidr\":\"192.0.2.0/24\"}}]}]}";

/* Cuts 'text' at line feeds; parts that are missing are NULL. */
static void part(char *text, const char *parts[3])
{
	for (size_t i = 0; i < 3; i++) {
		parts[i] = text;
		text = text ? strchr(text, '\n') : NULL;
		if (text)
			*text++ = '\0';
	}
}

static int ask(const struct rw_source *source, char kind, char *text, struct rw_buf *buf,
	       struct rw_error *err)
{
	const char *parts[3];

	if (kind == 'd')
		return rw_analysis_trace_event(source, NULL, text, buf, err);
	part(text, parts);
	if (kind == 't')
		return rw_analysis_trace(source, &(struct rw_path_question){parts[0], parts[1], parts[2]},
					 buf, err);
	return rw_analysis_reach(
		source, &(struct rw_reach_question){parts[0], parts[1], parts[2], kind == 'b'}, buf, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct rw_model *model;
	RW_CLEANUP(rw_json_document_free) struct rw_json_document *document = NULL;
	RW_CLEANUP(rw_free) char *text = NULL;
	RW_CLEANUP(rw_buf_done) struct rw_buf buf;
	struct rw_error err = RW_ERROR_NONE;
	struct rw_source source;

	rw_buf_init(&buf, ANSWER_MAX);
	if (!model && rw_model_file_decode(model_text, strlen(model_text), &model, &err) < 0)
		abort();
	if (size == 0)
		return 0;
	text = strndup((const char *)bytes + 1, size - 1);
	if (!text)
		return 0;
	source = (struct rw_source){.model = model};
	if (ask(&source, (char)bytes[0], text, &buf, &err) < 0)
		assert(err.text[0]);
	else
		assert(rw_json_parse(buf.data, buf.size, ANSWER_MAX, &document, &err) == 0);
	return 0;
}
