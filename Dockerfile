# docker build -t decant .
# docker run --rm -it -v decant:/models decant chat
# docker run --rm -p 127.0.0.1:8080:8080 -e DECANT_API_KEY -v decant:/models decant serve --host 0.0.0.0
FROM debian:12-slim AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /decant
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates dpkg-dev file
COPY . .
# For any x86-64 CPU with AVX2, as all packages are. tests/install/clean_root.sh runs this command where Docker is not.
RUN scripts/setup.sh run && cmake --preset release -DGGML_NATIVE=OFF && ninja -C build/release installable \
    && cpack --config build/release/CPackConfig.cmake -B /out/debs

FROM debian:12-slim
COPY --from=build /out/debs/decant_*.deb /tmp/
# python3-pip fetches the default model; libcurl4 all others; libedit2 edits the lines of a chat.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libcurl4 libedit2 python3-pip /tmp/decant_*.deb \
    && rm -rf /tmp/decant_*.deb /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 decant && install -d -o decant -g decant /models
ENV DECANT_CACHE=/models/decant HF_HOME=/models/huggingface LANG=C.UTF-8
USER 1000
WORKDIR /home/decant
VOLUME /models
EXPOSE 8080
ENTRYPOINT ["decant"]
