// SPDX-License-Identifier: Apache-2.0
import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];
export type Guard = components["schemas"]["Guard"];

/** What the server refused, in its own words (RFC 9457), or that it could not be reached (status 0). */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ApiError";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  /** The last word of the type's URN: "guard", "invalid", "unauthenticated", "unreachable". */
  get kind(): string {
    return this.problem.type.replace("urn:ringwall:problem:", "");
  }
}

/** Makes an ApiError of whatever a request ended with. */
export function toApiError(thrown: unknown, response?: Response): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (isProblem(thrown)) return new ApiError(thrown);
  const status = response && !response.ok ? response.status : 0;
  return new ApiError({
    type: status ? "urn:ringwall:problem:internal" : "urn:ringwall:problem:unreachable",
    title: status ? `HTTP ${status}` : "unreachable",
    status,
    detail: thrown instanceof Error ? thrown.message : String(thrown),
  });
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === "object" && value !== null && "type" in value && "status" in value && "detail" in value
  );
}
