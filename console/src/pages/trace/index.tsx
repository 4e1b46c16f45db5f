// SPDX-License-Identifier: Apache-2.0
// "Why?": whether a packet passes, what decides it on each node, and which rules lost.
import { Card, Empty } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { Answer } from "./answer";
import { QuestionForm } from "./form";
import { fieldsOf, paramsOf, questionOf } from "./question";
import { RuleQuestion } from "./rule-question";
import "./trace.css";
import { useTrace } from "./use-trace";

export default function Trace() {
  const { t } = useTranslation("trace");
  const [params, setParams] = useSearchParams();
  const question = questionOf(params);
  const group = params.get("group");
  const rule = params.get("rule");
  const trace = useTrace(question);

  return (
    <Page title={t("title")}>
      <Card size="small">
        <QuestionForm
          // A new address is a new form: what it shows is what is asked.
          key={params.toString()}
          fields={fieldsOf(question)}
          onAsk={(fields) => setParams(paramsOf(fields))}
        />
      </Card>
      {group && rule && <RuleQuestion group={group} rule={rule} asked={question !== null} trace={trace.data} />}
      {question ? (
        <Loaded query={trace}>{(answer) => <Answer question={question} trace={answer} />}</Loaded>
      ) : (
        !rule && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("empty")} />
      )}
    </Page>
  );
}
