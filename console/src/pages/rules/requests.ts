// SPDX-License-Identifier: Apache-2.0
// Changes of rules as the API takes them, each with what takes it back.
import type { TFunction } from "i18next";
import type { Change, ChangeRequest } from "../../change/request";
import type { Review } from "../../change/review";
import type { Group } from "../../model/group";
import { type NewRule, type Rule, toNew } from "../../model/rule-text";
import { RULES_MAX } from "./fields";

type Texts = TFunction<"rules">;

const at = (group: Group) => ({ path: { ref: group.head.id } });

/** All rules that the group shall have; for more of them than one request adds or revokes. */
function setRules(group: Group, rules: readonly unknown[]): ChangeRequest {
  return { method: "post", path: "/v1/apply", body: { group: group.head.id, rules } };
}

export function addRequest(group: Group, added: NewRule[], present: readonly Rule[]): ChangeRequest {
  return added.length > RULES_MAX
    ? setRules(group, [...present.map(toNew), ...added])
    : { method: "post", path: "/v1/security-groups/{ref}/rules", params: at(group), body: { rules: added } };
}

export function revokeRequest(group: Group, ids: string[], present: readonly Rule[]): ChangeRequest {
  if (ids.length > RULES_MAX) {
    const gone = new Set(ids);
    return setRules(group, present.filter(({ id }) => !gone.has(id)).map(toNew));
  }
  const rules = ids.map((id) => ({ id }));
  return { method: "post", path: "/v1/security-groups/{ref}/rules/revoke", params: at(group), body: { rules } };
}

/** Ids of the rules that a change added: those that existed are not its own. */
function addedIds(made: Change): string[] {
  return (made.outcomes ?? []).filter(({ fate }) => fate === "added").map(({ id }) => id);
}

export function addReview(t: Texts, group: Group, added: NewRule[], present: readonly Rule[]): Review {
  return {
    title: t("add-title", { count: added.length, name: group.name }),
    request: addRequest(group, added, present),
    undo: (made) => {
      const ids = addedIds(made);
      const request = ids.length ? revokeRequest(group, ids, present) : setRules(group, present.map(toNew));
      return { title: t("undo-add", { count: added.length, name: group.name }), request };
    },
  };
}

export function deleteReview(t: Texts, group: Group, rules: Rule[], present: readonly Rule[]): Review {
  const ids = rules.map(({ id }) => id);
  return {
    title: t("delete-title", { count: rules.length, name: group.name }),
    destructive: t("delete-count", { count: rules.length }),
    request: revokeRequest(group, ids, present),
    undo: () => ({
      title: t("undo-delete", { count: rules.length, name: group.name }),
      request:
        rules.length > RULES_MAX ? setRules(group, present.map(toNew)) : addRequest(group, rules.map(toNew), present),
    }),
  };
}

/** What a rule shall say, in full: members that it does not have any more are taken away. */
function patchBody(rule: NewRule) {
  return { ...rule, local_cidr: rule.local_cidr ?? null, source_ports: rule.source_ports ?? null };
}

export function editReview(t: Texts, group: Group, before: Rule, after: NewRule): Review {
  const patch = (rule: NewRule): ChangeRequest => ({
    method: "patch",
    path: "/v1/security-groups/{ref}/rules/{rule}",
    params: { path: { ref: group.head.id, rule: before.id } },
    body: patchBody(rule),
  });
  return {
    title: t("edit-title", { name: group.name }),
    request: patch(after),
    undo: () => ({ title: t("undo-edit", { name: group.name }), request: patch(toNew(before)) }),
  };
}

/** Puts imported rules beside those that are there, or in their place. */
export function importReview(
  t: Texts,
  group: Group,
  imported: (NewRule | string)[],
  present: readonly Rule[],
  mode: "add" | "replace",
): Review {
  const old = present.map(toNew);
  return {
    title: t(`import-title.${mode}`, { count: imported.length, name: group.name }),
    request: setRules(group, mode === "add" ? [...old, ...imported] : imported),
    destructive: mode === "replace" ? t("replace") : undefined,
    undo: () => ({ title: t("undo-import", { name: group.name }), request: setRules(group, old) }),
  };
}
