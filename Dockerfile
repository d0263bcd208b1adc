# syntax=docker/dockerfile:1
# Nothing native is in the bundle: it is built once, on the builder's own platform, for amd64 and arm64 alike.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No install script is needed for the bundle.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build.ts scripts/
COPY src src
ARG VERSION=
RUN OPERATOR_VERSION=$VERSION node scripts/build.ts && mkdir /empty

FROM gcr.io/distroless/nodejs24-debian12:nonroot AS base
WORKDIR /app
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/compile-cache
COPY --from=build /src/dist/cloudsql-ssl-operator.js ./
# Node is process 1 and gets the signals. A small young generation halves the memory of a burst.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=2", "cloudsql-ssl-operator.js"]

# Filled by the very Node and user that read it: both are part of its key. Another user only starts a little slower.
FROM base AS warm
USER 65532:65532
COPY --from=build --chown=65532:65532 --chmod=0700 /empty compile-cache
RUN ["/nodejs/bin/node", "--max-semi-space-size=2", "cloudsql-ssl-operator.js", "--help"]

FROM base
COPY --from=warm --chown=0:0 --chmod=0755 /app/compile-cache compile-cache
USER 65532:65532
EXPOSE 8080 8081
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="cloudsql-ssl-operator" \
      org.opencontainers.image.description="Resets the SSL configuration of Cloud SQL instances, once, and brings the dependents back" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
