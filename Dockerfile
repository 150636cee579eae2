# syntax=docker/dockerfile:1

# by version; --build-arg PYTHON=python@sha256:.. pins it to the bit
ARG PYTHON=python:3.13.14-slim

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# dependencies first: they change less often than the code
COPY .ci/requirements.txt .ci/requirements-build.txt .ci/
# spyne has no wheel: without isolation it is built with the pinned setuptools too
RUN pip install --require-hashes -r .ci/requirements-build.txt \
    && pip wheel --require-hashes --no-build-isolation --wheel-dir /wheels -r .ci/requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY bridge bridge
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .
# the environment has no pip of its own, so that none is in the image's path
RUN python -m venv --without-pip /opt/smsbridge \
    && pip --python /opt/smsbridge/bin/python install --no-index --no-deps /wheels/*.whl

FROM ${PYTHON}
LABEL org.opencontainers.image.title="smsbridge" \
      org.opencontainers.image.description="The SOAP interface of Node SMS API v1.8.3 in front of any vendor's REST interface" \
      org.opencontainers.image.licenses="MIT"
# a number as user, so that Kubernetes can see that it is not root; the ledger's folder is the only one that it may write
RUN groupadd --system --gid 10001 smsbridge \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin smsbridge \
    && install --directory --owner=10001 --group=10001 /var/lib/smsbridge
COPY --from=build /opt/smsbridge /opt/smsbridge
# nothing is written beside the code, so the root may be read-only
ENV PATH=/opt/smsbridge/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/smsbridge
VOLUME /var/lib/smsbridge
EXPOSE 9587 9588
# calls in flight end, within server.shutdown_seconds: give `docker stop` more time than that
STOPSIGNAL SIGTERM
# without the proxies that the environment may name
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(os.environ.get('SMSBRIDGE_HEALTH_URL', 'http://127.0.0.1:9587/healthz'), timeout=4)"]
ENTRYPOINT ["smsbridge"]
CMD ["serve", "--config", "/etc/smsbridge/bridge.toml"]
