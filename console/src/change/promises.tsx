// SPDX-License-Identifier: Apache-2.0
import { CheckCircleFilled, CloseCircleFilled } from "@ant-design/icons";
import { Flex } from "antd";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import type { Guard } from "../api/problem";
import { guardKind } from "./forecast";

/** How many promises stay kept after a change, and how many it breaks; nothing where there are none. */
export function Promises({ guards }: { guards: Guard[] }) {
  const { t } = useTranslation("change");
  const { data } = $api.useQuery("get", "/v1/promises/check");
  const broken = new Set(guards.filter(({ id }) => guardKind(id) === "promise").map(({ id }) => id)).size;
  const kept = (data?.promises ?? []).filter(
    ({ id, state }) => state === "kept" && !guards.some((guard) => guard.id === `promise:${id}`),
  ).length;

  if (!kept && !broken) return null;
  return (
    <Flex gap="middle" wrap>
      {kept > 0 && (
        <span>
          <CheckCircleFilled style={{ color: "var(--ant-color-success)" }} /> {t("promises-kept", { count: kept })}
        </span>
      )}
      {broken > 0 && (
        <span>
          <CloseCircleFilled style={{ color: "var(--ant-color-error)" }} /> {t("promises-broken", { count: broken })}
        </span>
      )}
    </Flex>
  );
}
