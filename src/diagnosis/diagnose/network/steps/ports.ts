/** The same SYN to the check port, to the port of the service, and to ports that are surely closed. */
import type { Step } from '../../step.js';
import { askPorts, patient, wayOf } from '../asking.js';
import { layerOf } from '../layer.js';

/** tcpmux is used by nobody any more; the other is in no list of services, and below what systems give out by themselves. */
const closedPorts = [1, 29_873] as const;

export const portsStep: Step = {
  name: 'the same SYN to other ports',
  async run({ subject, facts, signal }) {
    const overTcp = layerOf(subject) === 'tcp';
    const { checkPort, port } = subject;
    const service = (port !== checkPort || !overTcp) && port > 0 ? [port] : [];
    const checked = overTcp ? [checkPort] : [];
    const closed = closedPorts.filter((one) => one !== checkPort && one !== port);
    const answers = await askPorts(wayOf(subject), [...checked, ...service, ...closed], patient, signal);
    const [checkAnswer] = answers.filter(({ port }) => checked.includes(port));
    const [serviceAnswer] = answers.filter(({ port }) => service.includes(port));
    // A port that is open after all proves nothing by being so; the one that answered says most.
    const stillClosed = answers.filter(({ port, answer }) => closed.some((one) => one === port) && answer !== 'open');
    const closedAnswer = stillClosed.find(({ answer }) => answer !== 'silent') ?? stillClosed[0];
    if (checkAnswer !== undefined) facts.network.checkPort = checkAnswer;
    if (serviceAnswer !== undefined) facts.network.servicePort = serviceAnswer;
    if (closedAnswer !== undefined) facts.network.closedPort = closedAnswer;
    const told = [checkAnswer, serviceAnswer, closedAnswer].filter((answer) => answer !== undefined);
    return told.map((answer) => `${String(answer.port)}${answer === closedAnswer ? ' (surely closed)' : ''}: ${answer.detail}`).join('; ');
  },
};
