// SPDX-License-Identifier: Apache-2.0
import { App } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router-dom";
import { toApiError } from "../../api/problem";
import { make } from "../../change/request";
import { FormDrawer } from "../../components/form-drawer";
import { clusterLink } from "../../components/links";
import { ClusterFields, type Networks } from "./fields";
import { type ClusterValues, creationOf, initialValues } from "./values";
import { RulePreview } from "./rule-preview";

/** Makes a cluster. Nothing is enforced by it yet: it has no nodes, so the rules it gets are all there is to review. */
export function CreateCluster({ open, networks, onClose }: { open: boolean; networks: Networks; onClose: () => void }) {
  const { t } = useTranslation("clusters");
  const { message } = App.useApp();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const key = useRef("");

  const submit = async (entered: ClusterValues) => {
    setBusy(true);
    setError(null);
    key.current ||= crypto.randomUUID();
    try {
      const change = await make({ method: "post", path: "/v1/clusters", body: creationOf(entered) }, key.current);
      const [cluster] = change.items as unknown as { id: string }[];
      void message.success(t("create.done", { name: entered.name }));
      if (cluster) navigate(`${clusterLink(cluster.id)}?tab=nodes`);
    } catch (thrown) {
      setError(toApiError(thrown));
      key.current = "";
    }
    setBusy(false);
  };
  const close = () => {
    setError(null);
    onClose();
  };

  return (
    <FormDrawer<ClusterValues>
      open={open}
      title={t("create.title")}
      initial={initialValues(networks.data)}
      submit={t("create.submit")}
      width={640}
      busy={busy}
      error={error}
      onSubmit={(entered) => void submit(entered)}
      onClose={close}
    >
      <ClusterFields networks={networks} />
      <RulePreview />
    </FormDrawer>
  );
}
