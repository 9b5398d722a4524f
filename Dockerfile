# infogan in a container; docs/installing.md says how to build and run it, also for a GPU.
ARG BASE=python:3.11-slim
FROM ${BASE}
# A base that has torch keeps its own; any other gets the CPU build.
RUN python -c "import torch" 2>/dev/null \
    || pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu
COPY . /infogan
RUN pip install --no-cache-dir /infogan
WORKDIR /work
ENTRYPOINT ["infogan"]
