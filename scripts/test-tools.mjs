/**
 * Fetches the programs that the lab and the end-to-end tests use: on Debian, as root, by apt-get. What is there already
 * is not touched, and then no network is needed. Nothing fails for lack of a tool: its tests skip, and say so.
 *
 *   node scripts/test-tools.mjs
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs by the Debian package that brings them, and the tests that cannot do without. */
const tools = [
  { packageName: 'util-linux', programs: ['setpriv'], usedBy: 'every test that starts the daemon' },
  { packageName: 'iproute2', programs: ['ip', 'ss'], usedBy: 'test/lab, test/e2e/prometheus and prometheus-sd' },
  { packageName: 'nftables', programs: ['nft'], usedBy: 'test/lab' },
  { packageName: 'iputils-ping', programs: ['ping'], usedBy: 'test/lab' },
  { packageName: 'nginx-light', programs: ['nginx'], usedBy: 'test/lab/http, source and wire, test/e2e/nginx-*' },
  { packageName: 'tcpdump', programs: ['tcpdump'], usedBy: 'test/lab/wire' },
  { packageName: 'openssl', programs: ['openssl'], usedBy: 'test/front/listen/tls' },
  { packageName: 'curl', programs: ['curl'], usedBy: 'test/front/listen/unix-socket' },
  { packageName: 'prometheus', programs: ['prometheus', 'promtool'], usedBy: 'test/e2e/prometheus and prometheus-sd' },
  { packageName: 'haproxy', programs: ['haproxy'], usedBy: 'test/e2e/haproxy-*, the short benchmark' },
  { packageName: 'prometheus-alertmanager', programs: ['prometheus-alertmanager', 'amtool'], usedBy: 'test/e2e/alertmanager' },
];

/** What the short benchmark compares vitald with; it runs in continuous integration only. */
const benchTools = [{ packageName: 'fping', programs: ['fping'], usedBy: 'the short benchmark' }];

const wanted = process.env.CI === 'true' ? [...tools, ...benchTools] : tools;

/** Debian has some of them where an ordinary user's PATH does not look. */
const folders = [...new Set([...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'])].filter(Boolean);

function isInstalled(program) {
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const missingTools = () => wanted.filter(({ programs }) => !programs.every(isInstalled));

/** @returns why it failed; undefined where it did not */
function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error, stderr, stdout } = spawnSync('apt-get', ['-q', '-y', ...args], { env, encoding: 'utf8' });
  if (error) return error.message;
  return status === 0 ? undefined : `${stderr}${stdout}`.trim().split('\n').slice(-5).join('\n');
}

/** Debian starts services as it installs them, unless this file says no; the tests want programs, not services. */
const policyFile = '/usr/sbin/policy-rc.d';

function withoutStartingServices(install) {
  const isOurs = !existsSync(policyFile);
  if (isOurs) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return install();
  } finally {
    if (isOurs) rmSync(policyFile, { force: true });
  }
}

function install(packages) {
  console.error(`test tools: installing ${packages.join(', ')} (once)`);
  return withoutStartingServices(() => apt('update') ?? apt('install', '--no-install-recommends', ...packages));
}

/** Installs what is missing, if this machine allows it. @returns why it could not; undefined if it could */
function tryToInstall(packages) {
  if (process.getuid?.() !== 0) return 'only root can install them';
  return isInstalled('apt-get') ? install(packages) : 'there is no apt-get';
}

const missing = missingTools();
if (missing.length > 0) {
  const problem = tryToInstall(missing.map(({ packageName }) => packageName));
  if (problem !== undefined) console.error(`test tools: ${problem}`);
  for (const { programs, usedBy, packageName } of missingTools()) {
    const names = programs.filter((program) => !isInstalled(program)).join(', ');
    console.error(`test tools: without ${names} (Debian: ${packageName}) tests are skipped: ${usedBy}`);
  }
}
