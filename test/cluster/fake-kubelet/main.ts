/** The kubelet of every node, without containers: `main.ts KUBECONFIG`, until it is killed. */
import { ApiServer } from './api-server.ts';
import { playNodes } from './nodes.ts';
import { playPods } from './pods.ts';

const [kubeconfigPath = ''] = process.argv.slice(2);
const api = await ApiServer.of(kubeconfigPath);
await Promise.all([playNodes(api), playPods(api)]);
