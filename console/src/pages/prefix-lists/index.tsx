// SPDX-License-Identifier: Apache-2.0
import { PlusOutlined } from "@ant-design/icons";
import { Button, Empty } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import type { Schemas } from "../../api/client";
import { useCollection } from "../../api/collect";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { SearchBox } from "../../components/search";
import { useMay } from "../../session/session";
import { PrefixListForm } from "./form";
import { PrefixListRow } from "./row";

export default function PrefixLists() {
  const { t } = useTranslation("prefix-lists");
  const lists = useCollection("/v1/prefix-lists");
  const [params] = useSearchParams();
  const [form, setForm] = useState<{ list?: Schemas["PrefixList"] } | null>(null);
  const may = useMay("operator");
  const text = (params.get("q") ?? "").trim().toLowerCase();
  const shown = useMemo(
    () =>
      (lists.data ?? [])
        .filter(({ id, name, cidrs }) => [id, name, ...cidrs].some((part) => part.toLowerCase().includes(text)))
        .sort((a, b) => a.name.localeCompare(b.name)),
    [lists.data, text],
  );

  return (
    <Page
      title={t("title")}
      actions={
        may && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setForm({})}>
            {t("create")}
          </Button>
        )
      }
    >
      <span>{t("hint")}</span>
      <SearchBox label={t("search")} />
      <Loaded query={lists}>
        {(all) =>
          shown.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(all.length ? "none-found" : "none")} />
          ) : (
            <ul className="plain-rows">
              {shown.map((list) => (
                <li key={list.id}>
                  <PrefixListRow list={list} onEdit={may ? () => setForm({ list }) : undefined} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {form && <PrefixListForm list={form.list} onClose={() => setForm(null)} />}
    </Page>
  );
}
