/** Findings whose fault is the configuration of the check: the backend may be in order. */
import { askLocally, listenersOf } from './commands.js';
import type { FindingInfo } from './finding.js';

const none = [] as const;
const statusOf = "curl -kso /dev/null -w '%{http_code}\\n' '{scheme}://{address}:{port}{path}'";

export const checkFindings = {
  method_unsupported: {
    at: 'check',
    title: 'The backend does not support the check’s method',
    meaning: 'The backend refuses the check’s method (usually HEAD) with 405 or 501, or closes the connection. It answers GET as expected.',
    foundBy: 'The same request was made with GET, and passed.',
    remedy: {
      text: 'Set `method: GET` in the check, or let the application answer HEAD.',
      linux: ["curl -kI '{scheme}://{address}:{port}{path}'", "curl -ki '{scheme}://{address}:{port}{path}'"],
      windows: ['curl.exe -kI "{scheme}://{address}:{port}{path}"', 'curl.exe -ki "{scheme}://{address}:{port}{path}"'],
    },
  },
  path_not_found: {
    at: 'check',
    title: 'The checked page does not exist',
    meaning:
      'The web server works, but has nothing at the path of the check: it answers 404. The path is misspelt, or the page has not been put there.',
    foundBy: 'The same request for `/` gets another answer. A 404 that comes from the wrong site is named `host_header_needed`.',
    remedy: {
      text: 'Set `path` to a page that exists, or put a small static file at {path}. Do not accept 404 instead: then a backend without its content counts as healthy.',
      linux: [statusOf],
      windows: askLocally.windows,
    },
  },
  host_header_needed: {
    at: 'check',
    title: 'The backend wants another Host',
    meaning:
      'The web server has several sites and chooses by the name in the Host header. The check sends the backend’s address, or no Host at all, and so meets the default site: 404, or 400 because HTTP/1.1 must name a host.',
    foundBy: 'The request was repeated with another Host, and the answer changed.',
    remedy: {
      text: 'Set `host` in the check to the name that users type. Do not accept 4xx instead: that makes errors healthy.',
      linux: ["curl -kI -H 'Host: NAME' '{scheme}://{address}:{port}{path}'"],
      windows: ['curl.exe -kI -H "Host: NAME" "{scheme}://{address}:{port}{path}"'],
    },
  },
  redirected: {
    at: 'check',
    title: 'The backend redirects',
    meaning:
      'The answer is a redirect (301, 302, 307, 308), usually to https or to a login page. Checks do not follow redirects, and the status is not among the expected ones.',
    foundBy: 'The evidence shows the `Location` that the backend sends the checker to.',
    remedy: {
      text: 'Check the page that the redirect leads to: type https and its port where it leads to https, else its path. Only where the redirect itself is what matters, expect http_3xx.',
      linux: ["curl -kI '{scheme}://{address}:{port}{path}'"],
      windows: ['curl.exe -kI "{scheme}://{address}:{port}{path}"'],
    },
  },
  login_needed: {
    at: 'check',
    title: 'The checked page needs a login',
    meaning: 'The backend answers 401 or 403: the page is behind a login, or the backend does not let this address see it.',
    foundBy: 'Status 401 or 403 to the check’s own request. Where `/` is open, the evidence says so.',
    remedy: {
      text: 'Check a page without a login: a small static file. 403 can also mean an access list of the web server that does not know {source}.',
      linux: ["curl -kI '{scheme}://{address}:{port}{path}'"],
      windows: ['curl.exe -kI "{scheme}://{address}:{port}{path}"'],
    },
  },
  status_not_expected: {
    at: 'check',
    title: 'The status is not among the expected ones',
    meaning: 'The backend answers, but with a status that the check does not count as healthy, and none of the usual causes explains it.',
    foundBy: 'The status was compared with `expected_status`; other methods, paths and hosts gave nothing better.',
    remedy: {
      text: 'If this status is right for this page, add it to `expected_status`. If not, look at the application.',
      linux: [...askLocally.linux],
      windows: askLocally.windows,
    },
  },
  timeout_too_short: {
    at: 'check',
    title: 'The timeout is shorter than the normal answer',
    meaning: 'The backend answers as it should, but steadily takes longer than `timeout`. The check gives up on a backend that works.',
    foundBy:
      'The request was repeated with several times the timeout, and the answers came in about the same time each. Times that vary a lot speak for a busy backend (`slow_response`).',
    remedy: {
      text: 'Set a longer timeout, or check a simple static page that answers faster. The interval should stay longer than the timeout.',
      linux: ["curl -kso /dev/null -w '%{time_total}\\n' '{scheme}://{address}:{port}{path}'"],
      windows: askLocally.windows,
    },
  },
  wrong_port: {
    at: 'check',
    title: 'The check goes to the wrong port',
    meaning: 'The check has a port of its own (`check.port`), and that is closed or silent, while the port of the service answers.',
    foundBy: 'Both ports were asked in the same way.',
    remedy: {
      text: 'Correct `check.port`, or leave it out: then the port of the service is checked. If the health page really has a port of its own, start it there, and let the firewall open both ports.',
      linux: listenersOf.linux,
      windows: listenersOf.windows,
    },
  },
  plain_check_on_tls_port: {
    at: 'check',
    title: 'A plain HTTP check on a TLS port',
    meaning:
      'The port speaks TLS (https), and the check speaks plain HTTP to it. The backend answers 400, closes the connection, or sends a TLS alert.',
    foundBy: 'A TLS handshake on the same port succeeds.',
    remedy: {
      text: 'Set `type: https` in the check, or check the plain port.',
      linux: ["curl -ikv 'https://{address}:{port}{path}'"],
      windows: ['curl.exe -ikv "https://{address}:{port}{path}"'],
    },
  },
  tls_check_on_plain_port: {
    at: 'check',
    title: 'An HTTPS check on a plain port',
    meaning: 'The port speaks plain HTTP, and the check begins with a TLS handshake, which the backend does not understand.',
    foundBy: 'A plain HTTP request on the same port is answered.',
    remedy: {
      text: 'Set `type: http` in the check, or check the TLS port.',
      linux: ["curl -iv 'http://{address}:{port}{path}'"],
      windows: ['curl.exe -iv "http://{address}:{port}{path}"'],
    },
  },
  ping_says_nothing_of_service: {
    at: 'check',
    title: 'Ping does not show whether the service works',
    meaning: 'The check only pings. That shows that the host runs; the service on it may be dead, and users are still sent there.',
    foundBy: 'The type of the check. A warning, also for a healthy backend.',
    remedy: {
      text: 'Check the service itself: type tcp or http, or type udp with `send` and `expect`.',
      linux: none,
      windows: none,
    },
  },
  errors_count_as_healthy: {
    at: 'check',
    title: 'Errors count as healthy',
    meaning: '`expected_status` holds errors (4xx or 5xx). A backend that answers only errors then gets traffic.',
    foundBy: 'The configuration of the check. A warning, also for a healthy backend.',
    remedy: {
      text: 'Expect http_2xx, and fix what makes the check get errors: the Host, the path, or the login.',
      linux: none,
      windows: none,
    },
  },
  dynamic_page: {
    at: 'check',
    title: 'The checked page is dynamic',
    meaning:
      'The checked page seems to be made by a program for each request. Then the check measures more than this backend: a slow script or a shared database makes all backends unhealthy at the same moment.',
    foundBy:
      'The path (a query, .php, .jsp, .asp), cookies that are set, or headers that forbid storing. A warning, also for a healthy backend.',
    remedy: {
      text: 'Check a small static HTML file, or a page that tests this backend alone.',
      linux: none,
      windows: none,
    },
  },
  tcp_check_on_tls_port: {
    at: 'check',
    title: 'A TCP check on a TLS port',
    meaning:
      'The port speaks TLS, and the check only sees whether it is open. An expired certificate or a dead application behind it goes unnoticed. Checks that open a connection and close it also fill the backend’s log with handshake errors.',
    foundBy: 'A TLS handshake on the port succeeds. A warning, also for a healthy backend.',
    remedy: {
      text: 'Use `type: https` where the service is a website. Half-open checks (`tcp: { method: syn }`) leave nothing in the backend’s log.',
      linux: none,
      windows: none,
    },
  },
} as const satisfies Readonly<Record<string, FindingInfo>>;
