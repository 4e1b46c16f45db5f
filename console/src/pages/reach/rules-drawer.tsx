// SPDX-License-Identifier: Apache-2.0
// What a zone reaches on a cluster, and the rules that let it.
import { Card, Drawer, Empty, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { useQueries } from "@tanstack/react-query";
import { $api, type Schemas } from "../../api/client";
import { GroupLink } from "../../components/group-link";
import { traceLink } from "../../components/links";
import { ProblemAlert } from "../../components/problem";
import { Waiting } from "../../components/waiting";
import { useNarrow } from "../../theme/theme";
import { serviceOf, sourceQuery } from "./matrix";
import { probeOf } from "./probe";
import type { Selection } from "./use-reach";
import { useMatrix } from "./use-reach";
import { useZoneName } from "./zone";

type Item = Schemas["Reach"]["items"][number];
type Because = NonNullable<Item["because"]>[number];

/** Most boxes that are drawn; more than that nobody reads. */
const SHOWN_MAX = 100;

export function RulesDrawer({ selection, onClose }: { selection: Selection | null; onClose: () => void }) {
  const { t } = useTranslation("reach");
  const narrow = useNarrow();
  const zoneName = useZoneName();
  const { matrix } = useMatrix();
  const zone = matrix.data?.zones.find(({ id }) => id === selection?.from);

  return (
    <Drawer
      open={selection !== null}
      onClose={onClose}
      size={narrow ? "100%" : 640}
      destroyOnHidden
      title={
        selection &&
        t("rules-title", { zone: zone ? zoneName(zone) : selection.from, cluster: selection.to })
      }
    >
      {selection && <Rules selection={selection} />}
    </Drawer>
  );
}

function Rules({ selection }: { selection: Selection }) {
  const { t } = useTranslation("reach");
  const from = sourceQuery(selection.from, selection.to);
  const services = selection.services.length ? selection.services : [undefined];
  const answers = useQueries({
    queries: services.map((service) =>
      $api.queryOptions("get", "/v1/reach", {
        params: { query: { from, to: `cluster:${selection.to}`, service, because: true } },
      }),
    ),
  });
  const failed = answers.find(({ error }) => error);
  const items = answers.flatMap(({ data }) => data?.items ?? []);

  if (failed) return <ProblemAlert error={failed.error} onRetry={() => void failed.refetch()} />;
  if (answers.some(({ data }) => data === undefined)) return <Waiting />;
  if (items.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("nothing-here")} />;
  return (
    <Flex vertical gap="small">
      <Typography.Text type="secondary">{t("rules-meaning")}</Typography.Text>
      {items.slice(0, SHOWN_MAX).map((item, index) => (
        <Box key={index} item={item} />
      ))}
      {items.length > SHOWN_MAX && <span>{t("more", { count: items.length - SHOWN_MAX })}</span>}
    </Flex>
  );
}

/** One box: sources, service, nodes, and what accepts it. */
function Box({ item }: { item: Item }) {
  const { t } = useTranslation("reach");
  const probe = probeOf(item);
  return (
    <Card
      size="small"
      title={<span className="mono">{serviceOf(item)}</span>}
      extra={probe && <Link to={traceLink(probe.from, probe.to)}>{t("why")}</Link>}
    >
      <dl className="facts">
        <dt>{t("from")}</dt>
        <dd>
          <Cidrs list={item.remotes} />
          {item.except?.length ? (
            <>
              {" "}
              <Typography.Text type="secondary">{t("except")}</Typography.Text> <Cidrs list={item.except} />
            </>
          ) : null}
        </dd>
        <dt>{t("on")}</dt>
        <dd>
          {item.nodes.join(", ")} · {item.interface}
        </dd>
        <dt>{t("because")}</dt>
        <dd>
          <Flex vertical gap={6}>
            {item.because?.map((because) => <Cause key={`${because.cause} ${because.group}`} because={because} />)}
            {item.because_omitted ? <span>{t("more", { count: item.because_omitted })}</span> : null}
          </Flex>
        </dd>
      </dl>
    </Card>
  );
}

function Cidrs({ list }: { list: string[] }) {
  return (
    <Typography.Text className="mono">
      <Typography.Paragraph
        style={{ display: "inline", margin: 0 }}
        ellipsis={list.length > 6 ? { rows: 2, expandable: true } : false}
      >
        {list.join(", ")}
      </Typography.Paragraph>
    </Typography.Text>
  );
}

function Cause({ because }: { because: Because }) {
  const { t } = useTranslation("reach");
  const group = because.group && <GroupLink group={because.group} name={because.group_name} />;
  if (because.text)
    return (
      <Flex vertical>
        <code className="mono">{because.text}</code>
        <Typography.Text type="secondary">
          <span className="mono">{because.cause}</span> · {t("priority", { priority: because.priority })} · {group}
        </Typography.Text>
      </Flex>
    );
  return (
    <span>
      {t(`cause.${because.cause.replace("system:", "")}`, { defaultValue: because.cause })} {group}
    </span>
  );
}
