# The service in a container, as a user without rights. How to run it: docs/guides/run-the-service.md.
FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node build.js \
  && npm pack --ignore-scripts --pack-destination /tmp \
  && mkdir /app \
  && npm install --prefix /app --omit=dev --ignore-scripts --no-audit --no-fund /tmp/pgmage-*.tgz

FROM node:22-bookworm-slim
COPY --from=build /app /app
# The folders that it writes to, besides /tmp.
RUN install -d -o node -g node /project /project/.pgmage /project/backups
ENV NODE_ENV=production \
  PATH=/app/node_modules/.bin:$PATH \
  PGMAGE_HOST=0.0.0.0 \
  PGMAGE_PORT=8170
WORKDIR /project
# The user node, by its number, so that a host can check that it is not root.
USER 1000:1000
EXPOSE 8170
VOLUME ["/project/.pgmage", "/project/backups"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PGMAGE_PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["pgmage"]
CMD ["serve"]
