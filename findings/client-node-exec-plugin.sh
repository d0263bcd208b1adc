#!/usr/bin/env bash
# @kubernetes/client-node 2.0.1 keeps the token of an exec plugin for the life of the process where the plugin gives no
# expirationTimestamp, and looks for a relative command in the working folder.
#
# A good guess: as kubectl and client-go, which run the plugin again after a 401, and resolve a relative command against
# the folder of the kubeconfig (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#configuration).
# Seen: there is no way to say that a token was refused; a plugin beside the kubeconfig is not found from elsewhere.
#
# Output seen with node 24.21.0:
#   absolute command: 3 requests, 1 run
#   relative command: ENOENT
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact @kubernetes/client-node@2.0.1 node@24.21.0 >/dev/null
mkdir config
cat >config/plugin <<'SH'
#!/bin/sh
echo run >> "$(dirname "$0")/runs"
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"example"}}'
SH
chmod +x config/plugin
cat >try.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';

const configFor = (command) => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
  const text = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443' } }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
  writeFileSync('config/kubeconfig', text);
  const config = new KubeConfig();
  config.loadFromFile('config/kubeconfig');
  return config;
};

const absolute = configFor(`${process.cwd()}/config/plugin`);
for (let request = 0; request < 3; request += 1) await absolute.applyToHTTPSOptions({});
const runs = readFileSync('config/runs', 'utf8').trim().split('\n').length;
console.log(`absolute command: 3 requests, ${runs} run${runs === 1 ? '' : 's'}`);
const relative = await configFor('./plugin').applyToHTTPSOptions({}).then(
  () => 'found',
  (error) => error.code,
);
console.log(`relative command: ${relative}`);
JS
expected='absolute command: 3 requests, 1 run
relative command: ENOENT'
actual=$(./node_modules/.bin/node try.mjs)
echo "$actual"
[ "$actual" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
