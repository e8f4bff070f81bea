# The Python that the suite runs on, pinned to its patch: the same build today and in a year.
# Debian's own fixes come with `docker compose build --pull`.
FROM python:3.11.14-slim-trixie

# A fixed number, so that files on a mounted disk keep their owner from one image to the next.
RUN groupadd --gid 10001 sarah \
 && useradd --uid 10001 --gid sarah --home-dir /var/lib/sarah --no-create-home --shell /usr/sbin/nologin sarah \
 && install --directory --owner sarah --group sarah --mode 0700 /var/lib/sarah

WORKDIR /app

# Before the code, so that a change of it downloads nothing.
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

# Installed rather than run from /app: the code is root's, compiled, and found from any folder.
COPY pyproject.toml README.md src/
COPY bot src/bot
COPY training src/training
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --no-index ./src \
 && rm -r src

COPY data data

# Inside a container every address is its own; the host decides who may reach it.
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SARAH_HOME=/var/lib/sarah \
    SARAH_DATA=/app/data \
    SARAH_WEB_HOST=0.0.0.0 \
    SARAH_HTTP_HOST=0.0.0.0

USER 10001:10001
VOLUME /var/lib/sarah
EXPOSE 7860 7861
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["sarah", "health"]
CMD ["sarah", "run"]
