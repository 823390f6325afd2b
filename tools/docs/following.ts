/** How a control plane follows verdicts: told in docs/api.md. */
import { defaultHolds } from '#vitald/config/access-schema.js';
import type { Change } from '#vitald/messages.js';
import { mostListeners } from '#vitald/front/api/listeners-filter.js';
import { longestWaitMs } from '#vitald/front/api/status.js';

const changeTypes: readonly Change['what'][] = ['added', 'state', 'routing', 'weight', 'stale', 'removed'];

/** The part of docs/api.md on polling and events. @param base address of the API in its examples */
export function followingMarkdown(base: string): string {
  return `## Following changes

There are two ways; both lose nothing, and both end with the daemon’s state whatever is cut off, slow or restarted between.

| | polling | events |
|---|---|---|
| call | \`/v1/status?since=REVISION&epoch=EPOCH&wait=30s\` | \`/v1/status\`, then \`/v1/events?since=REVISION&epoch=EPOCH\` |
| a backend that flaps | is listed once, with its present state | each change is an event |
| needs | any HTTP client | a client for server-sent events (browsers have one: \`EventSource\`) |
| good for | load balancers, and whatever has a state to bring up to date | people, logs, chat, dashboards |

${revisionAndEpoch}

${polling(base)}

${events(base)}`;
}

const revisionAndEpoch = `### Revision and epoch

A \`revision\` counts the changes of one vitald process. An \`epoch\` names that process: it is random for each start, and every answer of
\`/v1/status\` has it. Two daemons that started in the same second give out the same revisions for different changes, so a revision means
something only together with its epoch.

- Send back both, as \`since=REVISION&epoch=EPOCH\`. If a restart, a virtual address or a load balancer leads the request to another process,
  the answer is complete, and it comes at once, also with \`wait\`.
- \`since\` without \`epoch\` works as it does with one daemon at one address. It is not safe where another daemon may answer.
- An epoch is 1 to 64 letters, digits, \`-\` and \`_\`; treat it as opaque. Revisions of different epochs cannot be compared.
- The epoch outlives a reload and a crash of the API thread. It does not outlive the process, even where \`state_dir\` keeps the verdicts:
  what changed after a revision is known only to the process that gave it out.`;

function polling(base: string): string {
  return `### Polling

Ask once for everything, then again and again with the \`revision\` and \`epoch\` of the answer before. With \`wait\` the answer is held until
something changes (at most ${longestWaitMs / 60_000} minutes; longer waits are cut to that), so that a change arrives at once and an idle system costs nothing.

\`\`\`sh
known=
while :; do
  answer=$(curl -sf --max-time 40 "${base}/v1/status?wait=30s$known") || { sleep 1; continue; }
  known=$(printf '%s' "$answer" | jq -r '"&since=\\(.revision)&epoch=\\(.epoch)"')
  printf '%s' "$answer" | jq -r '.backends[] | "\\(.listener)/\\(.backend) \\(.state) routable=\\(.routable)"'
  printf '%s' "$answer" | jq -r '.removed[] | "\\(.listener)/\\(.backend) removed"'
done
\`\`\`

- \`complete: true\`: \`backends\` are all there are. Forget every other. The first answer is complete, and so is one whose \`since\` is
  not known: after a restart of the daemon, after too long a time, or with the epoch of another daemon.
- \`complete: false\`: replace what is listed in \`backends\`, forget what is listed in \`removed\`, keep the rest.
- A poller that applies each answer in turn never misses a change. A change is one of state, routing, weight or membership;
  \`last_probe\` and \`run\` move with every probe and do not end a wait.
- An answer may be lost: ask again with the same \`since\` and \`epoch\`.
- Whom only some listeners concern, asks with \`listener=NAME\`, up to ${mostListeners} times: \`&listener=web&listener=dns\`. The revision is the one
  of all listeners, so that the next \`since\` is right. A name that does not exist is answered with 404, because it must not look like
  a listener without backends. A listener that a reload took away is answered once more, with its backends in \`removed\`.

Instead of \`since\`, or with it, the \`ETag\` of an answer can be sent as \`If-None-Match\`. 304 then means: what you know is still true. The
tag is weak. It names state, routing, weight and membership of the backends that were asked for, not the bytes of an answer, so it is the
same with \`since\` and without, and a wait that ends without a change is a 304 too. No two epochs share a tag, and a request with the
epoch of another daemon is never answered with 304.

\`\`\`sh
curl -s --etag-save /tmp/tag --etag-compare /tmp/tag ${base}/v1/status
\`\`\`

Answers of 1 KiB and more come in gzip to clients that send \`Accept-Encoding: gzip\`, all pollers that are released together get the same bytes.`;
}

function events(base: string): string {
  return `### Events

\`\`\`sh
known=$(curl -s ${base}/v1/status | jq -r '"since=\\(.revision)&epoch=\\(.epoch)"')
curl -sN "${base}/v1/events?$known"
\`\`\`

\`\`\`
id: 9f86d081884c7d65:1763723640000118
event: state
data: {"checker":"lb-1","listener":"web","backend":"app-2",…,"from":"healthy","to":"unhealthy","routable":false,…}
\`\`\`

- The type says what changed: ${changeTypes.map((type) => `\`${type}\``).join(', ')}. The data is an [Event](#event): the change, and all that traffic is routed by from
  then on. The event’s id is \`EPOCH:REVISION\`, with the \`revision\` of its data.
- \`reset\` says: start over. Forget what you know, read \`/v1/status\` (again, until its \`epoch\` is that of the reset: another daemon may have
  answered), and go on with the events that come on the same connection; skip those whose revision is not above that of the status. Its data
  is a [Reset](#reset). It has no id: a reader that loses the connection before it has started over gets it again.
- A connection may be lost: connect again with the last id as \`Last-Event-ID\` (an \`EventSource\` does so by itself), and nothing is missed. vitald
  keeps the last 8 MiB of events, some 20,000. After a restart of vitald, after more than that, and at another daemon there is a \`reset\`.
  A bare revision as \`Last-Event-ID\`, as versions before epochs gave out, is taken for one of this process.
- A slow reader does not delay others. Its connection takes what it can; when what it is to get next is not kept any more, it gets a
  \`reset\`. One that takes nothing at all for a minute is disconnected.
- A comment line every 15 s shows that the connection lives. After 45 s without anything, connect anew. A proxy between must pass on
  what comes at once, and wait longer than that; nginx does as \`X-Accel-Buffering: no\` in the answer asks for.
- There can be ${defaultHolds.streams} readers at a time, ${defaultHolds.streamsPerCaller} of one caller (\`server.limits\`); the next one gets 503 with the code
  \`event_reader_limit\`, or 429 with \`limit_reached\`.`;
}
