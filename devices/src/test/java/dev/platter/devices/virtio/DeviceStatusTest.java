package dev.platter.devices.virtio;

import static dev.platter.devices.virtio.DeviceStatus.ACKNOWLEDGE;
import static dev.platter.devices.virtio.DeviceStatus.DRIVER;
import static dev.platter.devices.virtio.DeviceStatus.DRIVER_OK;
import static dev.platter.devices.virtio.DeviceStatus.FAILED;
import static dev.platter.devices.virtio.DeviceStatus.FEATURES_OK;
import static dev.platter.devices.virtio.DeviceStatus.NEEDS_RESET;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The status field's state machine (2.1, 3.1). */
class DeviceStatusTest {
  private final DeviceStatus status = new DeviceStatus();

  private void bringUp() {
    status.driverWrites(ACKNOWLEDGE, true);
    status.driverWrites(ACKNOWLEDGE | DRIVER, true);
    status.driverWrites(ACKNOWLEDGE | DRIVER | FEATURES_OK, true);
  }

  @Test
  void acceptsTheOrderOfInitialisation() {
    bringUp();
    assertThat(status.driverWrites(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK, true))
        .isEqualTo(DRIVER_OK);
    assertThat(status.get()).isEqualTo(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
  }

  @Test
  void refusesFeaturesOkWhenTheFeaturesAreNot() {
    status.driverWrites(ACKNOWLEDGE | DRIVER, false);
    assertThat(status.driverWrites(ACKNOWLEDGE | DRIVER | FEATURES_OK, false)).isZero();
    assertThat(status.has(FEATURES_OK)).isFalse();
  }

  @Test
  void refusesDriverOkBeforeFeaturesOk() {
    status.driverWrites(ACKNOWLEDGE | DRIVER, true);
    status.driverWrites(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK, true);
    assertThat(status.get()).isEqualTo(ACKNOWLEDGE | DRIVER | FEATURES_OK);
  }

  @Test
  void refusesFeaturesOkWithoutADriver() {
    status.driverWrites(ACKNOWLEDGE | FEATURES_OK, true);
    assertThat(status.get()).isEqualTo(ACKNOWLEDGE);
  }

  @Test
  void keepsBitsThatADriverTriesToClear() {
    bringUp();
    status.driverWrites(FAILED, true);
    assertThat(status.get()).isEqualTo(ACKNOWLEDGE | DRIVER | FEATURES_OK | FAILED);
  }

  @Test
  void driverCannotSetNeedsReset() {
    status.driverWrites(NEEDS_RESET | ACKNOWLEDGE, true);
    assertThat(status.get()).isEqualTo(ACKNOWLEDGE);
  }

  @Test
  void needsResetIsNewsOnceAndOnlyToALiveDriver() {
    assertThat(status.needsReset()).isFalse();
    status.reset();
    bringUp();
    status.driverWrites(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK, true);
    assertThat(status.needsReset()).isTrue();
    assertThat(status.needsReset()).isFalse();
    assertThat(status.has(NEEDS_RESET)).isTrue();
  }
}
