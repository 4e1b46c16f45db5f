// SPDX-License-Identifier: Apache-2.0
// Which flows nodes see: as they come, in the past, and who talks most.
import { Flex, Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { Page } from "../../components/page";
import { FlowChart } from "./chart";
import { FilterBar } from "./filter-bar";
import { followed, type Tab, tabs, useFilters } from "./filters";
import { History } from "./history";
import { LiveFlows } from "./live";
import { TopTalkers } from "./talkers";
import { useFollow } from "./use-follow";

export default function Flows() {
  // The chart's texts at once with the page's own: loaded later, they would take the page away again.
  const { t } = useTranslation(["flows", "charts"]);
  const [filters, set] = useFilters();
  // Also while the past is looked at: what comes makes it old.
  const follow = useFollow(followed(filters));

  const content: Record<Tab, React.ReactNode> = {
    live: <LiveFlows follow={follow} />,
    history: <History filters={filters} />,
    top: <TopTalkers filters={filters} onPick={set} />,
  };
  return (
    <Page title={t("title")} help="flow">
      <FilterBar filters={filters} onChange={set} />
      <FlowChart filters={filters} />
      <Tabs
        activeKey={filters.tab}
        onChange={(tab) => set({ tab: tab as Tab })}
        destroyOnHidden
        items={tabs.map((key) => ({
          key,
          label: t(`tab.${key}`),
          children: (
            <Flex vertical gap="middle">
              {key === filters.tab && content[key]}
            </Flex>
          ),
        }))}
      />
    </Page>
  );
}
