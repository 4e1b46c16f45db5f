// SPDX-License-Identifier: Apache-2.0
// Fails a build whose first part has grown too large: all that is loaded before a page shows.
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

export type Chunk = {
  fileName: string;
  code: string;
  /** File names. */
  imports: string[];
  isEntry: boolean;
  /** Source of the module that a dynamic import asks for. */
  facadeModuleId: string | null;
};

/** The entry, modules that are always asked for next, and all that these import at once. */
export function firstPart(chunks: readonly Chunk[], always: readonly string[]): Chunk[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const found = new Set<Chunk>();
  const add = (chunk: Chunk | undefined) => {
    if (!chunk || found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) add(byName.get(name));
  };
  for (const chunk of chunks)
    if (chunk.isEntry || always.some((end) => chunk.facadeModuleId?.endsWith(end))) add(chunk);
  return [...found];
}

export const gzipped = (chunks: readonly Chunk[]) =>
  chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);

export function bundleLimit({ bytes, always }: { bytes: number; always: string[] }): Plugin {
  return {
    name: "ringwall:bundle-limit",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
      const missing = always.filter((end) => !chunks.some(({ facadeModuleId }) => facadeModuleId?.endsWith(end)));
      if (missing.length) this.error(`bundle limit: there is no chunk of ${missing.join(", ")}`);
      const first = firstPart(chunks, always);
      const size = gzipped(first);
      const text = `the first part is ${(size / 1000).toFixed(0)} kB gzipped, of ${bytes / 1000} kB at most`;
      if (size > bytes) {
        const parts = first.map((chunk) => `  ${gzipped([chunk])} ${chunk.fileName}`).sort((a, b) => parseInt(b) - parseInt(a));
        this.error(`${text}:\n${parts.join("\n")}\nLoad heavy parts lazily, from the pages that need them.`);
      }
      this.info(text);
    },
  };
}
