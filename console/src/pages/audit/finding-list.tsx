// SPDX-License-Identifier: Apache-2.0
import { CheckOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Table, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router-dom";
import { useCheckText } from "../../components/check-text";
import { clusterLink, groupLink, tightenLink } from "../../components/links";
import { SeverityTag } from "../../components/marks";
import { useMay } from "../../session/session";
import { useNarrow } from "../../theme/theme";
import { FindingDetail } from "./finding-detail";
import { type Finding, findingKey, type Subject } from "./findings";

type Props = { items: Finding[]; onSuppress: (finding: Finding) => void };

const PAGE = 100;

export function FindingList(props: Props) {
  return useNarrow() ? <Cards {...props} /> : <Wide {...props} />;
}

export function SubjectLink({ subject }: { subject: Subject }) {
  return (
    <Link to={subject.kind === "cluster" ? clusterLink(subject.id) : groupLink(subject.id)}>{subject.name}</Link>
  );
}

/** What was found, in two lines, and how it is marked. */
function What({ finding }: { finding: Finding }) {
  const { t } = useTranslation("audit");
  const text = useCheckText()(finding);
  return (
    <Flex vertical gap={2}>
      <Typography.Text strong className="audit-title">
        {text.title}
      </Typography.Text>
      <span>
        {finding.detail} {finding.default && <Tag variant="outlined">{t("default")}</Tag>}
      </span>
      {finding.suppressed !== undefined && (
        <Typography.Text type="secondary">
          <CheckOutlined aria-hidden /> {t("accepted-because", { reason: finding.suppressed })}
        </Typography.Text>
      )}
    </Flex>
  );
}

function Acts({ finding, onSuppress }: { finding: Finding; onSuppress: (finding: Finding) => void }) {
  const { t } = useTranslation("audit");
  const operator = useMay("operator");
  const navigate = useNavigate();
  const title = useCheckText()(finding).title;
  const canTighten = finding.check === "all-ports-open" && finding.subject.kind === "cluster";
  return (
    <Flex gap={6} wrap>
      {canTighten && (
        <Button size="small" type="primary" onClick={() => void navigate(tightenLink(finding.subject.id))}>
          {t("tighten")}
        </Button>
      )}
      {operator && finding.suppressed === undefined && (
        <Button
          size="small"
          onClick={() => onSuppress(finding)}
          aria-label={t("accept-of", { title, subject: finding.subject.name })}
        >
          {t("accept")}
        </Button>
      )}
    </Flex>
  );
}

function Wide({ items, onSuppress }: Props) {
  const { t } = useTranslation("audit");
  return (
    <Table<Finding>
      size="small"
      rowKey={findingKey}
      dataSource={items}
      pagination={items.length > PAGE ? { pageSize: PAGE, showSizeChanger: false } : false}
      expandable={{
        columnTitle: <span className="unseen">{t("more")}</span>,
        expandedRowRender: (finding) => <FindingDetail finding={finding} />,
        expandRowByClick: true,
      }}
      columns={[
        { title: t("severity"), width: 110, render: (_, { severity }) => <SeverityTag severity={severity} /> },
        { title: t("finding"), render: (_, finding) => <What finding={finding} /> },
        { title: t("where"), width: 200, render: (_, { subject }) => <SubjectLink subject={subject} /> },
        {
          key: "acts",
          title: <span className="unseen">{t("common:actions")}</span>,
          width: 190,
          onCell: () => ({ onClick: (event) => event.stopPropagation() }),
          render: (_, finding) => <Acts finding={finding} onSuppress={onSuppress} />,
        },
      ]}
    />
  );
}

function Cards({ items, onSuppress }: Props) {
  const { t } = useTranslation("audit");
  return (
    <Flex vertical gap={8}>
      {items.slice(0, PAGE * 5).map((finding) => (
        <Card key={findingKey(finding)} size="small">
          <Flex vertical gap={8}>
            <Flex justify="space-between" gap={8} wrap>
              <SeverityTag severity={finding.severity} />
              <SubjectLink subject={finding.subject} />
            </Flex>
            <What finding={finding} />
            <details>
              <summary>{t("more")}</summary>
              <FindingDetail finding={finding} />
            </details>
            <Acts finding={finding} onSuppress={onSuppress} />
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}
