// SPDX-License-Identifier: Apache-2.0
// Tells of tests as the other suites do, so that tools/run-tests counts each.

function explain(error) {
  const cause = error?.cause instanceof Error ? error.cause : error;
  return String(cause?.stack ?? cause)
    .split("\n")
    .filter((line) => !/node_modules|node:internal/.test(line))
    .map((line) => `    ${line}`)
    .join("\n");
}

module.exports = async function* report(events) {
  const failed = [];
  for await (const { type, data } of events) {
    const isTest = data?.details?.type !== "suite" && data?.nesting === 0 && !/\.test\.js$/.test(data?.name ?? "");
    if (type === "test:pass" && isTest) {
      yield data.skip === undefined
        ? `[       OK ] ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`
        : `[  SKIPPED ] ${data.name}\n`;
    } else if (type === "test:fail" && isTest) {
      failed.push(data.name);
      yield `[  FAILED  ] ${data.name}\n${explain(data.details.error)}\n`;
    } else if (type === "test:stdout" || type === "test:stderr") {
      yield data.message;
    }
  }
  for (const name of failed) yield `[  FAILED  ] ${name}\n`;
};
