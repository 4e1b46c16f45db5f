// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { Form, Typography } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { toApiError } from "../../api/problem";
import { preview } from "../../change/request";
import { Waiting } from "../../components/waiting";
import { looksLikeCidr } from "../../model/cidr";
import { type ClusterValues, creationOf } from "./values";

/** A name is needed to ask, but does not matter to the rules; nobody has this one. */
const NAME = `rules-${crypto.randomUUID()}`;

/** How long typing pauses before the server is asked. */
const PAUSE_MS = 300;

function usePaused<T>(value: T): T {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return paused;
}

/** The rules that the cluster would get, asked of the server. */
export function RulePreview() {
  const values = Form.useWatch([], Form.useFormInstance<ClusterValues>()) as ClusterValues | undefined;
  return values ? <Preview values={values} /> : null;
}

function Preview({ values }: { values: ClusterValues }) {
  const { t } = useTranslation("clusters");
  const text = usePaused(JSON.stringify(creationOf({ ...values, name: NAME })));
  const body = JSON.parse(text) as ReturnType<typeof creationOf>;
  const complete = Boolean(body.network) && [...(body.container_cidrs ?? []), ...(body.management_cidrs ?? [])].every(looksLikeCidr);
  const rules = useQuery({
    queryKey: ["cluster-preview", text],
    enabled: complete,
    retry: false,
    placeholderData: (last: string[] | undefined) => last,
    queryFn: async () => {
      const change = await preview({ method: "post", path: "/v1/clusters", body });
      return (change.diff ?? []).map(({ rule }) => rule);
    },
  });

  return (
    <section aria-live="polite" className="rule-preview">
      <Typography.Title level={2} style={{ fontSize: 14, margin: "0 0 8px" }}>
        {t("create.rules")}
      </Typography.Title>
      {!complete && <Typography.Text type="secondary">{t("create.rules-later")}</Typography.Text>}
      {complete && rules.error && <Typography.Text type="danger">{toApiError(rules.error).message}</Typography.Text>}
      {complete && !rules.error && !rules.data && <Waiting />}
      {complete && rules.data && (
        <ul className="mono">
          {rules.data.map((rule) => (
            <li key={rule}>{rule}</li>
          ))}
        </ul>
      )}
      {complete && rules.data && <Typography.Text type="secondary">{t("create.rules-note")}</Typography.Text>}
    </section>
  );
}
