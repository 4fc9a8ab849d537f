# The gateway in a slim image: locked dependencies, no root, nothing written outside /data.
FROM python:3.13-slim AS build
WORKDIR /build
COPY config/requirements.lock ./
RUN python -m venv /opt/tollhouse \
    && /opt/tollhouse/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY src ./src
RUN /opt/tollhouse/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
COPY --from=build /opt/tollhouse /opt/tollhouse
COPY config/tollhouse.yaml config/catalogue.yaml /etc/tollhouse/
RUN mkdir /data && chown 65534:65534 /data
ENV PATH=/opt/tollhouse/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TOLLHOUSE_SERVER__LISTEN=0.0.0.0:8080 \
    TOLLHOUSE_STORE__URL=sqlite:////data/tollhouse.db \
    TOLLHOUSE_LEDGER__DIR=/data/ledger
USER 65534:65534
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
ENTRYPOINT ["tollhouse"]
CMD ["serve", "--config", "/etc/tollhouse/tollhouse.yaml"]
