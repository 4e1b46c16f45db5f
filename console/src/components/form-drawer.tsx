// SPDX-License-Identifier: Apache-2.0
import { Button, Drawer, Flex, Form } from "antd";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../theme/theme";
import { ProblemAlert } from "./problem";

type Props<T> = {
  open: boolean;
  title: string;
  /** What the form begins with, each time it is opened. */
  initial: Partial<T>;
  submit: string;
  busy?: boolean;
  /** What the server refused. */
  error?: unknown;
  width?: number;
  onSubmit: (values: T) => void;
  onClose: () => void;
  children: ReactNode;
};

/** A form at the side of the page; what it is about stays in sight. Each opening has a form of its own. */
export function FormDrawer<T extends object>(props: Props<T>) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const id = useId();
  return (
    <Drawer
      open={props.open}
      title={props.title}
      size={narrow ? "100%" : (props.width ?? 520)}
      onClose={props.onClose}
      destroyOnHidden
      footer={
        <Flex gap="small" justify="end">
          <Button onClick={props.onClose}>{t("cancel")}</Button>
          <Button type="primary" htmlType="submit" form={id} loading={props.busy}>
            {props.submit}
          </Button>
        </Flex>
      }
    >
      <Form<T>
        id={id}
        layout="vertical"
        initialValues={props.initial}
        scrollToFirstError={{ focus: true }}
        onFinish={props.onSubmit}
        requiredMark={false}
      >
        {props.children}
      </Form>
      {props.error ? <ProblemAlert error={props.error} /> : null}
    </Drawer>
  );
}
