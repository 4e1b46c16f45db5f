// SPDX-License-Identifier: Apache-2.0
// Who can reach what: the matrix, and the same as a picture with its table.
import { Alert, Button, Empty, Flex, Segmented, Select, Switch } from "antd";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { Waiting } from "../../components/waiting";
import { type Matrix, type OwnGroups, shown } from "./matrix";
import { MatrixTable } from "./matrix-table";
import "./reach.css";
import { RulesDrawer } from "./rules-drawer";
import { useAddress, useMatrix, type View } from "./use-reach";
import { useZoneName } from "./zone";

// The library that draws is large: it comes when somebody wants to see the picture.
const Picture = lazy(() => import("./picture"));

export default function Reach() {
  const { t } = useTranslation("reach");
  const { matrix, own, clusters } = useMatrix();
  const { view, setView, selection, select } = useAddress();

  return (
    <Page
      title={t("title")}
      actions={
        <Segmented<View>
          value={view}
          onChange={setView}
          options={[
            { value: "matrix", label: t("matrix") },
            { value: "picture", label: t("picture") },
          ]}
          aria-label={t("view")}
        />
      }
    >
      <Loaded query={matrix}>
        {(data) =>
          clusters?.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no-clusters")}>
              <Link to="/clusters">{t("common:to-clusters")}</Link>
            </Empty>
          ) : (
            <Content matrix={data} own={own} view={view} />
          )
        }
      </Loaded>
      <RulesDrawer selection={selection} onClose={() => select(null)} />
    </Page>
  );
}

function Content({ matrix, own, view }: { matrix: Matrix; own: OwnGroups; view: View }) {
  const { t } = useTranslation("reach");
  const { filter, setFilter } = useAddress();
  const { rows, zones } = shown(matrix, filter, own);
  const isFiltered = Boolean(filter.cluster || filter.zone);

  return (
    <Flex vertical gap="middle">
      <Filters matrix={matrix} own={own} />
      {matrix.zones_omitted > 0 && (
        <Alert type="info" showIcon title={t("omitted", { count: matrix.zones_omitted })} />
      )}
      {rows.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(isFiltered ? "nothing-here" : "nothing")}>
          {isFiltered && (
            <Button onClick={() => setFilter({ cluster: undefined, zone: undefined })}>{t("show-all")}</Button>
          )}
        </Empty>
      ) : view === "picture" ? (
        <Suspense fallback={<Waiting />}>
          <Picture rows={rows} zones={zones} own={own} />
        </Suspense>
      ) : (
        <MatrixTable rows={rows} zones={zones} own={own} />
      )}
    </Flex>
  );
}

function Filters({ matrix, own }: { matrix: Matrix; own: OwnGroups }) {
  const { t } = useTranslation("reach");
  const { filter, setFilter } = useAddress();
  const zoneName = useZoneName();

  return (
    <Flex gap="small" wrap align="center">
      <Select
        allowClear
        showSearch
        placeholder={t("all-clusters")}
        aria-label={t("cluster")}
        value={filter.cluster}
        onChange={(cluster?: string) => setFilter({ cluster })}
        options={[...own.keys()].map((name) => ({ value: name, label: name }))}
        style={{ minWidth: 180 }}
      />
      <Select
        allowClear
        showSearch={{ optionFilterProp: "label" }}
        placeholder={t("all-zones")}
        aria-label={t("zone")}
        value={filter.zone}
        onChange={(zone?: string) => setFilter({ zone })}
        options={matrix.zones.map((zone) => ({ value: zone.id, label: zoneName(zone) }))}
        style={{ minWidth: 180 }}
      />
      <label className="reach-switch">
        <Switch
          size="small"
          checked={filter.inner}
          onChange={(inner) => setFilter({ inner: inner ? "1" : undefined })}
        />
        {t("inner")}
      </label>
    </Flex>
  );
}
