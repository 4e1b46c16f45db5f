#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: unit.py SOURCE_ROOT

What the console's own tests (Vitest) and its compiler say: `npm test` and `npm run check` in console/.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import scratch  # noqa: E402

root = sys.argv[1]
console = os.path.join(root, "console")
if not shutil.which("npm"):
    print("there is no npm: tools/install-deps test")
    sys.exit(77)
if subprocess.run([os.path.join(root, "tools/build-console"), "packages", root], check=False).returncode != 0:
    print("the console's packages are not installed: no registry in reach?")
    sys.exit(77)
types = subprocess.run(["npm", "run", "--silent", "check"], cwd=console, text=True, capture_output=True, check=False)
good = types.returncode == 0
print(f"[{'       OK ' if good else '  FAILED  '}] types_fit_the_api")
if not good:
    print(types.stdout + types.stderr)
with scratch.folder() as folder:
    report = os.path.join(folder, "report.json")
    run = subprocess.run(["node_modules/.bin/vitest", "run", "--reporter=json", f"--outputFile={report}"], cwd=console, text=True,
                         capture_output=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    if not os.path.exists(report):
        sys.exit(run.stdout + run.stderr)
    with open(report, encoding="utf-8") as file:
        results = json.load(file)
failed = []
for module in results["testResults"]:
    where = os.path.relpath(module["name"], os.path.join(console, "src"))
    if module["status"] == "failed" and not module["assertionResults"]:
        failed.append(where)
        print(f"[  FAILED  ] {where}\n{module['message']}")
    for one in module["assertionResults"]:
        name = f"{where}:{one['fullName'].strip().replace(' ', '_')}"
        if one["status"] == "failed":
            failed.append(name)
            print(f"[  FAILED  ] {name}\n" + "\n".join(one["failureMessages"]))
        elif one["status"] == "passed":
            print(f"[       OK ] {name}")
for name in failed:
    print(f"[  FAILED  ] {name}")
sys.exit(0 if good and run.returncode == 0 else 1)
