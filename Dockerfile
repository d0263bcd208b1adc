# syntax=docker/dockerfile:1
# Nothing native is in the bundle: it is built once, on the builder's own platform, for amd64 and arm64 alike.
FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No install script is needed for the bundle.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build.ts scripts/
COPY scripts/bundle scripts/bundle
COPY src src
ARG VERSION=
RUN OPERATOR_VERSION=$VERSION node scripts/build.ts

FROM gcr.io/distroless/nodejs24-debian13:nonroot AS base
WORKDIR /app
# Two arenas of malloc, not eight for each processor, and larger pieces mapped for themselves: what was freed goes back.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072
# Node is process 1 and gets the signals. A small young generation halves the memory of a burst.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=2", "cloudsql-ssl-operator.js"]

# V8 takes what it has compiled where its version, the architecture and the flags are the same, so the very Node that reads
# it makes it here, once for each platform: for another than the builder's by emulation, the only step that needs it. Where
# they differ the program starts slower, and that is all. The seed makes the bytes the same each time.
FROM base AS warm
USER 0:0
COPY --from=build /src/dist/cloudsql-ssl-operator.js /src/dist/cloudsql-ssl-operator.cjs /src/dist/cloudsql-ssl-operator.cjs.map /src/dist/warm.js ./
RUN ["/nodejs/bin/node", "--random-seed=1", "--max-semi-space-size=2", "warm.js"]

# Same sources, same SOURCE_DATE_EPOCH (seconds since 1970), same bytes.
FROM build AS files
COPY --from=warm /app /files/app
ARG SOURCE_DATE_EPOCH=0
RUN rm /files/app/warm.js && chown -R 0:0 /files && chmod -R u=rwX,go=rX /files && find /files -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM base
COPY --from=files /files /
USER 65532:65532
EXPOSE 8080 8081
ARG VERSION=
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="cloudsql-ssl-operator" \
      org.opencontainers.image.description="Resets the SSL configuration of Cloud SQL instances, once, and brings the dependents back" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE"
