#!/usr/bin/env bash
# A CronJob and croner open the same schedule on other days: robfig/cron 3.0.1, which the CronJob controller of Kubernetes
# uses, leaves a day out when the clocks go forward, and runs a daily job twice when they go back.
#
# A good guess: five cron fields and a time zone say the same everywhere, and a daily job runs once on each day.
# Seen: of "30 2 * * *" in Berlin robfig/cron has nothing on the day on which 02:30 does not exist, and two runs, an hour
# apart, on the day on which it exists twice. In Santiago the clocks change at midnight, so "0 0 * * *" has no run on a day.
# croner 11.0.1 runs each once, right after the gap, and at the first of the two times. A backup by a CronJob and a
# maintenance window by croner that are written alike are not at the same time then.
#
# Output seen with go 1.26 and node 24.21.0:
#   robfig 30 2 * * * Europe/Berlin 2027-03-29T00:30Z 2027-03-30T00:30Z
#   robfig 30 2 * * * Europe/Berlin 2027-10-31T00:30Z 2027-10-31T01:30Z
#   robfig 0 0 * * * America/Santiago 2026-09-07T03:00Z 2026-09-08T03:00Z
#   croner 30 2 * * * Europe/Berlin 2027-03-28T01:00Z 2027-03-29T00:30Z
#   croner 30 2 * * * Europe/Berlin 2027-10-31T00:30Z 2027-11-01T01:30Z
#   croner 0 0 * * * America/Santiago 2026-09-06T04:00Z 2026-09-07T03:00Z
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >cases <<'CASES'
30 2 * * *;Europe/Berlin;2027-03-27T12:00:00Z
30 2 * * *;Europe/Berlin;2027-10-30T12:00:00Z
0 0 * * *;America/Santiago;2026-09-05T12:00:00Z
CASES
go mod init example.invalid/try >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ";")
		schedule, err := cron.ParseStandard("CRON_TZ=" + fields[1] + " " + fields[0])
		if err != nil {
			log.Fatal(err)
		}
		next, err := time.Parse(time.RFC3339, fields[2])
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("robfig %s %s", fields[0], fields[1])
		for range 2 {
			next = schedule.Next(next)
			fmt.Print(next.UTC().Format(" 2006-01-02T15:04Z"))
		}
		fmt.Println()
	}
}
GO
go get github.com/robfig/cron/v3@v3.0.1 >/dev/null 2>&1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact croner@11.0.1 node@24.21.0 >/dev/null
cat >main.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { Cron } from 'croner';

for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
  const [schedule, timezone, from] = line.split(';');
  const runs = new Cron(schedule, { timezone, paused: true }).nextRuns(2, new Date(from));
  console.log(['croner', schedule, timezone, ...runs.map((run) => `${run.toISOString().slice(0, 16)}Z`)].join(' '));
}
JS
actual=$(go run . <cases; PATH="$PWD/node_modules/.bin:$PATH" node main.mjs <cases)
echo "$actual"
expected='robfig 30 2 * * * Europe/Berlin 2027-03-29T00:30Z 2027-03-30T00:30Z
robfig 30 2 * * * Europe/Berlin 2027-10-31T00:30Z 2027-10-31T01:30Z
robfig 0 0 * * * America/Santiago 2026-09-07T03:00Z 2026-09-08T03:00Z
croner 30 2 * * * Europe/Berlin 2027-03-28T01:00Z 2027-03-29T00:30Z
croner 30 2 * * * Europe/Berlin 2027-10-31T00:30Z 2027-11-01T01:30Z
croner 0 0 * * * America/Santiago 2026-09-06T04:00Z 2026-09-07T03:00Z'
[ "$actual" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
