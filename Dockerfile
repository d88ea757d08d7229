# The browser's code.
FROM node:24-slim AS web
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress
COPY build.mjs tsconfig.json ./
COPY app app
COPY coach_console coach_console
RUN node build.mjs

# The Python packages that the service needs, each with its hash from the lock.
FROM python:3.11-slim AS packages
RUN pip install --no-cache-dir uv && uv venv /service/.venv
WORKDIR /service
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN uv pip install --no-cache --require-hashes -c requirements.lock -r pyproject.toml
COPY app app
RUN uv pip install --no-cache --no-deps --build-constraints requirements.lock -e .

# The anonymiser's gazetteers: what builds them stays behind.
FROM packages AS gazetteers
RUN uv pip install --no-cache --require-hashes -c requirements.lock -r pyproject.toml --extra gazetteers
COPY training training
RUN /service/.venv/bin/python -m training.gazetteers

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /service --shell /usr/sbin/nologin earshot \
    && install -d -o earshot -g earshot /data
WORKDIR /service
COPY --from=packages /service ./
COPY --from=gazetteers /service/app/anonymise/data app/anonymise/data
COPY alembic.ini ./
COPY migrations migrations
COPY content content
COPY --from=web /src/build/web build/web

USER earshot
ENV PATH=/service/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    EARSHOT_ENV=production \
    EARSHOT_DATA_DIR=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import httpx; httpx.get('http://127.0.0.1:8000/healthz', timeout=2).raise_for_status()"]
CMD ["earshot", "serve", "--host", "0.0.0.0", "--port", "8000"]
