#!/usr/bin/env bash
# `format: date-time` in a CRD takes texts that are no RFC 3339 time and that JavaScript cannot read.
#
# A good guess: what the API server has taken under `format: date-time` is a time, and Date.parse reads it.
# Seen: k8s.io/kube-openapi (the version of Kubernetes 1.37.2), which the API server validates formats with, checks that
# a text begins as a time. The comma of GNU `date --iso-8601=ns` and an offset of 25 hours pass; Date.parse answers NaN,
# which is neither before nor after anything. A rule of CEL on the text (matches) is what tells them apart.
#
# Output seen with go 1.26 and node 24.21.0:
#   2026-11-28T17:00:00Z              IsDateTime true   Date.parse 1795885200000
#   2026-11-28T17:00:00,123+00:00     IsDateTime true   Date.parse NaN
#   2026-11-28T17:00:00+25:00         IsDateTime true   Date.parse NaN
#   2026-11-28                        IsDateTime false  Date.parse 1795824000000
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
times=('2026-11-28T17:00:00Z' '2026-11-28T17:00:00,123+00:00' '2026-11-28T17:00:00+25:00' '2026-11-28')
go mod init example.invalid/try >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"k8s.io/kube-openapi/pkg/validation/strfmt"
)

func main() {
	for _, text := range os.Args[1:] {
		fmt.Println(strfmt.IsDateTime(text))
	}
}
GO
go get k8s.io/apiserver@v0.37.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
taken=$(go run . "${times[@]}")
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact node@24.21.0 >/dev/null
read=$(./node_modules/.bin/node -p 'process.argv.slice(1).map((text) => Date.parse(text)).join("\n")' "${times[@]}")
actual=$(paste -d' ' <(printf '%s\n' "${times[@]}") <(echo "$taken") <(echo "$read"))
echo "$actual"
expected='2026-11-28T17:00:00Z true 1795885200000
2026-11-28T17:00:00,123+00:00 true NaN
2026-11-28T17:00:00+25:00 true NaN
2026-11-28 false 1795824000000'
[ "$actual" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
