// Runs in a pod that sees the processes of its node, as the user of the operator: kills the operator of one pod.
import { readdirSync, readFileSync } from 'node:fs';

const read = (pid, name) => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0');
  } catch {
    return []; // It has ended, or is another user's.
  }
};

const isOperator = (pid) =>
  read(pid, 'cmdline').includes('cloudsql-ssl-operator.js') &&
  read(pid, 'environ').includes(`HOSTNAME=${process.env.POD}`);

const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOperator(name));
if (pids.length !== 1) throw new Error(`${pids.length} processes are the operator of ${process.env.POD}`);
process.kill(Number(pids[0]), 'SIGKILL');
