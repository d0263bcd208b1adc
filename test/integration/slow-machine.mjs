// Loaded before a program by `--import`: it stands still for STILL_MS whenever a server in it gets a request, as a process
// does on a machine that is busy with others.
import { Server } from 'node:http';

const stillMs = Number(process.env.STILL_MS);
const { emit } = Server.prototype;

Server.prototype.emit = function (event, ...args) {
  if (event === 'request') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stillMs);
  return emit.call(this, event, ...args);
};
