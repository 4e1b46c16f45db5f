// SPDX-License-Identifier: Apache-2.0
import { App } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { toApiError } from "../../api/problem";
import { type Review, useReview } from "../../change/review";
import type { Group } from "../../model/group";

/** Brings back a group's rules as they were at a revision, reviewed like any change; what is undone is that. */
export function useRestore(group: Group) {
  const { t } = useTranslation("security-group");
  const { modal } = App.useApp();
  const review = useReview();
  const [busy, setBusy] = useState(false);
  const ref = group.head.id;

  const rulesAt = async (number: string) => {
    const answer = await api.GET("/v1/security-groups/{ref}/revisions/{number}", { params: { path: { ref, number } } });
    return answer.data!.rules;
  };
  const setRules = (rules: unknown[], title: string): Review => ({
    title,
    request: { method: "post", path: "/v1/apply", body: { group: ref, rules } },
  });

  const restore = async (revision: string) => {
    setBusy(true);
    try {
      const [then, now] = await Promise.all([
        rulesAt(revision),
        api.GET("/v1/security-groups/{ref}", { params: { path: { ref } } }),
      ]);
      const back = setRules(now.data!.rules.map(withoutHits), t("undo-restore", { name: group.name }));
      void review({ ...setRules(then, t("restore-title", { name: group.name, revision })), undo: () => back });
    } catch (thrown) {
      const { problem } = toApiError(thrown);
      modal.error({ title: t("restore-failed", { revision }), content: [problem.detail, problem.hint].join(" ") });
    } finally {
      setBusy(false);
    }
  };
  return { restore, busy };
}

/** A rule as files have it; hits are no part of it. */
function withoutHits(rule: object): object {
  return Object.fromEntries(Object.entries(rule).filter(([key]) => key !== "hits" && key !== "last_hit"));
}
