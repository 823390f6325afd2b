/**
 * HEALTHCHECK of the container image: ends with 0 when vitald answers /healthz, else with 1 and a sentence.
 * It asks whether the process serves, not whether backends are healthy: a sick backend is no reason to restart the checker.
 * That credentials are needed is an answer, too.
 */
const url = process.env.VITALD_HEALTH_URL ?? 'http://127.0.0.1:8248/healthz';
/** Less than the container's own limit (--timeout of HEALTHCHECK), so that there is a sentence. */
const timeoutMs = Number(process.env.VITALD_HEALTH_TIMEOUT_MS ?? 3000);

try {
  const { ok, status } = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
  if (!ok && status !== 401) throw new Error(`HTTP ${status}`);
} catch (error) {
  console.error(`${url}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
