package dev.platter.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/** The units of emulator/deploy/systemd under a systemd that is process 1 of a container. */
@Timeout(300)
class SystemdServiceIT {
  private static final DockerImageName SYSTEMD = DockerImageName.parse("platter-it/systemd:latest");
  private static final Path UNITS = Path.of("..", "emulator", "deploy", "systemd");

  private GenericContainer<?> host;

  @BeforeEach
  void boot() throws Exception {
    Containers.require(SYSTEMD);
    host =
        Containers.of(SYSTEMD)
            .withTmpFs(Map.of("/run", "exec,mode=755", "/tmp", "exec"))
            .withCreateContainerCmdModifier(create -> {
              HostConfig config = Objects.requireNonNull(create.getHostConfig());
              config
                  .withCapAdd(Capability.SYS_ADMIN)
                  .withCgroupnsMode("private")
                  .withSecurityOpts(List.of("seccomp=unconfined", "apparmor=unconfined"));
            })
            .withStartupTimeout(Duration.ofSeconds(60))
            .waitingFor(
                Wait.forSuccessfulCommand(
                    "systemctl is-system-running | grep -E 'running|degraded'"));
    for (String unit : List.of("platter.service", "platter-vda.socket")) {
      host.withCopyFileToContainer(
          MountableFile.forHostPath(UNITS.resolve(unit)), "/etc/systemd/system/" + unit);
    }
    host.withCopyFileToContainer(
        MountableFile.forHostPath(UNITS.resolve("platter.yaml")), "/etc/platter/platter.yaml");
    host.start();
    run("install -d -o platter -g platter -m 700 /var/lib/platter");
    run("truncate -s 64M /var/lib/platter/disk.img && chown platter: /var/lib/platter/disk.img");
    run("systemctl daemon-reload");
  }

  @AfterEach
  void powerOff() {
    if (host != null) {
      host.close();
    }
  }

  private ExecResult sh(String command) throws Exception {
    return host.execInContainer("bash", "-c", command);
  }

  private String run(String command) throws Exception {
    ExecResult result = sh(command);
    assertThat(result.getExitCode())
        .as("%s: %s%s%s", command, result.getStdout(), result.getStderr(), journal())
        .isZero();
    return result.getStdout().strip();
  }

  private String journal() throws Exception {
    return sh("journalctl -u platter -o cat --no-pager").getStdout();
  }

  private String property(String name) throws Exception {
    return run("systemctl show platter --value -p " + name);
  }

  @Test
  void theUnitsHaveNoMistakes() throws Exception {
    ExecResult result =
        sh(
            "cd /etc/systemd/system && systemd-analyze verify ./platter.service ./platter-vda.socket");
    assertThat(result.getStdout() + result.getStderr()).isEmpty();
  }

  @Test
  void itStartsFencedInServesAndStopsInOrder() throws Exception {
    run("systemctl start platter"); // which waits for READY=1
    assertThat(property("ActiveState")).isEqualTo("active");
    assertThat(run("stat -c '%F %a %U' /run/platter/vda.sock")).isEqualTo("socket 600 platter");
    String pid = property("MainPID");
    assertThat(run("cat /proc/" + pid + "/status"))
        .containsPattern("Seccomp:\\s+2")
        .containsPattern("NoNewPrivs:\\s+1")
        .containsPattern("CapBnd:\\s+0+\\n");
    assertThat(
            run(
                "exec 3<>/dev/tcp/127.0.0.1/9464; printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3;"
                    + " head -n 1 <&3"))
        .contains(" 200 ");
    assertThat(journal()).contains("platter: confined ", "platter: ready exports=1 pid=" + pid);

    run("systemctl stop platter");
    assertThat(journal()).contains("stopping signal=SIGTERM", "stopped flushed=true");
    assertThat(property("Result")).isEqualTo("success");
    assertThat(property("ExecMainStatus")).isEqualTo("0");
    assertThat(sh("ls /run/platter").getStdout()).isEmpty();
  }

  @Test
  void itTakesASocketFromSystemdAndComesBackAfterACrash() throws Exception {
    String config = "export: {device: virtio-blk, image: disk.img, fd: vda}\nconfine: auto\n";
    host.copyFileToContainer(Transferable.of(config.getBytes(UTF_8)), "/etc/platter/platter.yaml");
    run("systemctl start platter-vda.socket platter");
    assertThat(run("stat -c '%F %a %G' /run/platter-vda.sock")).isEqualTo("socket 660 kvm");
    assertThat(journal()).contains("serving device=virtio-blk socket=\"systemd socket vda\"");
    String first = property("MainPID");
    run("kill -KILL " + first);
    run(
        "timeout 60 bash -c 'until [[ $(systemctl show platter --value -p NRestarts) == 1"
            + " && $(systemctl is-active platter) == active ]]; do sleep 0.2; done'");
    assertThat(property("MainPID")).isNotEqualTo(first);
  }

  @Test
  void aBadConfigurationIsToldOnceAndNotTriedAgain() throws Exception {
    host.copyFileToContainer(
        Transferable.of("exprot: 1\n".getBytes(UTF_8)), "/etc/platter/platter.yaml");
    assertThat(sh("systemctl start platter").getExitCode()).isNotZero();
    assertThat(property("ActiveState")).isEqualTo("failed");
    assertThat(property("ExecMainStatus")).isEqualTo("2");
    assertThat(property("NRestarts")).isEqualTo("0");
    assertThat(journal()).contains("platter.yaml:1:1: there is no 'exprot' here");
  }
}
