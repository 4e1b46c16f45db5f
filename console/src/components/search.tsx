// SPDX-License-Identifier: Apache-2.0
import { Input } from "antd";
import { useEffect, useState } from "react";
import { useSearchParams } from "react-router-dom";
import { useAddressChange } from "./address";

/** How long typing pauses before the address follows. */
const PAUSE_MS = 200;

/** A filter by text, kept in the address as 'q'. */
export function SearchBox({ label }: { label: string }) {
  const [params] = useSearchParams();
  const change = useAddressChange();
  const kept = params.get("q") ?? "";
  const [text, setText] = useState(kept);

  useEffect(() => setText(kept), [kept]);
  useEffect(() => {
    if (text === kept) return;
    const timer = setTimeout(() => change({ q: text }, true), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, kept, change]);

  return (
    <Input.Search
      allowClear
      placeholder={label}
      aria-label={label}
      value={text}
      onChange={({ target }) => setText(target.value)}
      style={{ maxWidth: 320 }}
    />
  );
}
