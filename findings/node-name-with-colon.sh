#!/usr/bin/env bash
# Since Node 22.23.0, 24.17.0 and 26.3.1 TLS takes no server name with a colon, though the certificate has just that name.
#
# A good guess: a client that is told to expect the name in the certificate is content with it. And if it is so in one patch
# of an LTS line, it is so in the next.
# Seen: tls.checkServerIdentity makes ASCII of the expected name as of a domain, which of a name with a colon is ''. That
# equals no certificate's name, and the error contradicts itself. Every certificate that a Cloud SQL instance's own CA signs
# is for such a name, `project:instance`: `ssl: { servername }` of node-postgres and postgres.js stopped working.
#
# Output seen:
#   24.16.0: connected
#   24.17.0: Host: acme-prod:orders-db. is not cert's CN: acme-prod:orders-db
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
openssl req -x509 -newkey rsa:2048 -noenc -subj '/CN=acme-prod:orders-db' -keyout key.pem -out cert.pem 2>/dev/null
cat >try.mjs <<'JS'
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:tls';

const [cert, key] = [readFileSync('cert.pem'), readFileSync('key.pem')];
const server = createServer({ cert, key }).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
const client = connect({ host: '127.0.0.1', port, ca: cert, servername: 'acme-prod:orders-db' });
const said = await once(client, 'secureConnect').then(
  () => 'connected',
  ({ reason, message }) => reason ?? message,
);
console.log(`${process.versions.node}: ${said}`);
client.destroy();
server.close();
JS
actual=$(for version in 24.16.0 24.17.0; do
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version" >/dev/null
  "$version/node_modules/node/bin/node" try.mjs
done)
echo "$actual"
expected="24.16.0: connected
24.17.0: Host: acme-prod:orders-db. is not cert's CN: acme-prod:orders-db"
[ "$actual" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
