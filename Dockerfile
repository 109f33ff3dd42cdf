# Platter in a container:  docker build -t platter .
# How to run it is in docs/containers.md; io_uring needs emulator/deploy/seccomp/platter.json.

FROM debian:trixie-slim AS build
LABEL dev.platter.stage=build
# The JDK's package links manual pages, whose directory slim images lack.
RUN mkdir -p /usr/share/man/man1 \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
      binutils ca-certificates curl openjdk-25-jdk-headless unzip
WORKDIR /src
COPY . .
RUN ./mvnw -B -ntp -q -Dplatter.quick -pl emulator -am package
# The modules that Platter and its libraries use, without what only debuggers and compilers need.
RUN jlink --output /opt/java --strip-debug --no-man-pages --no-header-files --compress zip-6 \
      --generate-cds-archive --add-modules \
      java.base,java.logging,java.management,java.naming,jdk.httpserver,jdk.jfr,jdk.management,jdk.net,jdk.unsupported \
 # Debian's JDK brings the debuggers' files as if they were libraries.
 && find /opt/java -name '*.debuginfo' -delete \
 # `serve` runs with compact headers, nothing with a heap of more than 32 GB: the archives to match.
 && rm /opt/java/lib/server/classes_nocoops.jsa \
 && /opt/java/bin/java -XX:+UseCompactObjectHeaders -XX:+UseSerialGC -Xshare:dump

FROM debian:trixie-slim
LABEL org.opencontainers.image.title="Platter" \
      org.opencontainers.image.description="SATA (AHCI) and virtio-blk disks over raw images, on io_uring" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 1000 platter \
 && useradd --uid 1000 --gid platter --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin platter \
 && install -d -o platter -g platter -m 0700 /run/platter \
 && install -d -o platter -g platter /images \
 && ln -s /opt/platter/platter /usr/local/bin/platter
COPY --from=build /opt/java /opt/platter/java
COPY --from=build /src/emulator/target/lib /opt/platter/emulator/target/lib
COPY --from=build /src/emulator/target/platter.jar /opt/platter/emulator/target/
COPY platter LICENSE NOTICE /opt/platter/
COPY emulator/deploy/seccomp/platter.json /opt/platter/seccomp.json
ENV JAVA_HOME=/opt/platter/java \
    PLATTER_CONTROL=/run/platter/control.sock
USER 1000:1000
WORKDIR /images
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s \
  CMD ["platter", "ctl", "health", "--if-serving"]
ENTRYPOINT ["platter"]
CMD ["--help"]
