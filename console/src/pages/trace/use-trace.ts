// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "../../api/client";
import type { Question } from "./question";

export type Trace = Schemas["Trace"];

async function ask(question: Question): Promise<Trace> {
  const { data } =
    question.kind === "packet"
      ? await api.GET("/v1/trace", {
          params: { query: { from: question.from, to: question.to, interface: question.iface } },
        })
      : await api.POST("/v1/trace", { params: { query: { node: question.node } }, body: question.event });
  return data!;
}

/** The answer to a question; its key is as one of $api, so that a change of rules renews it. */
export function useTrace(question: Question | null) {
  return useQuery({
    queryKey: ["get", "/v1/trace", question],
    queryFn: () => ask(question!),
    enabled: question !== null,
  });
}
