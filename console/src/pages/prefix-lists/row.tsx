// SPDX-License-Identifier: Apache-2.0
import { Button, Flex, Tag, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "../../api/client";
import { useReview } from "../../change/review";
import { Loaded } from "../../components/loaded";
import { Referrers } from "../../components/referrers";
import { saidOf } from "./said";

const SHOWN = 12;

/** A list with its prefixes; who names it is asked when somebody wants to know. */
export function PrefixListRow({ list, onEdit }: { list: Schemas["PrefixList"]; onEdit?: () => void }) {
  const { t } = useTranslation("prefix-lists");
  const [all, setAll] = useState(false);
  const [used, setUsed] = useState(false);
  const cidrs = all ? list.cidrs : list.cidrs.slice(0, SHOWN);
  return (
    <Flex vertical gap="small">
      <Flex justify="space-between" gap="small" wrap>
        <Flex gap="small" align="center" wrap style={{ minWidth: 0 }}>
          <strong style={{ overflowWrap: "anywhere" }}>{list.name}</strong>
          <Tag>IPv{list.family}</Tag>
          <Typography.Text type="secondary" className="mono" style={{ fontSize: 12 }}>
            {list.id}
          </Typography.Text>
        </Flex>
        <Flex gap="small" wrap>
          <Button size="small" aria-expanded={used} onClick={() => setUsed(!used)}>
            {t("used-by")}
          </Button>
          {onEdit && (
            <Button size="small" onClick={onEdit} aria-label={t("edit-list", { name: list.name })}>
              {t("edit")}
            </Button>
          )}
          {onEdit && <DeleteList list={list} />}
        </Flex>
      </Flex>
      {list.description && <Typography.Text type="secondary">{list.description}</Typography.Text>}
      <Flex gap={6} wrap className="mono" align="center">
        {cidrs.map((cidr) => (
          <Tag key={cidr} variant="outlined">
            {cidr}
            {list.entry_descriptions?.[cidr] && (
              <Typography.Text type="secondary"> {list.entry_descriptions[cidr]}</Typography.Text>
            )}
          </Tag>
        ))}
        {list.cidrs.length === 0 && <Typography.Text type="secondary">{t("empty")}</Typography.Text>}
        {!all && list.cidrs.length > SHOWN && (
          <Button type="link" size="small" onClick={() => setAll(true)}>
            {t("show-all", { count: list.cidrs.length })}
          </Button>
        )}
      </Flex>
      {used && <UsedBy id={list.id} />}
    </Flex>
  );
}

function UsedBy({ id }: { id: string }) {
  const { t } = useTranslation("prefix-lists");
  const query = $api.useQuery("get", "/v1/prefix-lists/{ref}/referrers", { params: { path: { ref: id } } });
  return <Loaded query={query}>{(referrers) => <Referrers referrers={referrers} empty={t("unused")} />}</Loaded>;
}

function DeleteList({ list }: { list: Schemas["PrefixList"] }) {
  const { t } = useTranslation("prefix-lists");
  const review = useReview();
  const { id, name, cidrs } = list;
  const remove = () =>
    review({
      title: t("delete-title", { name }),
      destructive: t("delete"),
      note: t("delete-note", { name, count: cidrs.length }),
      request: { method: "delete", path: "/v1/prefix-lists/{ref}", params: { path: { ref: id } } },
      undo: () => ({
        title: t("undo-delete", { name }),
        request: { method: "post", path: "/v1/prefix-lists", body: saidOf(list) },
      }),
    });
  return (
    <Button size="small" danger onClick={() => void remove()} aria-label={t("delete-list", { name })}>
      {t("delete")}
    </Button>
  );
}
