// SPDX-License-Identifier: Apache-2.0
import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { useCollection } from "../../api/collect";
import { EmptyState } from "../../components/empty";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { SearchBox } from "../../components/search";
import { nodeMatches } from "../../model/node";
import { useMay } from "../../session/session";
import { useNodes } from "./data";
import { NodeDrawer } from "./drawer";
import { NodeForm } from "./form";
import { NodeList } from "./list";

/** Every node there is, those without a cluster and without an agent too. */
export default function Nodes() {
  const { t } = useTranslation("nodes");
  const may = useMay("operator");
  const nodes = useNodes();
  const clusters = useCollection("/v1/clusters");
  const [params] = useSearchParams();
  const words = params.get("q") ?? "";
  const [creating, setCreating] = useState(false);
  const names = useMemo(() => new Map((clusters.data ?? []).map(({ id, name }) => [id, name])), [clusters.data]);
  const shown = useMemo(
    () => (nodes.data ?? []).filter((node) => nodeMatches(node, names.get(node.cluster ?? "") ?? "", words)),
    [nodes.data, names, words],
  );

  return (
    <Page
      title={t("title")}
      actions={
        may && (
          <Button icon={<PlusOutlined />} onClick={() => setCreating(true)}>
            {t("form.create")}
          </Button>
        )
      }
    >
      <Loaded query={nodes}>
        {(items) => (
          <Flex vertical gap="middle">
            {items.length > 0 && <SearchBox label={t("search")} />}
            <NodeList
              nodes={shown}
              clusterNames={names}
              showCluster
              empty={
                items.length ? (
                  <EmptyState text={t("none-found", { words })} />
                ) : (
                  <EmptyState text={t("none")} hint={t("none-hint")} />
                )
              }
            />
          </Flex>
        )}
      </Loaded>
      <NodeDrawer />
      <NodeForm open={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}
