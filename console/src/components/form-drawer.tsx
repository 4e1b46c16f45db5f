// SPDX-License-Identifier: Apache-2.0
import { Button, Drawer, Flex, Form, type FormInstance } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../theme/theme";
import { ProblemAlert } from "./problem";

type Props<T> = {
  open: boolean;
  title: string;
  form: FormInstance<T>;
  initial: Partial<T>;
  submit: string;
  busy?: boolean;
  /** What the server refused. */
  error?: unknown;
  width?: number;
  onSubmit: (values: T) => void;
  onClose: () => void;
  onChange?: (values: T) => void;
  children: ReactNode;
};

/** A form at the side of the page; what it is about stays in sight. */
export function FormDrawer<T extends object>(props: Props<T>) {
  const { t } = useTranslation();
  const narrow = useNarrow();
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
          <Button type="primary" loading={props.busy} onClick={() => props.form.submit()}>
            {props.submit}
          </Button>
        </Flex>
      }
    >
      <Form<T>
        form={props.form}
        layout="vertical"
        initialValues={props.initial}
        preserve={false}
        scrollToFirstError={{ focus: true }}
        onFinish={props.onSubmit}
        onValuesChange={(_, values) => props.onChange?.(values)}
        requiredMark={false}
      >
        {props.children}
        {/* Enter submits also where the button stands in the footer. */}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </Form>
      {props.error ? <ProblemAlert error={props.error} /> : null}
    </Drawer>
  );
}
