// Runs in a pod: reports what a mounted file says, at its start and whenever that changes.
import { readFileSync, watch } from 'node:fs';

const { FILE, HOSTNAME, REPORT_URL } = process.env;
let told;

function look() {
  const text = read();
  if (text === told) return;
  told = text;
  void fetch(REPORT_URL, { method: 'POST', body: JSON.stringify({ pod: HOSTNAME, time: Date.now(), text }) });
}

function read() {
  try {
    return readFileSync(FILE, 'utf8');
  } catch {
    return '';
  }
}

// The kubelet never writes a mounted file: it swaps the folder that a link of the volume leads to.
watch(FILE.slice(0, FILE.lastIndexOf('/')), look);
look();
process.on('SIGTERM', () => process.exit(0));
