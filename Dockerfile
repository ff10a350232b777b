# The service for production: `docker run` serves; `worker` and `migrate` are arguments away.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/feedback
WORKDIR /src
# Dependencies first: they change less often than the source, so their layer is kept.
COPY requirements/serve.txt requirements/serve.txt
RUN /opt/feedback/bin/pip install --require-hashes -r requirements/serve.txt
COPY . .
RUN /opt/feedback/bin/pip install --no-build-isolation --no-deps . \
    && /opt/feedback/bin/python -m compileall -q /opt/feedback/lib

FROM ${BASE}
# What prints reports as PDF, and a font for Chinese in two weights.
RUN apt-get update && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/feedback /opt/feedback
ENV PATH=/opt/feedback/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
ENTRYPOINT ["feedback"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
