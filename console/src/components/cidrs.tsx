// SPDX-License-Identifier: Apache-2.0
import { Select } from "antd";
import { splitCidrs } from "../model/cidr";

type Props = {
  id?: string;
  value?: string[];
  onChange?: (value: string[]) => void;
  placeholder?: string;
  "aria-label"?: string;
};

/** Addresses or CIDRs, any number: typed one by one, or pasted together. */
export function CidrsInput({ value, onChange, ...rest }: Props) {
  return (
    <Select
      {...rest}
      mode="tags"
      className="mono"
      value={value ?? []}
      onChange={(entered: string[]) => onChange?.(splitCidrs(entered))}
      open={false}
      suffixIcon={null}
      tokenSeparators={[",", " ", ";", "\n"]}
      style={{ width: "100%" }}
    />
  );
}
