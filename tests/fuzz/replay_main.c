/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a fuzzer once over each file of the folders given: what once crashed stays fixed, in every build. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay_file(const char *path)
{
	RW_CLEANUP(rw_buf_done) struct rw_buf content;
	struct rw_error err = RW_ERROR_NONE;
	RW_CLEANUP(rw_free) uint8_t *exact = NULL;

	rw_buf_init(&content, 16 << 20);
	if (rw_file_read(path, &content, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	/* In a block of exactly its size, so that the address sanitizer sees a read behind the end. */
	exact = malloc(content.size ? content.size : 1);
	if (!exact)
		return -1;
	for (size_t i = 0; i < content.size; i++)
		exact[i] = (uint8_t)content.data[i];
	(void)LLVMFuzzerTestOneInput(exact, content.size);
	return 0;
}

static int replay_folder(const char *folder, unsigned int *count)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	int result = 0;

	if (!directory) {
		perror(folder);
		return -1;
	}
	while (result == 0 && (entry = readdir(directory)) != NULL) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		result = replay_file(path);
		(*count)++;
	}
	(void)closedir(directory);
	return result;
}

int main(int argc, char **argv)
{
	unsigned int count = 0;

	for (int i = 1; i < argc; i++) {
		if (replay_folder(argv[i], &count) < 0)
			return EXIT_FAILURE;
	}
	(void)printf("replayed %u inputs\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
