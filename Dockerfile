# The service as one static binary in an otherwise empty image. No BuildKit syntax: any builder will do.
ARG GO_IMAGE=golang:1.26-bookworm

FROM ${GO_IMAGE} AS build
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -trimpath -buildvcs=false -ldflags "-s -w" -o /out/coffeeshop . \
 && mkdir -p /out/data /out/tmp

# scratch has no shell, no mkdir and no accounts: the folders come as copies, the user as a number.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build /out/coffeeshop /coffeeshop
ENV APP_ENV=production \
    HTTP_ADDR=:8000 \
    DATA_DIR=/data \
    SECRET_KEY_GENERATE=true
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/coffeeshop", "health"]
ENTRYPOINT ["/coffeeshop"]
CMD ["serve"]
