# The Python that the suite runs on, pinned to its patch: the same build today and in a year.
# Debian's own fixes come with `docker compose build --pull`.
FROM python:3.11.14-slim-trixie AS common

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


# What serves models of one's own, and tunes them: `docker compose --profile local up -d` builds it.
FROM common AS local
USER 0:0
COPY requirements-local.txt ./
# Without hashes, because builds differ from machine to machine: what pip is told here chooses one, such as `--index-url` and
# the address that PyTorch's own page names for the CPU's, which is a tenth as large.
# Several words, hence without quotes; they are no package.
ARG TORCH_OPTIONS=""
# hadolint ignore=SC2086,DL3013
RUN pip install --no-cache-dir --disable-pip-version-check $TORCH_OPTIONS torch==2.13.0 \
 && pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-local.txt
# Models from Hugging Face are fetched once, and kept with everything else.
ENV HF_HOME=/var/lib/sarah/huggingface
USER 10001:10001
# The image's own check asks the bot.
HEALTHCHECK NONE
CMD ["sarah", "serve"]


# The last one is built where none is named.
FROM common AS sarah
