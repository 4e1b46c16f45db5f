// SPDX-License-Identifier: Apache-2.0
import { DeleteOutlined, DownloadOutlined, ImportOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Empty, Flex } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import { useRuleHits } from "../../components/charts/use-rule-hits";
import { GroupFrame } from "../../components/group-frame";
import { Loaded } from "../../components/loaded";
import { TabStrip } from "../../components/tab-strip";
import type { Group } from "../../model/group";
import { useNameOf } from "../../model/names";
import type { Rule } from "../../model/rule-text";
import { useMay } from "../../session/session";
import { useNarrow } from "../../theme/theme";
import type { RuleActions } from "./actions";
import { RuleCards } from "./cards";
import { exportText, saveFile } from "./files";
import { fixedOf } from "./fixed";
import { type FormPurpose, RuleForm } from "./form";
import { ImportRules } from "./import";
import { deleteReview } from "./requests";
import "./rules.css";
import { filterRows, sortRows } from "./select";
import { RuleTable } from "./table";
import { isIn, tabOfRule, tabsOf } from "./tabs";
import { Toolbar } from "./toolbar";
import { useRules } from "./use-rules";
import { useView } from "./use-view";

export function RulesOf({ group }: { group: Group }) {
  // Those of the charts as well: a page that is there must not wait again when hits come.
  const { t } = useTranslation(["rules", "charts"]);
  const tabs = tabsOf(group.network?.kind ?? "vpc");
  const { tab: chosenTab, marked, sort, filter, set, setSort } = useView(tabs);
  const { rules, rows } = useRules(group);
  const hits = useRuleHits(group.head.id);
  const nameOf = useNameOf();
  const narrow = useNarrow();
  const may = useMay("operator");
  const review = useReview();
  const [selected, setSelected] = useState<string[]>([]);
  const [form, setForm] = useState<FormPurpose | null>(null);
  const [importing, setImporting] = useState(false);
  const present = rules.data ?? [];
  const tab = chosenTab ?? tabOfRule(tabs, present, marked) ?? tabs[0]!;

  const inTab = useMemo(() => rows.filter(({ rule }) => isIn(tab, rule)), [rows, tab]);
  const shown = useMemo(() => sortRows(filterRows(inTab, filter, nameOf), sort, nameOf), [inTab, filter, sort, nameOf]);
  const fixed = useMemo(() => fixedOf(tab, group.head, group.cluster), [tab, group]);
  const isFiltered = shown.length < inTab.length;
  const chosen = useMemo(() => {
    const ids = new Set(selected);
    return shown.map(({ rule }) => rule).filter(({ id }) => ids.has(id));
  }, [shown, selected]);

  const actions = useMemo<RuleActions | null>(() => {
    const remove = async (gone: Rule[]) => {
      if (await review(deleteReview(t, group, gone, present))) setSelected([]);
    };
    return may
      ? {
          onEdit: (rule) => setForm({ kind: "edit", rule }),
          onClone: (rule) => setForm({ kind: "clone", rule }),
          onDelete: (gone) => void remove(gone),
        }
      : null;
  }, [may, review, t, group, present]);

  const List = narrow ? RuleCards : RuleTable;
  return (
    <GroupFrame
      group={group}
      tab="rules"
      actions={
        <>
          {actions && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setForm({ kind: "add" })}>
              {t("add")}
            </Button>
          )}
          {actions && (
            <Button icon={<ImportOutlined />} onClick={() => setImporting(true)}>
              {t("import")}
            </Button>
          )}
          <Button
            icon={<DownloadOutlined />}
            disabled={present.length === 0}
            onClick={() => saveFile(`${group.name}-rules.json`, exportText(group.head.id, present))}
          >
            {t("export")}
          </Button>
        </>
      }
    >
      <TabStrip
        look="card"
        label={t("tables")}
        active={tab.key}
        onChange={(key) => {
          setSelected([]);
          set("tab", key);
        }}
        items={tabs.map((each) => ({
          key: each.key,
          label: t("tab-count", {
            tab: t(`tab.${each.key}`),
            count: present.filter((rule) => isIn(each, rule)).length,
          }),
        }))}
      />
      <Toolbar filter={filter} sort={sort} shown={shown.length} total={inTab.length} withOrder={narrow} onSet={set} />
      {actions && chosen.length > 0 && (
        <Flex>
          <Button danger icon={<DeleteOutlined />} onClick={() => actions.onDelete(chosen)}>
            {t("delete-count", { count: chosen.length })}
          </Button>
        </Flex>
      )}
      <Loaded query={rules}>
        {() => (
          <>
            {shown.length === 0 && isFiltered && (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("none-found")} />
            )}
            <List
              group={group.head.id}
              before={isFiltered ? [] : fixed.before}
              rows={shown}
              after={isFiltered ? [] : fixed.after}
              nameOf={nameOf}
              hits={hits}
              marked={marked}
              sort={sort}
              onSort={setSort}
              selected={selected}
              onSelect={setSelected}
              actions={actions}
            />
          </>
        )}
      </Loaded>
      {form && (
        <RuleForm
          group={group}
          tab={tab}
          present={present}
          nameOf={nameOf}
          purpose={form}
          onClose={() => setForm(null)}
        />
      )}
      {importing && <ImportRules group={group} present={present} onClose={() => setImporting(false)} />}
    </GroupFrame>
  );
}
