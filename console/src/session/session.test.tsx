// SPDX-License-Identifier: Apache-2.0
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

// The client takes fetch when it is loaded.
const { answers, asked } = vi.hoisted(() => {
  const answers: { now: () => Response } = { now: () => Response.error() };
  const asked: string[] = [];
  globalThis.fetch = async (input) => {
    asked.push(new URL((input as Request).url).pathname);
    return answers.now();
  };
  return { answers, asked };
});

import { SessionProvider, useSessionState } from "./session";

const problem = (status: number, kind: string, more = {}) =>
  Response.json({ type: `urn:ringwall:problem:${kind}`, title: kind, status, detail: kind, ...more }, { status });
const SESSION = { name: "admin", role: "admin", key: "k-1", csrf: "c", expires: "2026-01-01T00:00:00Z", controllers: ["https://a"] };

function State() {
  const { state } = useSessionState();
  return <output>{state.kind === "unknown" ? `unknown: ${state.error.kind}` : state.kind}</output>;
}

const shown = () => screen.getByRole("status").textContent;
const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
/** In steps, between which React sees what has come. */
async function passMinute() {
  for (let i = 0; i < 60; i++) await pass(1000);
}

async function open(answer: () => Response) {
  answers.now = answer;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SessionProvider>
        <State />
      </SessionProvider>
    </QueryClientProvider>,
  );
  await pass(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("at a standby nobody is asked for a key; it is asked again, and the sign-in is there when it serves", async () => {
  await open(() => problem(503, "standby", { active: "https://b:8443" }));
  expect(shown()).toBe("unknown: standby");
  await passMinute();
  expect(shown()).toBe("unknown: standby");
  expect(asked.length).toBeGreaterThan(2);
  answers.now = () => problem(401, "unauthenticated");
  await passMinute();
  expect(shown()).toBe("signed-out");
  const count = asked.length;
  await passMinute();
  expect(asked.length).toBe(count);
});

test("a session that lives on is taken up again, whatever the controller answered meanwhile", async () => {
  await open(() => problem(503, "store-unavailable"));
  expect(shown()).toBe("unknown: store-unavailable");
  answers.now = () => {
    throw new TypeError("network");
  };
  await passMinute();
  expect(shown()).toBe("unknown: unreachable");
  answers.now = () => Response.json(SESSION);
  await passMinute();
  expect(shown()).toBe("signed-in");
});
