// SPDX-License-Identifier: Apache-2.0
import { CheckCircleFilled, WarningFilled } from "@ant-design/icons";
import { Button, Card, Checkbox, Flex, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { hoursAgo, type Plan } from "./options";
import { useWizard } from "./use-plan";

const HOURS = [24, 72, 168, 720];

/** What is known, what is missing, and what people add to it. */
export function EvidencePanel({ plan }: { plan: Plan }) {
  const { t } = useTranslation("tighten");
  const { go } = useWizard();
  return (
    <Flex vertical gap="middle">
      <Card size="small" title={t("known")}>
        <ul className="plain-rows">
          <li>
            <CheckCircleFilled aria-hidden className="tighten-good" /> {t("observed", { count: plan.observed })}
          </li>
          {plan.needs.length === 0 && (
            <li>
              <CheckCircleFilled aria-hidden className="tighten-good" /> {t("enough")}
            </li>
          )}
          {plan.needs.map((need) => (
            <li key={`${need.needs} ${need.node ?? need.load_balancer ?? ""}`}>
              <WarningFilled aria-hidden className="tighten-missing" />{" "}
              {t(`needs.${need.needs}`, { name: need.name ?? "" })}
            </li>
          ))}
        </ul>
        <p className="tighten-note">
          {t("watch-longer")} <Link to={`/flows?cluster=${encodeURIComponent(plan.name ?? plan.cluster)}`}>{t("flows")}</Link>
        </p>
      </Card>
      <Card size="small" title={t("your-part")}>
        <Choices plan={plan} />
      </Card>
      <Flex justify="end">
        <Button type="primary" disabled={plan.state === "blocked"} onClick={() => go("plan")}>
          {t("to-plan")}
        </Button>
      </Flex>
    </Flex>
  );
}

/** What the plan is made with; each change makes it anew. */
function Choices({ plan }: { plan: Plan }) {
  const { t, i18n } = useTranslation("tighten");
  const { options, set } = useWizard();
  const missing = new Set(plan.needs.map(({ needs }) => needs));
  const date = (at: string) =>
    new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));

  return (
    <Form layout="vertical">
      <div className="tighten-choices">
        <Form.Item label={t("since")} extra={t("since-hint")} htmlFor="since">
          <Select<string | number>
            id="since"
            value={options.since ? date(options.since) : ""}
            onChange={(hours) => set({ since: hours === "" ? undefined : hoursAgo(Number(hours), new Date()) })}
            options={[
              { value: "", label: t("all-kept") },
              ...HOURS.map((hours) => ({ value: hours, label: t("last-hours", { count: hours / 24 }) })),
            ]}
          />
        </Form.Item>
        <Services name="need" value={options.need} />
        <Services name="close" value={options.close} />
      </div>
      {(missing.has("flows") || options.without_flows) && (
        <Checkbox
          checked={options.without_flows ?? false}
          onChange={({ target }) => set({ without_flows: target.checked ? "1" : undefined })}
        >
          {t("without-flows")}
        </Checkbox>
      )}
      {(missing.has("listeners") || options.without_listeners) && (
        <Checkbox
          checked={options.without_listeners ?? false}
          onChange={({ target }) => set({ without_listeners: target.checked ? "1" : undefined })}
        >
          {t("without-listeners")}
        </Checkbox>
      )}
    </Form>
  );
}

/** Services as the API takes them: "tcp/443 udp/5000-5010". */
function Services({ name, value }: { name: "need" | "close"; value?: string }) {
  const { t } = useTranslation("tighten");
  const { set } = useWizard();
  return (
    <Form.Item label={t(name)} extra={t(`${name}-hint`)} htmlFor={name}>
      <Input
        id={name}
        key={value}
        defaultValue={value}
        placeholder="tcp/443 udp/5000-5010"
        onBlur={({ target }) => set({ [name]: target.value.trim() })}
        onPressEnter={({ currentTarget }) => set({ [name]: currentTarget.value.trim() })}
      />
    </Form.Item>
  );
}
