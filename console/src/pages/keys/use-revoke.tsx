// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from "@tanstack/react-query";
import { App, Flex } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { toApiError } from "../../api/problem";
import { ProblemAlert } from "../../components/problem";
import { Time } from "../../components/time";
import { useSession, useSessionState } from "../../session/session";
import type { Key } from "./table";

/** Asks, naming what it cuts, and revokes. */
export function useRevoke() {
  const { t } = useTranslation("keys");
  const { modal } = App.useApp();
  const queries = useQueryClient();
  const session = useSession();
  const { signOut } = useSessionState();

  return (key: Key) => {
    const isOwn = key.id === session.key;
    const run = async () => {
      try {
        await api.DELETE("/v1/keys/{id}", { params: { path: { id: key.id } } });
        if (isOwn) await signOut().catch(() => {});
        else await queries.invalidateQueries({ queryKey: ["get", "/v1/keys"] });
      } catch (thrown) {
        modal.error({ title: t("not-revoked"), content: <ProblemAlert error={toApiError(thrown)} /> });
      }
    };
    modal.confirm({
      title: t("revoke-it", { name: key.name }),
      content: (
        <Flex vertical gap="small">
          <span>{t("cuts", { name: key.name, role: t(`common:role.${key.role}`) })}</span>
          <span>
            {t("last-use")}: <Time at={key.last_use} />
          </span>
          {isOwn && <strong>{t("cuts-you")}</strong>}
        </Flex>
      ),
      okText: t("revoke"),
      okButtonProps: { danger: true },
      cancelText: t("common:cancel"),
      onOk: run,
    });
  };
}
