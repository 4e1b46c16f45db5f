// SPDX-License-Identifier: Apache-2.0
import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { $api } from "../../api/client";
import { useCollection } from "../../api/collect";
import { useAddressChange } from "../../components/address";
import { EmptyState } from "../../components/empty";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { SearchBox } from "../../components/search";
import { matches } from "../../model/cluster";
import { useMay } from "../../session/session";
import { CreateCluster } from "./create";
import { ClusterList } from "./list";

/** Above this many, looking for one by eye is no pleasure. */
const SEARCH_FROM = 6;

export default function Clusters() {
  const { t } = useTranslation("clusters");
  const may = useMay("operator");
  const clusters = useCollection("/v1/clusters");
  const networks = useCollection("/v1/networks");
  const audit = $api.useQuery("get", "/v1/audit/summary");
  const [params] = useSearchParams();
  const change = useAddressChange();
  const creating = params.has("create");
  const words = params.get("q") ?? "";

  const networkNames = useMemo(() => new Map((networks.data ?? []).map(({ id, name }) => [id, name])), [networks.data]);
  const shown = useMemo(
    () => (clusters.data ?? []).filter((one) => matches(one, networkNames.get(one.network) ?? "", words)),
    [clusters.data, networkNames, words],
  );
  const create = (open: boolean) => change({ create: open ? "1" : undefined });
  const button = may && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => create(true)}>
      {t("create.title")}
    </Button>
  );

  return (
    <Page title={t("title")} actions={button}>
      <Loaded query={clusters}>
        {(items) => (
          <Flex vertical gap="middle">
            {(items.length >= SEARCH_FROM || words) && <SearchBox label={t("search")} />}
            <ClusterList
              clusters={shown}
              networkNames={networkNames}
              audit={audit}
              empty={
                items.length ? (
                  <EmptyState text={t("none-found", { words })} />
                ) : (
                  <EmptyState text={t("none")} hint={t(may ? "none-hint" : "none-hint-viewer")}>
                    {button}
                  </EmptyState>
                )
              }
            />
          </Flex>
        )}
      </Loaded>
      {may && <CreateCluster open={creating} networks={networks} onClose={() => create(false)} />}
    </Page>
  );
}
