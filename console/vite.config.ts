// SPDX-License-Identifier: Apache-2.0
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { bundleLimit } from "./bundle-limit";

const server = process.env.RINGWALL_SERVER ?? "https://127.0.0.1:8443";

export default defineConfig({
  plugins: [react(), bundleLimit({ bytes: 350_000, always: ["src/layout/shell.tsx"] })],
  // The server replaces the placeholder by the nonce of each answer's Content-Security-Policy.
  html: { cspNonce: "RINGWALL-NONCE" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the policy allows no data: scripts or fonts
    // Equal sources give equal files: names carry a hash of the content only.
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  server: {
    // 'npm run dev' against a running ringwalld: RINGWALL_SERVER=https://127.0.0.1:8443 npm run dev
    // The server takes cookies from its own origin alone, which it then seems to be.
    proxy: { "/v1": { target: server, secure: false, changeOrigin: true, headers: { origin: server } } },
  },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/test-setup.ts"] },
});
