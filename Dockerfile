# docker build -t decant . && docker run --rm -it -v decant:/root/.cache decant run "What is the capital of Japan?"
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates dpkg-dev
COPY . /decant
WORKDIR /decant
# For any x86-64 CPU with AVX2, as all packages are.
RUN scripts/setup.sh run && cmake --preset release -DGGML_NATIVE=OFF && ninja -C build/release decant decant_shared \
    && cpack --config build/release/CPackConfig.cmake -B /debs

FROM debian:12-slim
COPY --from=build /debs/decant_*.deb /tmp/
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-pip /tmp/decant_*.deb \
    && rm -rf /tmp/decant_*.deb /var/lib/apt/lists/*
EXPOSE 8080
ENTRYPOINT ["decant"]
