# syntax=docker/dockerfile:1

# Every process of the Procfile runs from this one image; docker-compose.yml says which.
FROM python:3.11.14-slim-bookworm AS packages
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/requirements.txt \
    && /opt/venv/bin/pip uninstall --yes pip setuptools

FROM python:3.11.14-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/seatline
COPY pyproject.toml celeryconfig.py flowerconfig.py ./
COPY migrations ./migrations
COPY core ./core
COPY tasks ./tasks
COPY api ./api
COPY web ./web
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8000
CMD ["python", "-m", "api.server.main"]
