#!/usr/bin/env bash
# gaxios 8.3.3, the HTTP client below google-auth-library 11.3.4, reads NO_PROXY in a form of its own.
#
# A good guess: NO_PROXY works as for Go, curl and Node, and HTTPS_PROXY is for https URLs alone.
# Seen: an http:// URL is asked through HTTPS_PROXY (by CONNECT). NO_PROXY exempts a host that it names literally, and
# no host by `*`, by a CIDR block, or with a port. So where a proxy is set the metadata server, which tells who the
# machine is, is asked through it unless NO_PROXY names it literally.
#
# Output seen with node 24.21.0, one line for each NO_PROXY:
#   (unset) proxied · 127.0.0.1 direct · * proxied · 127.0.0.0/8 proxied · 127.0.0.1:PORT proxied
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact gaxios@8.3.3 >/dev/null
cat >try.mjs <<'JS'
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Gaxios } from 'gaxios';

const listening = async (server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
};
const seen = [];
const origin = createServer((_request, response) => response.end('direct'));
const proxy = createServer();
proxy.on('connect', (_request, socket) => {
  seen.push('proxied');
  socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
});
const port = await listening(origin);
for (const name of ['HTTP_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']) delete process.env[name];
process.env.HTTPS_PROXY = `http://127.0.0.1:${await listening(proxy)}`;

const rows = [];
for (const rule of [undefined, '127.0.0.1', '*', '127.0.0.0/8', `127.0.0.1:${port}`]) {
  if (rule === undefined) delete process.env.NO_PROXY;
  else process.env.NO_PROXY = rule;
  seen.length = 0;
  await new Gaxios().request({ url: `http://127.0.0.1:${port}/`, retry: false }).catch(() => undefined);
  rows.push(`${(rule ?? '(unset)').replace(String(port), 'PORT')} ${seen[0] ?? 'direct'}`);
}
console.log(rows.join(' · '));
process.exit(0);
JS
expected='(unset) proxied · 127.0.0.1 direct · * proxied · 127.0.0.0/8 proxied · 127.0.0.1:PORT proxied'
actual=$(node try.mjs)
echo "$actual"
[ "$actual" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
