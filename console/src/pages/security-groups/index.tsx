// SPDX-License-Identifier: Apache-2.0
import { PlusOutlined } from "@ant-design/icons";
import { Button, Empty, Flex, Segmented } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { useCollection } from "../../api/collect";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { SearchBox } from "../../components/search";
import { useGroups } from "../../model/names";
import { byName } from "../../model/order";
import { useMay } from "../../session/session";
import { useNarrow } from "../../theme/theme";
import { GroupCards } from "./cards";
import { CreateGroup } from "./create";
import { type GroupRow, groupRows, OWNERS, type Owner, selectRows } from "./rows";
import { GroupTable } from "./table";

export default function SecurityGroups() {
  const { t } = useTranslation("security-groups");
  const { groups } = useGroups();
  const clusters = useCollection("/v1/clusters");
  const networks = useCollection("/v1/networks");
  const [params, setParams] = useSearchParams();
  const [creating, setCreating] = useState(false);
  const may = useMay("operator");
  const owner = OWNERS.find((kind) => kind === params.get("owner")) ?? "all";
  const rows = useMemo(
    () => groupRows(groups.data ?? [], clusters.data ?? [], networks.data ?? []),
    [groups.data, clusters.data, networks.data],
  );
  const shown = useMemo(() => selectRows(rows, owner, params.get("q") ?? ""), [rows, owner, params]);

  const choose = (next: Owner) =>
    setParams(
      (old) => {
        const query = new URLSearchParams(old);
        if (next === "all") query.delete("owner");
        else query.set("owner", next);
        return query;
      },
      { replace: true },
    );

  return (
    <Page
      title={t("title")}
      actions={
        may && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
            {t("create")}
          </Button>
        )
      }
    >
      <Flex gap="small" wrap>
        <Segmented<Owner>
          aria-label={t("owner.label")}
          value={owner}
          onChange={choose}
          options={OWNERS.map((kind) => ({ value: kind, label: t(`owner.${kind}`) }))}
        />
        <SearchBox label={t("search")} />
      </Flex>
      <Loaded query={groups}>{() => <Groups rows={shown} filtered={shown.length < rows.length} />}</Loaded>
      <CreateGroup open={creating} networks={byName(networks.data ?? [])} onClose={() => setCreating(false)} />
    </Page>
  );
}

function Groups({ rows, filtered }: { rows: GroupRow[]; filtered: boolean }) {
  const { t } = useTranslation("security-groups");
  const narrow = useNarrow();
  if (rows.length === 0)
    return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(filtered ? "none-found" : "none")} />;
  return narrow ? <GroupCards rows={rows} /> : <GroupTable rows={rows} />;
}
