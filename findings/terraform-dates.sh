#!/usr/bin/env bash
# Terraform's yamldecode and kubectl read different values from one unquoted date, and from a number with an underscore.
#
# A good guess: a manifest means the same, whether kubectl applies it or Terraform's kubernetes_manifest by yamldecode.
# Seen: go-cty-yaml (yamldecode) turns the date 2026-10-01 into the text 2026-10-01T00:00:00Z, and leaves 2026_10 a text.
# sigs.k8s.io/yaml (kubectl apply -f, Helm) leaves the date as it is written, and makes 2026_10 the number 202610. Whoever
# moves a manifest from one to the other has changed the field, though nobody edited it; in quotes all read the same.
#
# Output seen with go 1.26, sigs.k8s.io/yaml 1.6.0 and go-cty-yaml 1.2.0:
#   kubectl    {"date":"2026-10-01","month":202610,"quoted":"2026-10-01"}
#   terraform  {"date":"2026-10-01T00:00:00Z","month":"2026_10","quoted":"2026-10-01"}
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
go mod init example.invalid/try >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"

	ctyyaml "github.com/zclconf/go-cty-yaml"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"sigs.k8s.io/yaml"
)

const manifest = "date: 2026-10-01\nmonth: 2026_10\nquoted: \"2026-10-01\"\n"

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	text := []byte(manifest)
	fmt.Printf("kubectl    %s\n", must(yaml.YAMLToJSON(text)))
	kind := must(ctyyaml.ImpliedType(text))
	value := must(ctyyaml.Unmarshal(text, kind))
	fmt.Printf("terraform  %s\n", must(ctyjson.Marshal(value, kind)))
}
GO
go get sigs.k8s.io/yaml@v1.6.0 github.com/zclconf/go-cty-yaml@v1.2.0 github.com/zclconf/go-cty@v1.17.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
actual=$(go run .)
echo "$actual"
expected='kubectl    {"date":"2026-10-01","month":202610,"quoted":"2026-10-01"}
terraform  {"date":"2026-10-01T00:00:00Z","month":"2026_10","quoted":"2026-10-01"}'
[ "$actual" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
