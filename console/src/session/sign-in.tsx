// SPDX-License-Identifier: Apache-2.0
import { Button, Card, Flex, Form, Input, Typography } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useLocation, useNavigate } from "react-router-dom";
import { toApiError } from "../api/problem";
import { ProblemAlert } from "../components/problem";
import { Waiting } from "../components/waiting";
import { LanguageSwitch, SchemeSwitch } from "../layout/switches";
import { useSessionState } from "./session";

/** By a key, or by the token of a one-time link, which stands behind '#' so that no server log has it. */
export default function SignIn() {
  const { t } = useTranslation();
  const { state, signIn, askAgain } = useSessionState();
  const { hash, pathname } = useLocation();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const linkTaken = useRef(false);
  const atOwnAddress = pathname === "/sign-in";
  const link = atOwnAddress ? hash.slice(1) : "";

  useEffect(() => {
    // Where nobody could take it, it is kept for when somebody can.
    if (!link || linkTaken.current || state.kind === "asking" || state.kind === "unknown") return;
    linkTaken.current = true;
    navigate("/sign-in", { replace: true }); // the token is used up: not into the history
    setBusy(true);
    signIn({ link })
      .catch((thrown: unknown) => setError(toApiError(thrown)))
      .finally(() => setBusy(false));
  }, [link, state.kind, signIn, navigate]);

  useEffect(() => {
    document.title = `${t("sign-in.title")} · ringwall`;
  }, [t]);

  if (state.kind === "asking" || (link && state.kind !== "unknown")) return <Waiting />;
  if (state.kind === "signed-in" && atOwnAddress) return <Navigate to="/clusters" replace />;

  const submit = async ({ key }: { key: string }) => {
    setBusy(true);
    setError(null);
    try {
      await signIn({ key: key.trim() });
    } catch (thrown) {
      setError(toApiError(thrown));
      setBusy(false);
    }
  };

  return (
    <Flex component="main" vertical align="center" justify="center" gap="large" style={{ minHeight: "100%", padding: 16 }}>
      <Flex align="center" gap="small">
        <img src="/ringwall.svg" alt="" width={36} height={36} />
        <Typography.Title level={1} style={{ margin: 0 }}>
          ringwall
        </Typography.Title>
      </Flex>
      <Card style={{ width: "100%", maxWidth: 420 }}>
        <Flex vertical gap="middle">
          {state.kind === "signed-out" && state.ended && !error && (
            <Typography.Text role="status">{t("sign-in.ended")}</Typography.Text>
          )}
          {state.kind === "unknown" ? (
            <ProblemAlert error={state.error} onRetry={askAgain} />
          ) : (
            <>
              <ProblemAlert error={error} />
              <Form layout="vertical" onFinish={submit} requiredMark={false}>
                <Form.Item
                  name="key"
                  label={t("sign-in.key")}
                  extra={t("sign-in.key-hint")}
                  rules={[{ required: true, message: t("sign-in.key-missing") }]}
                >
                  <Input.Password autoComplete="current-password" autoFocus spellCheck={false} />
                </Form.Item>
                <Button type="primary" htmlType="submit" block loading={busy}>
                  {t("sign-in.title")}
                </Button>
              </Form>
            </>
          )}
        </Flex>
      </Card>
      <Flex gap="small">
        <LanguageSwitch />
        <SchemeSwitch />
      </Flex>
    </Flex>
  );
}
