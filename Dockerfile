# The service as one static binary in an otherwise empty image. No BuildKit syntax: any builder will do.
ARG GO_IMAGE=golang:1.26-bookworm

FROM ${GO_IMAGE} AS build
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# Another version than the source's own: --build-arg VERSION=1.2.3
ARG VERSION=
RUN go build -trimpath -buildvcs=false -ldflags "-s -w ${VERSION:+-X coffeeshop/bootstrap.release=$VERSION}" -o /out/coffeeshop . \
 && /out/coffeeshop licenses >/out/licenses.txt \
 && mkdir -p /out/data /out/tmp

# scratch has no shell, no mkdir and no accounts: the folders come as copies, the user as a number.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build /out/coffeeshop /coffeeshop
COPY --from=build /out/licenses.txt /licenses.txt
ENV APP_ENV=production \
    HTTP_ADDR=:8000 \
    DATA_DIR=/data \
    SECRET_KEY_GENERATE=true
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Coffee Shop API" \
      org.opencontainers.image.description="Accounts and authentication for other services, over REST" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/coffeeshop", "health"]
ENTRYPOINT ["/coffeeshop"]
CMD ["serve"]
