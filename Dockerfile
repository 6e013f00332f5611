# The one image: `ratesapp serve`, `ratesapp migrate`, `ratesapp ingest run` and so on.
#   docker build --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) -t ratesapp:0.1.0 .
# Built twice from the same sources, /app is the same to the byte. For the same digest also pin the base
# (--build-arg BASE=docker.io/library/node@sha256:…) and have the builder set the times it writes itself
# (SOURCE_DATE_EPOCH with BuildKit's `rewrite-timestamp=true`, `buildah build --timestamp 0`).
ARG BASE=docker.io/library/node:24-trixie-slim

FROM ${BASE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package's own scripts run, here or below: what they would fetch or compile is not in the lock file.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 # For compilers and readers of packages; a third of the size. Licences stay with what they are for.
 && find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.md' \) \
      ! -iname 'licen[cs]e*' ! -iname 'copying*' ! -iname 'notice*' -delete

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY build build
COPY app app
RUN node build/build.mjs

# The files as they will stand in the image, all of one date, so that equal files make an equal layer.
FROM ${BASE} AS files
COPY --from=dependencies /app/package.json /image/app/
COPY --from=dependencies /app/node_modules /image/app/node_modules
COPY --from=build /app/dist /image/app/dist
COPY LICENSE /image/app/
RUN mkdir -p /image/usr/local/bin && ln -s /app/dist/main.js /image/usr/local/bin/ratesapp \
 && chmod -R u=rwX,go=rX /image && find /image -exec touch --no-dereference --date=@0 {} +

FROM ${BASE}
COPY --from=files /image/ /
# Stack traces name the lines of the TypeScript sources.
# A young generation of 4 MiB halves instead of 16: less memory for as many answers (docs/performance.md).
ENV NODE_ENV=production NODE_OPTIONS="--enable-source-maps --max-semi-space-size=4"
# The user `node` of the base. A number, because Kubernetes cannot tell that a name is not root.
USER 1000:1000
WORKDIR /app
EXPOSE 3000 9464
ENTRYPOINT ["ratesapp"]
CMD ["serve"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ratesapp" \
      org.opencontainers.image.description="The average price of shipping a container from one place to another, per day" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/node:24-trixie-slim"
