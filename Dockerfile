# vitald as a container image. How to run it, and which capability it needs: docs/deployment.md.
#
#   docker build -t vitald .

# Compiles raw-socket and TypeScript; nothing of the compilers reaches the image.
FROM node:24-bookworm AS build
WORKDIR /build
# node-gyp takes the headers of the image, and downloads none.
ENV npm_config_nodedir=/usr/local
COPY package.json package-lock.json .npmrc ./
COPY scripts/prepare.mjs ./scripts/
# A layer of its own: packages change less often than sources.
RUN node scripts/prepare.mjs --install
# These packages are optional on machines without a compiler; an image without them would silently lose half-open probes.
RUN node -e "for (const name of ['raw-socket', 'net-ping', 'koffi']) require(name)"
COPY tsconfig.base.json ./
COPY src ./src
COPY scripts ./scripts
RUN npm run build
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim AS runtime
# The capability sits on the node binary of this image, so that a user without privileges has it.
# The container must still be granted it: --cap-drop=ALL --cap-add=NET_RAW.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libcap2-bin tini \
  && setcap cap_net_raw+ep /usr/local/bin/node \
  && apt-get purge -y --auto-remove libcap2-bin \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /var/lib/vitald --shell /usr/sbin/nologin vitald \
  && install -d -o vitald -g vitald -m 0750 /var/lib/vitald
WORKDIR /opt/vitald
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY config ./config
COPY deploy/container/healthcheck.mjs ./deploy/container/
COPY LICENSE ./
ENV NODE_ENV=production
USER 10001
# The state folder (.vitald-state) lies below; the root file system may be read-only.
WORKDIR /var/lib/vitald
VOLUME /var/lib/vitald
EXPOSE 8248
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "--disable-sigusr1", "/opt/vitald/deploy/container/healthcheck.mjs"]
# tini is PID 1: it reaps what the programs of outputs leave running, and forwards signals to vitald.
# SIGUSR1 must not open Node's inspector, not even in the first moments, before vitald's own code runs.
ENTRYPOINT ["/usr/bin/tini", "--", "node", "--disable-sigusr1", "/opt/vitald/dist/main.js"]
CMD ["run", "-c", "/etc/vitald/vitald.yaml"]
